/**
 * Runs the tests under `test/power-cut/`, which cut the power of a virtual machine `POWER_CUTS` times
 * (3), after installing what they need. No other run of the tests does that.
 */

import { resolve } from "node:path";
import { installMissing } from "./debian-packages.ts";

const PROJECT = resolve(import.meta.dir, "..");
const FOLDER = "test/power-cut";
const PACKAGES = [
  { program: "qemu-system-x86_64", name: "qemu-system-x86" },
  { program: "debootstrap", name: "debootstrap" },
  { program: "mkfs.ext4", name: "e2fsprogs" },
] as const;

process.exitCode = await main();

async function main(): Promise<number> {
  if (!(await installMissing(PACKAGES))) return 1;
  const run = Bun.spawn([process.execPath, "scripts/test.ts", FOLDER, ...process.argv.slice(2)], {
    cwd: PROJECT,
    stdio: ["inherit", "inherit", "inherit"],
    env: { POWER_CUTS: "3", ...process.env },
  });
  return run.exited;
}
