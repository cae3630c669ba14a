/** Installs packages of the system for tests that need them, where that is possible: on Debian, as root. */

import { existsSync } from "node:fs";
import { resolve } from "node:path";

/** A program, by name or path, and the Debian package that it comes with. */
export interface NeededPackage {
  readonly program: string;
  readonly name: string;
}

/** Installs what is not there. False when that is not possible or fails, which is told. */
async function installMissing(needed: readonly NeededPackage[]): Promise<boolean> {
  const missing = needed.filter(({ program }) => Bun.which(program) === null);
  return missing.length === 0 || install(missing.map(({ name }) => name));
}

/**
 * Runs the tests of a folder, with the arguments of this process, when all that they need is there.
 * Gives the exit code.
 */
export async function runTestsWith(
  needed: readonly NeededPackage[],
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  if (!(await installMissing(needed))) return 1;
  const run = Bun.spawn([process.execPath, "scripts/test.ts", folder, ...process.argv.slice(2)], {
    cwd: resolve(import.meta.dir, ".."),
    stdio: ["inherit", "inherit", "inherit"],
    env,
  });
  return run.exited;
}

async function install(packages: readonly string[]): Promise<boolean> {
  if (process.getuid?.() !== 0 || !existsSync("/etc/debian_version")) {
    console.error(`error: Missing ${packages.join(", ")}: install them, or run as root on Debian`);
    return false;
  }
  for (const command of [["update"], ["install", "-y", "--no-install-recommends", ...packages]]) {
    const run = Bun.spawn(["apt-get", "-q", ...command], {
      stdio: ["ignore", "inherit", "inherit"],
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    });
    if ((await run.exited) !== 0) return false;
  }
  return true;
}
