/**
 * Puts another executable into the place of the running one, watches what comes of it, and puts the
 * old one back by itself when that is not good. Data never goes back.
 */

import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { AppError } from "#base/app-error.ts";
import type { Clock } from "#platform/clock.ts";
import { flushFolder, moveFlushed } from "#platform/files.ts";
import type { Candidate, Release } from "./candidate.ts";
import { textOfFile } from "./checks.ts";
import { placeExecutable } from "./executable-file.ts";
import { HealthWatch } from "./health-watch.ts";
import { putText } from "./install-changes.ts";
import {
  EXECUTABLE_PATH,
  PREVIOUS_EXECUTABLE_PATH,
  PREVIOUS_FOLDER,
  PREVIOUS_UNIT_PATH,
  UNIT_PATH,
} from "./places.ts";
import { bringUp, findUnitState, systemctl, systemdVersion } from "./systemd.ts";
import { fitUnit } from "./unit-text.ts";

/** What takes place. */
export interface Exchange {
  /** `Upgrade` or `Rollback`, for messages. */
  readonly name: string;
  readonly candidate: Candidate;
  readonly current: Release;
  readonly clock: Clock;
  /** What keeps the running server from storing, or that it does not answer; undefined: nothing. */
  readonly probe: () => Promise<string | undefined>;
  readonly tell: (line: string) => void;
  /** Asked every second: throws to end the watching there, with the new executable in place. */
  readonly check: () => void;
}

/** Why the new executable does not stay. */
interface Failure {
  readonly reason: string;
  readonly hint: string | undefined;
}

const WATCHED_MS = 60_000;
const LOOK_PERIOD_MS = 1_000;

/** The executable before the previous one, kept until the new one has proved itself. */
const OLDER_PATHS = [PREVIOUS_EXECUTABLE_PATH, PREVIOUS_UNIT_PATH].map(
  (path) => [path, `${path}.older`] as const,
);

/**
 * Returns when the new executable has done its work for a minute.
 * @throws AppError `box-failed` when it has not: the old one runs again, or the message says why not.
 */
export async function exchange(work: Exchange): Promise<void> {
  const { candidate, tell } = work;
  keepCurrent();
  let failed: Failure;
  try {
    moveFlushed(candidate.staged, EXECUTABLE_PATH);
    await putUnit(candidate.release.unit);
    tell(`${candidate.release.version} is in place: restarting`);
    await bringUp("restart");
    tell(`It is ready: watching it for ${WATCHED_MS / 1000} s`);
    const failure = await watch(work);
    if (failure === undefined) {
      for (const [, older] of OLDER_PATHS) rmSync(older, { force: true });
      return;
    }
    failed = { reason: failure, hint: undefined };
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "box-failed") throw error;
    failed = { reason: error.message, hint: error.hint };
  }
  throw await goBack(work, failed);
}

function keepCurrent(): void {
  mkdirSync(PREVIOUS_FOLDER, { recursive: true });
  for (const [path, older] of OLDER_PATHS) if (existsSync(path)) renameSync(path, older);
  placeExecutable(EXECUTABLE_PATH, PREVIOUS_EXECUTABLE_PATH);
  const unit = textOfFile(UNIT_PATH);
  if (unit !== undefined) putText(PREVIOUS_UNIT_PATH, unit, 0o644);
  flushFolder(PREVIOUS_FOLDER);
}

async function putUnit(unit: string | undefined): Promise<void> {
  if (unit === undefined) return;
  const text = fitUnit(unit, await systemdVersion());
  if (text === textOfFile(UNIT_PATH)) return;
  putText(UNIT_PATH, text, 0o644);
  await systemctl("daemon-reload");
}

/** Why the new executable has failed; undefined: it has not. */
async function watch({ clock, probe, check }: Exchange): Promise<string | undefined> {
  const look = async () => ({ unit: await findUnitState(), problem: await probe() });
  const startMs = clock.monotonicMs();
  const health = new HealthWatch(await look());
  while (clock.monotonicMs() - startMs < WATCHED_MS) {
    check();
    await new Promise<void>((resolve) => clock.after(LOOK_PERIOD_MS, resolve));
    const failure = health.judge(await look());
    const seconds = Math.round((clock.monotonicMs() - startMs) / 1000);
    if (failure !== undefined) return `after ${seconds} s ${failure}`;
  }
  return undefined;
}

/** Returns what the operator is told in the end. */
async function goBack(work: Exchange, { reason, hint }: Failure): Promise<AppError> {
  const { name, candidate, current } = work;
  const failed = `${name} to ${candidate.release.version} failed: ${reason}`;
  if (candidate.release.minReader > current.schema) {
    const message = `${failed}; there is no way back to ${current.version}, which cannot read the data any more`;
    return new AppError("box-failed", message, {
      hint: hint ?? "Look into its log (journalctl -u biometric-server)",
    });
  }
  moveFlushed(PREVIOUS_EXECUTABLE_PATH, EXECUTABLE_PATH);
  const unit = textOfFile(PREVIOUS_UNIT_PATH);
  if (unit !== undefined) moveFlushed(PREVIOUS_UNIT_PATH, UNIT_PATH);
  for (const [path, older] of OLDER_PATHS) if (existsSync(older)) moveFlushed(older, path);
  await systemctl("daemon-reload");
  await bringUp("restart");
  return new AppError(
    "box-failed",
    `${failed}; ${current.version} runs again, with everything that was acknowledged`,
    hint === undefined ? {} : { hint },
  );
}
