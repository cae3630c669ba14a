/**
 * Trees of files of a small Debian, for machines that tests boot. The packages are fetched once, from
 * where this machine has its own, and kept.
 */

import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const CACHE = join(tmpdir(), "biometric-server-test-machines");
/** Terminals of the machine that nobody sits at. */
const MASKED_UNITS = ["console-getty.service", "getty@.service"];

/** Puts a Debian with `packages` beside its least into the folder `to`. */
export async function copyDebian(packages: readonly string[], to: string): Promise<void> {
  await mustRun("cp", "-a", "--reflink=auto", `${await findTree(packages)}/.`, to);
}

/** Runs a program to its end and gives what it prints. @throws Error when it fails. */
export async function mustRun(...argv: readonly string[]): Promise<string> {
  const run = Bun.spawn([...argv], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [out, error] = await Promise.all([run.stdout.text(), run.stderr.text()]);
  if ((await run.exited) !== 0) throw new Error(`${argv.join(" ")} failed: ${error}${out}`);
  return out;
}

async function findTree(packages: readonly string[]): Promise<string> {
  const name = new Bun.CryptoHasher("sha256").update(packages.join()).digest("hex").slice(0, 12);
  const tree = join(CACHE, `debian-${name}`);
  if (existsSync(tree)) return tree;
  mkdirSync(CACHE, { recursive: true });
  const made = mkdtempSync(join(CACHE, "making-"));
  // Folders like these are for their maker alone, and a machine has other users.
  chmodSync(made, 0o755);
  const [mirror = "", suite = ""] = (await findMirror()).split(" ");
  const include = `--include=${packages.join()}`;
  await mustRun("debootstrap", "--variant=minbase", include, suite, made, mirror);
  rmSync(join(made, "var/cache/apt"), { recursive: true, force: true });
  // A line for the root would let the machine mount that of this one.
  writeFileSync(join(made, "etc/fstab"), "");
  for (const unit of MASKED_UNITS) symlinkSync("/dev/null", join(made, "etc/systemd/system", unit));
  if (!existsSync(tree)) renameSync(made, tree);
  return tree;
}

async function findMirror(): Promise<string> {
  const format = ["--format", "$(SITE) $(CODENAME)", "Created-By: Packages", "Component: main"];
  const lines = (await mustRun("apt-get", "indextargets", ...format)).split("\n");
  const suite = /VERSION_CODENAME=(\w+)/.exec(readFileSync("/etc/os-release", "utf8"))?.[1];
  const line = lines.find((text) => text.endsWith(` ${suite}`));
  if (line === undefined) throw new Error(`apt has no mirror of ${suite}`);
  return line;
}
