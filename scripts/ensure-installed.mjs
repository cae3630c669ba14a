/**
 * Installs what package-lock.json names, once, before any npm script runs. Plain Node, because
 * nothing else is there yet; silent when there is nothing to do. Several at once do not meet.
 */

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  linkSync,
  lstatSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const PROJECT = dirname(dirname(fileURLToPath(import.meta.url)));
const BUN = join(PROJECT, "node_modules", ".bin", "bun");
/** Holds the hash of the lock file that node_modules was installed from, written last. */
const STAMP = join(PROJECT, "node_modules", ".installed-from");
/** Outside node_modules, which `npm ci` empties. Holds the pid of the installing process. */
const LOCK = join(PROJECT, ".install.lock");
const POLL_MS = 200;
const WAIT_MS_MAX = 15 * 60 * 1000;

const wanted = createHash("sha256")
  .update(readFileSync(join(PROJECT, "package-lock.json")))
  .digest("hex");

if (!isInstalled()) {
  acquireLock();
  try {
    if (!isInstalled()) install();
  } catch (error) {
    console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  } finally {
    rmSync(LOCK, { force: true });
  }
}

function isInstalled() {
  if (!existsSync(BUN)) return false;
  return isShared() || readIfThere(STAMP) === wanted;
}

/** A linked folder belongs to another checkout, which alone may change it. */
function isShared() {
  return lstatSync(dirname(STAMP)).isSymbolicLink();
}

function install() {
  console.error("Installing what package-lock.json names (once) ...");
  runNpm(["ci", "--include=dev", "--no-fund", "--no-audit"]);
  // With install scripts switched off, node_modules/.bin/bun is a stub that only prints a hint.
  if (!bunRuns()) {
    spawnSync(process.execPath, [join("node_modules", "bun", "install.js")], {
      cwd: PROJECT,
      stdio: ["ignore", 2, 2],
    });
  }
  if (!bunRuns()) {
    throw new Error(
      `"${BUN}" does not run: run "node node_modules/bun/install.js" and read what it prints`,
    );
  }
  writeFileSync(STAMP, wanted);
}

/** Runs the npm that runs this script, else the one in the PATH. @throws Error when it fails. */
function runNpm(args) {
  const npmScript = process.env.npm_execpath ?? "";
  const [command, prefix] = /npm-cli\.[cm]?js$/.test(npmScript)
    ? [process.execPath, [npmScript]]
    : ["npm", []];
  // Standard output stays free for what the script itself prints.
  const run = spawnSync(command, [...prefix, ...args], { cwd: PROJECT, stdio: ["ignore", 2, 2] });
  if (run.error !== undefined) {
    throw new Error(`Cannot run npm: ${run.error.message}`, { cause: run.error });
  }
  if (run.status !== 0) {
    throw new Error(
      `"npm ${args.join(" ")}" failed with ${run.signal ?? `exit code ${run.status}`}`,
    );
  }
}

function bunRuns() {
  return spawnSync(BUN, ["--version"], { stdio: "ignore" }).status === 0;
}

/** Waits until this process holds the lock. @throws Error when another one holds it too long. */
function acquireLock() {
  const giveUpAtMs = performance.now() + WAIT_MS_MAX;
  while (!tryLock()) {
    const holder = Number(readIfThere(LOCK) ?? "0");
    if (holder > 0 && !isAlive(holder)) {
      removeStaleLock(String(holder));
    } else if (performance.now() > giveUpAtMs) {
      throw new Error(`Process ${holder} holds "${LOCK}" for too long: end it or remove the file`);
    } else {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS);
    }
  }
}

/** The lock appears together with its content, so that no one reads an empty one. */
function tryLock() {
  const own = `${LOCK}.${process.pid}`;
  writeFileSync(own, String(process.pid));
  try {
    linkSync(own, LOCK);
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    return false;
  } finally {
    unlinkSync(own);
  }
}

/** Moves the lock aside first, so that of two processes only one removes it. */
function removeStaleLock(stalePid) {
  const aside = `${LOCK}.stale.${process.pid}`;
  try {
    renameSync(LOCK, aside);
    // A live process may have taken the lock between the look and the move: give it back.
    if (readIfThere(aside) !== stalePid) linkSync(aside, LOCK);
  } catch (error) {
    if (error.code !== "ENOENT" && error.code !== "EEXIST") throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

function readIfThere(path) {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
    return undefined;
  }
}
