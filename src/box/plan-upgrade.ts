/** Says whether another executable may take the place of the one that is installed. */

import { existsSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import type { EpochMs } from "#base/epoch.ts";
import { freeBytes, shownBytes } from "#platform/disk-space.ts";
import { makeSnapshot } from "#storage/make-backup.ts";
import { readMinReader } from "#storage/schema-facts.ts";
import { type Candidate, examine, type Release, readRelease } from "./candidate.ts";
import { checkBasics, refuse, refuseIfAny } from "./checks.ts";
import { isSameFile } from "./executable-file.ts";
import { DATABASE_PATH, EXECUTABLE_PATH, PREVIOUS_EXECUTABLE_PATH } from "./places.ts";
import { findUnitState } from "./systemd.ts";

/** The executable that comes, and the one that goes. */
export interface UpgradePlan {
  readonly candidate: Candidate;
  readonly current: Release;
}

const SNAPSHOT_LABEL = "before-upgrade";
const SNAPSHOTS_KEPT = 2;

/** The new file, the one that is kept, and the one before that. */
const EXECUTABLES_FREE_BYTES = 300 * 1024 * 1024;

/**
 * Undefined when the file is what is installed.
 * @throws AppError `box-refused`; nothing is changed then.
 */
export async function planUpgrade(verb: string, file: string): Promise<UpgradePlan | undefined> {
  refuseIfAny(verb, checkBasics(`biometric-server ${verb}`));
  const unit = await findUnitState();
  if (unit.kind !== "ours" || !existsSync(EXECUTABLE_PATH)) {
    refuse(verb, "this server is not installed here: run biometric-server install");
  }
  if (await isSameFile(file, EXECUTABLE_PATH)) return undefined;
  const free = freeBytes(EXECUTABLE_PATH);
  if (free < EXECUTABLES_FREE_BYTES) {
    const found = `has ${shownBytes(free)} free and needs ${shownBytes(EXECUTABLES_FREE_BYTES)}`;
    refuse(verb, `the disk of "${EXECUTABLE_PATH}" ${found}: make room there`);
  }
  const current = await readRelease(EXECUTABLE_PATH);
  if (current === undefined) {
    refuse(verb, `"${EXECUTABLE_PATH}" does not tell its version: remove it, then install`);
  }
  const candidate = await examine(file);
  if (typeof candidate === "string") refuse(verb, candidate);
  refuseUnreadable(verb, candidate);
  return { candidate, current };
}

/** The same with the executable of before the last upgrade. */
export async function planRollback(): Promise<UpgradePlan> {
  refuseIfAny("rollback", checkBasics("biometric-server rollback"));
  if (!existsSync(PREVIOUS_EXECUTABLE_PATH)) {
    refuse("rollback", "there is no previous executable: nothing was upgraded yet");
  }
  const plan = await planUpgrade("rollback", PREVIOUS_EXECUTABLE_PATH);
  return plan ?? refuse("rollback", "the previous executable is the one that is installed");
}

/**
 * Backs up the database before another executable works on it; undefined where there is none.
 * @throws AppError `backup-failed`; nothing is changed then.
 */
export function snapshot(nowMs: EpochMs, { staged }: Candidate): string | undefined {
  if (!existsSync(DATABASE_PATH)) return undefined;
  try {
    const { path } = makeSnapshot(DATABASE_PATH, { label: SNAPSHOT_LABEL, nowMs });
    removeOldSnapshots(dirname(path));
    return path;
  } catch (error) {
    rmSync(staged, { force: true });
    throw error;
  }
}

/** Their names sort by time. */
function removeOldSnapshots(folder: string): void {
  const names = readdirSync(folder).filter((name) => name.startsWith(SNAPSHOT_LABEL));
  for (const name of names.sort().slice(0, -SNAPSHOTS_KEPT)) rmSync(join(folder, name));
}

function refuseUnreadable(verb: string, { staged, release }: Candidate): void {
  const wanted = existsSync(DATABASE_PATH) ? readMinReader(DATABASE_PATH) : 0;
  if (wanted <= release.schema) return;
  rmSync(staged, { force: true });
  const found = `they need schema ${wanted}, and it knows ${release.schema}`;
  refuse(verb, `${release.version} cannot read the data (${found}): take a newer file`);
}
