/**
 * Runs the tests under `test/system-packages/`, which need packages of the system, after installing
 * those packages where that is possible: on Debian, as root. `npm test` skips these tests.
 */

import { runTestsWith } from "./debian-packages.ts";

const FOLDER = "test/system-packages";
/** What the tests need: a program, and the Debian package it comes with. */
const PACKAGES = [
  // A browser without Google's services: by itself it asks nobody for anything.
  { program: "chromium-headless-shell", name: "chromium-headless-shell" },
  // A machine of its own, with systemd, in a container.
  { program: "systemd-nspawn", name: "systemd-container" },
  { program: "debootstrap", name: "debootstrap" },
  // Other processors than this one, and what programs for arm64 link to.
  { program: "qemu-aarch64-static", name: "qemu-user-static" },
  { program: "/usr/aarch64-linux-gnu/lib/ld-linux-aarch64.so.1", name: "libc6-arm64-cross" },
] as const;

process.exitCode = await runTestsWith(PACKAGES, FOLDER, { ...process.env, SYSTEM_PACKAGES: "1" });
