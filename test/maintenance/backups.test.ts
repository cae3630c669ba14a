/**
 * Aim: the server's backups are made by the program itself in a process of its own, one at a time;
 * the newest stay; what fails says why and leaves nothing; they are due every day, and made up for.
 */

import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { epochMs } from "#base/epoch.ts";
import { scheduleBackups, startBackups } from "#maintenance/backup-schedule.ts";
import { type BackupRequest, Backups } from "#maintenance/backups.ts";
import { checkBackup } from "#storage/backup-file.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { RecordingLog } from "../support/recording-log.ts";
import { openTestStorage, type TestStorage } from "../support/test-storage.ts";

/** The program from its sources. */
const PROGRAM = [process.execPath, join(import.meta.dir, "../../src/main.ts")];
const OWN: BackupRequest = { withSecrets: true, isOutgoing: false };
const HOUR_MS = 3_600_000;

let opened: TestStorage;
let clock: FakeClock;
let log: RecordingLog;
let folder: string;

beforeEach(() => {
  opened = openTestStorage();
  clock = new FakeClock();
  log = new RecordingLog();
  folder = join(dirname(opened.path), "backups");
});

afterEach(() => opened[Symbol.dispose]());

function open(program: readonly string[] = PROGRAM): Backups {
  return new Backups({ databasePath: opened.path, keptMax: 2, program, clock, log });
}

function names(): readonly string[] {
  return existsSync(folder) ? readdirSync(folder).toSorted() : [];
}

test("start() has a backup made, one at a time, and the newest stay", async () => {
  const backups = open();
  expect(backups.state).toEqual({ kind: "none" });
  for (const hour of [1, 2, 3]) {
    expect(backups.start(OWN)).toBe(hour);
    expect(backups.state).toMatchObject({ kind: "making", id: hour });
    expect(backups.start(OWN)).toBeUndefined();
    await backups.settled();
    expect(backups.state).toMatchObject({ kind: "made", id: hour });
    await clock.advance(HOUR_MS);
  }
  const kept = ["biometric-20260302T011504.000Z.backup", "biometric-20260302T021504.000Z.backup"];
  expect(names()).toEqual(kept);
  expect(backups.findNewest()).toEqual({
    path: join(folder, "biometric-20260302T021504.000Z.backup"),
    madeAtMs: epochMs(Date.UTC(2026, 2, 2, 2, 15, 4)),
  });
  for (const name of kept) expect(checkBackup(join(folder, name), "full").hasSecrets).toBe(true);
  expect(log.of("backup.made")).toHaveLength(3);
}, 30_000);

test("one that is to be fetched is kept apart, and thrown away when it was", async () => {
  const backups = open();
  backups.start({ withSecrets: false, isOutgoing: true });
  await backups.settled();
  const { state } = backups;
  if (state.kind !== "made") throw new Error(`It is ${state.kind}`);
  expect(checkBackup(state.path, "quick").hasSecrets).toBe(false);
  expect(backups.findNewest()).toBeUndefined();
  backups.clearOutgoing();
  expect(existsSync(state.path)).toBe(false);
}, 30_000);

test("what fails is told with its reason", async () => {
  const backups = open(["sh", "-c", "echo 'error: Cannot back up: no room' >&2; exit 1"]);
  backups.start(OWN);
  await backups.settled();
  expect(backups.state).toEqual({ kind: "failed", id: 1, reason: "Cannot back up: no room" });
  expect(log.of("backup.failed")).toHaveLength(1);
  expect(backups.failedCount).toBe(1);
  expect(names()).toEqual([]);
});

test("stop() gives up the one that is being made, and nothing new is begun", async () => {
  const backups = open(["sh", "-c", "exec sleep 600"]);
  backups.start(OWN);
  await backups.stop();
  expect(backups.start(OWN)).toBeUndefined();
  expect(log.of("backup.failed")).toEqual([]);
  expect(backups.failedCount).toBe(0);
});

test("a start throws away what is unfinished, and old snapshots, and nothing else", () => {
  mkdirSync(join(folder, "outgoing"), { recursive: true });
  for (const name of [
    "biometric-20260301T173000.000Z.backup.77.tmp",
    "outgoing/biometric-20260301T173000.000Z.backup",
    "before-schema-7-20250101T000000.000Z.backup",
    "before-schema-8-20260101T000000.000Z.backup",
    "before-upgrade-20260102T000000.000Z.backup",
    "biometric-20260301T173000.000Z.backup",
    "mine.backup",
  ]) {
    writeFileSync(join(folder, name), "");
  }
  open();
  expect(names()).toEqual([
    "before-schema-8-20260101T000000.000Z.backup",
    "before-upgrade-20260102T000000.000Z.backup",
    "biometric-20260301T173000.000Z.backup",
    "mine.backup",
  ]);
});

/** The hours since the start at which one was begun, within two days. */
async function hoursBegun(newestAgeMs: number | undefined, time: string | undefined) {
  // 01:00 in Manila.
  const site = new FakeClock(Date.UTC(2026, 2, 1, 17, 0, 0));
  let madeAtMs = newestAgeMs === undefined ? undefined : epochMs(site.nowMs() - newestAgeMs);
  const begun: number[] = [];
  let isDiskFull = newestAgeMs === undefined;
  const backups = {
    start: () => {
      begun.push(Math.round((site.monotonicMs() / HOUR_MS) * 10) / 10);
      if (!isDiskFull) madeAtMs = site.nowMs();
      isDiskFull = false;
      return 1;
    },
    findNewest: () => (madeAtMs === undefined ? undefined : { path: "", madeAtMs }),
  };
  const timer = scheduleBackups(backups, { clock: site, time, siteTimeZone: "Asia/Manila" });
  await site.advance(48 * HOUR_MS);
  timer?.stop();
  expect(site.plannedCount).toBe(0);
  return begun;
}

test("follow() changes when they are made and how many are kept", async () => {
  const site = new FakeClock(Date.UTC(2026, 2, 2, 0, 0, 0));
  const running = startBackups({
    databasePath: opened.path,
    keptMax: 1,
    time: undefined,
    siteTimeZone: "Asia/Manila",
    program: PROGRAM,
    clock: site,
    log,
  });
  expect(site.plannedCount).toBe(0);
  // It is 08:00 there.
  running.follow({ time: "08:30", keptMax: 2 });
  running.follow({ time: "08:30", keptMax: 2 });
  expect(site.plannedCount).toBe(1);
  for (const minutes of [30, 24 * 60]) {
    await site.advance((minutes * HOUR_MS) / 60);
    await running.backups.settled();
  }
  expect(names()).toHaveLength(2);
  running.follow({ time: undefined, keptMax: 1 });
  expect(site.plannedCount).toBe(0);
  expect(names()).toHaveLength(2);
  await running.stop();
}, 30_000);

test("a backup is due at its time of day", async () => {
  expect(await hoursBegun(23 * HOUR_MS, "01:30")).toEqual([0.5, 24.5]);
  expect(await hoursBegun(HOUR_MS, "04:00")).toEqual([3, 27]);
  expect(await hoursBegun(HOUR_MS, undefined)).toEqual([]);
});

test("one that was missed is made up for soon after the start, and one that failed is tried hourly", async () => {
  expect(await hoursBegun(72 * HOUR_MS, "12:00")).toEqual([0.2, 11, 35]);
  expect(await hoursBegun(undefined, "12:00")).toEqual([0.2, 1.2, 11, 35]);
});
