/** Aim: a backup that is missing, old, or failed is named, and a young box is given its first day. */

import { describe, expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import { type BackupView, checkBackups } from "#cli/doctor/check-backups.ts";
import { troublesOf } from "./judged.ts";

const NOW_MS = epochMs(Date.UTC(2026, 2, 2, 9));
const HOUR_MS = 3_600_000;
const WELL: BackupView = {
  nowMs: NOW_MS,
  newestMs: NOW_MS - 25 * HOUR_MS,
  newestPath: "/srv/data/backups/one.backup",
  problem: undefined,
  backupTime: "01:30",
  databaseMadeMs: NOW_MS - 900 * HOUR_MS,
};

const check = (change: Partial<BackupView>) => troublesOf(checkBackups({ ...WELL, ...change }));
const MAKE_ONE =
  "fault: biometric-server backup; why none came by itself: journalctl -u biometric-server -g backup";

describe("checkBackups()", () => {
  test("is content with one of the last day", () => {
    expect(check({})).toEqual({});
  });

  test("names one that is old, and none on a box of more than a day", () => {
    expect(check({ newestMs: NOW_MS - 27 * HOUR_MS })).toEqual({ backup: MAKE_ONE });
    expect(check({ newestMs: undefined })).toEqual({ backup: MAKE_ONE });
    const young = { newestMs: undefined, databaseMadeMs: NOW_MS - HOUR_MS };
    expect(check(young)).toEqual({});
  });

  test("names a try that failed, and why", () => {
    const found = checkBackups({ ...WELL, problem: "Cannot back up: no room" });
    expect(found[0]).toMatchObject({
      check: "backup-last-try",
      state: "fault",
      found: "Cannot back up: no room",
      fix: "do what it says, then: biometric-server backup",
    });
  });

  test("names backups that are switched off, and leaves a box without data alone", () => {
    expect(check({ backupTime: "never" }).backup).toStartWith("warning: set BACKUP_TIME");
    const empty = { newestMs: undefined, databaseMadeMs: undefined };
    expect(check(empty)).toEqual({ backup: "skipped: " });
  });
});
