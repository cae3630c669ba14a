/**
 * Runs the tests under `test/power-cut/`, which cut the power of a virtual machine `POWER_CUTS` times
 * (3), after installing what they need. No other run of the tests does that.
 */

import { runTestsWith } from "./debian-packages.ts";

const FOLDER = "test/power-cut";
const PACKAGES = [
  { program: "qemu-system-x86_64", name: "qemu-system-x86" },
  { program: "debootstrap", name: "debootstrap" },
  { program: "mkfs.ext4", name: "e2fsprogs" },
] as const;

process.exitCode = await runTestsWith(PACKAGES, FOLDER, { POWER_CUTS: "3", ...process.env });
