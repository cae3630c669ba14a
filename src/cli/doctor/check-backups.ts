/** Whether there is a backup that is young enough. Pure. */

import type { EpochMs } from "#base/epoch.ts";
import { shownDuration } from "#domain/time-text.ts";
import { type Finding, fault, fine, skipped, warning } from "./finding.ts";

/** What is known of backups. */
export interface BackupView {
  readonly nowMs: EpochMs;
  /** Undefined: there is none. */
  readonly newestMs: number | undefined;
  readonly newestPath: string | undefined;
  /** Why the last try failed; undefined: it did not, or no server tells. */
  readonly problem: string | undefined;
  /** `never`, or a time of day; undefined where the settings do not tell. */
  readonly backupTime: string | undefined;
  /** When the database was made; undefined: nothing tells. */
  readonly databaseMadeMs: number | undefined;
}

/** A day, and time to make it. */
const DUE_MS = 26 * 3_600_000;
const NOW = "biometric-server backup";

export function checkBackups(view: BackupView): readonly Finding[] {
  const { problem } = view;
  if (problem === undefined) return [checkAge(view)];
  return [
    fault("backup-last-try", {
      found: problem,
      wanted: "the last backup succeeded",
      fix: `do what it says, then: ${NOW}`,
    }),
    checkAge(view),
  ];
}

function checkAge({ nowMs, newestMs, newestPath, ...view }: BackupView): Finding {
  const check = "backup";
  const { backupTime, databaseMadeMs } = view;
  if (backupTime === "never") {
    return warning(check, {
      found: "BACKUP_TIME is never, so that none is made by itself",
      wanted: "one every day",
      fix: `set BACKUP_TIME to a time such as 01:30, or let cron run: ${NOW} --to FOLDER`,
    });
  }
  if (databaseMadeMs === undefined && newestMs === undefined) {
    return skipped(check, "there is no database yet");
  }
  const sinceMs = newestMs ?? databaseMadeMs ?? nowMs;
  const isDue = nowMs - sinceMs > DUE_MS;
  const found =
    newestMs === undefined
      ? `there is none, and the database is ${shownDuration(nowMs - sinceMs)} old`
      : `"${newestPath}" is ${shownDuration(Math.max(0, nowMs - newestMs))} old`;
  if (!isDue) return fine(check, found);
  const wanted = "one of the last day, also on another disk (--to)";
  return fault(check, {
    found,
    wanted,
    fix: `${NOW}; why none came by itself: journalctl -u biometric-server -g backup`,
  });
}
