/** Whether the server's files belong to it, and nobody else reads them. */

import { readdirSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { SERVICE_USER } from "#box/places.ts";
import { errorCode } from "#platform/files.ts";
import { ASK_ROOT, type Finding, fault, fine, skipped } from "./finding.ts";

/** One file or folder. */
interface Entry {
  readonly path: string;
  readonly stats: Stats;
}

/** Those that are there are looked at, with everything in the folders. */
const FILES = [
  "biometric.db",
  "biometric.db-wal",
  "biometric.db-shm",
  "ballast",
  "clock-confirmed",
];
const FOLDERS = ["secrets", "backups"];

/**
 * `serviceUid`: who must own the folder; undefined where any user may run the server. Whatever is in
 * it must be owned as it is.
 */
export function checkFiles(dataDir: string, serviceUid: number | undefined): readonly Finding[] {
  try {
    const folder = { path: dataDir, stats: statSync(dataDir) };
    const entries = [folder, ...listEntries(dataDir)];
    return [checkOwners(entries, folder, serviceUid), checkModes(entries)];
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT") return [skipped("data-folder", `there is no "${dataDir}" yet`)];
    if (code !== "EACCES") throw error;
    const found = `this user may not look into "${dataDir}"`;
    return [skipped("data-folder", found, ASK_ROOT)];
  }
}

function checkOwners(
  entries: readonly Entry[],
  folder: Entry,
  serviceUid: number | undefined,
): Finding {
  const check = "data-owner";
  const wantedUid = serviceUid ?? folder.stats.uid;
  const strange = entries.filter(({ stats }) => stats.uid !== wantedUid);
  const shown = serviceUid === undefined ? `user ${wantedUid}` : SERVICE_USER;
  if (strange.length === 0) return fine(check, `${shown} owns "${folder.path}" and what is in it`);
  const owner = serviceUid === undefined ? String(wantedUid) : `${SERVICE_USER}:${SERVICE_USER}`;
  return fault(check, {
    found: `${listed(strange, ({ stats }) => `owner ${stats.uid}`)}`,
    wanted: `${shown} owns all of it, else the server cannot write it`,
    fix: `chown -R ${owner} "${folder.path}"`,
  });
}

function checkModes(entries: readonly Entry[]): Finding {
  const check = "data-rights";
  const open = entries.filter(({ stats }) => (stats.mode & 0o077) !== 0);
  if (open.length === 0) return fine(check, "nobody but its owner reads the data and the secrets");
  return fault(check, {
    found: listed(open, ({ stats }) => `mode ${(stats.mode & 0o777).toString(8)}`),
    wanted: "folders 700, files 600: they hold secrets and people's data",
    fix: `chmod go= ${open.map(({ path }) => `"${path}"`).join(" ")}; a secret that others may have read must be replaced`,
  });
}

function listEntries(dataDir: string): readonly Entry[] {
  const paths = [...FILES, ...FOLDERS].map((name) => join(dataDir, name));
  for (const name of FOLDERS) {
    const folder = join(dataDir, name);
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) continue;
    paths.push(...readdirSync(folder).map((inside) => join(folder, inside)));
  }
  return paths.flatMap((path) => {
    // It may be gone since the folder was read.
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats === undefined ? [] : [{ path, stats }];
  });
}

const LISTED_MAX = 5;

function listed(entries: readonly Entry[], about: (entry: Entry) => string): string {
  const shown = entries.slice(0, LISTED_MAX).map((entry) => `"${entry.path}" has ${about(entry)}`);
  const more = entries.length - shown.length;
  return more > 0 ? `${shown.join(", ")} and ${more} more` : shown.join(", ");
}
