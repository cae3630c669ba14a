/**
 * Gets Bun for another processor than this one's: the package that package-lock.json names, from the
 * registry that npm is set up for.
 */

import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const PROJECT = resolve(import.meta.dir, "..");
const INSIDE = "package/bin/bun";

/** What package-lock.json says of a package. */
export interface LockedPackage {
  readonly version: string;
  /** `sha512-` and the sum in base64, of the file that the registry gives. */
  readonly integrity: string;
}

/**
 * Puts Bun from the package `name`, such as `@oven/bun-linux-aarch64`, into `folder`, and gives its
 * path. npm keeps what it fetched once.
 * @throws Error when npm fails, or gives another file than the locked one.
 */
export async function fetchRuntime(name: string, folder: string): Promise<string> {
  const locked = readLock(name);
  // Bytecode is only good for the version that made it.
  if (locked.version !== Bun.version) {
    throw new Error(
      `Cannot build with Bun ${Bun.version}: package-lock.json has ${locked.version}`,
    );
  }
  const pack = await Bun.$`npm pack ${name}@${locked.version} --json --prefer-offline`
    .cwd(folder)
    .nothrow()
    .quiet();
  if (pack.exitCode !== 0) throw new Error(`Cannot fetch ${name}:\n${pack.stderr.toString()}`);
  const [packed]: { readonly filename: string }[] = pack.json();
  if (packed === undefined) throw new Error(`Cannot fetch ${name}: npm names no file`);
  const tarball = await Bun.file(join(folder, packed.filename)).bytes();
  checkIntegrity(name, tarball, locked);
  await new Bun.Archive(tarball).extract(folder, { glob: INSIDE });
  return join(folder, INSIDE);
}

/** @throws Error when `bytes` are not those that were locked. */
export function checkIntegrity(name: string, bytes: Uint8Array, locked: LockedPackage): void {
  const sum = new Bun.CryptoHasher("sha512").update(bytes).digest("base64");
  if (`sha512-${sum}` === locked.integrity) return;
  throw new Error(
    `Cannot use ${name} ${locked.version}: its sum sha512-${sum} is not ${locked.integrity} as in package-lock.json`,
  );
}

function readLock(name: string): LockedPackage {
  const lock: { readonly packages: Readonly<Record<string, LockedPackage>> } = JSON.parse(
    readFileSync(join(PROJECT, "package-lock.json"), "utf8"),
  );
  const locked = lock.packages[`node_modules/${name}`];
  if (locked === undefined) throw new Error(`Cannot fetch ${name}: it is not in package-lock.json`);
  return locked;
}
