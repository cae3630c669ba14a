/**
 * Aim: after a restore nothing that a terminal shows of its queue counts before what it sent between
 * the backup and the restore is had again from its log, or nothing is missing, or a person gives it up.
 */

import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { dirname, join } from "node:path";
import { type EpochMs, epochMs } from "#base/epoch.ts";
import type { Completeness, DeviceCompleteness } from "#domain/completeness.ts";
import { deviceId } from "#domain/identifiers.ts";
import type { ReceivedIntake } from "#domain/intake.ts";
import { type WallTime, wallTimeAt } from "#domain/wall-time.ts";
import { makeBackup } from "#storage/make-backup.ts";
import { restoreBackup } from "#storage/restore-backup.ts";
import { pollFrom, resultFrom } from "../support/terminal-intakes.ts";
import {
  openTestStorage,
  punchesFrom,
  RECEIVED_AT_MS,
  rawPunch,
  type TestStorage,
} from "../support/test-storage.ts";

const MINUTE_MS = 60_000;
/** A terminal may have looked into its queue so long before its poll comes. */
const LAG_MS = 5_000;
const minutes = (count: number): EpochMs => epochMs(RECEIVED_AT_MS + count * MINUTE_MS);

let opened: TestStorage;
let backup: string;

beforeEach(() => {
  opened = openTestStorage();
  backup = join(dirname(opened.path), "box.backup");
});

afterEach(() => opened[Symbol.dispose]());

async function passUntil(atMs: EpochMs): Promise<void> {
  await opened.clock.advance(atMs - opened.clock.nowMs());
}

/** A poll that shows an empty queue, and everything up to so many minutes after nine. */
async function poll(device: string, minute: number): Promise<void> {
  const atMs = epochMs(minutes(minute) + LAG_MS);
  await passUntil(atMs);
  const report = { clockText: wallTimeAt(atMs, "Asia/Manila") };
  const received = pollFrom(device, atMs, { report, queue: "empty" });
  await opened.storage.append([{ ...received, driver: "fkweb" }]);
}

function numbered(number: number | undefined, minute: number): ReceivedIntake {
  const wallTime = wallTimeAt(minutes(minute), "Asia/Manila");
  const recordNumberText = number === undefined ? undefined : String(number);
  const punch = rawPunch("7", wallTime, { recordNumberText });
  return { ...punchesFrom("RAW", [punch], minutes(minute)), driver: "rtlog" };
}

async function record(number: number | undefined, minute: number): Promise<void> {
  await passUntil(minutes(minute));
  expect(await opened.storage.append([numbered(number, minute)])).toEqual([{ kind: "stored" }]);
}

function backUp(): void {
  const nowMs = opened.clock.nowMs();
  makeBackup({ databasePath: opened.path, target: backup, withSecrets: false, nowMs });
}

/** Restores so many minutes after nine. */
async function restore(minute: number, clockErrorMs = 0): Promise<void> {
  await passUntil(minutes(minute));
  const nowMs = epochMs(opened.clock.nowMs() + clockErrorMs);
  await opened.reopen({}, async () => {
    const prepare = async () => undefined;
    const order = { backup, databasePath: opened.path, nowMs, isDryRun: false, prepare };
    await restoreBackup(order);
  });
}

/** The terminal is asked for its log, and all that it answers is compared. */
async function readLog(
  device: string,
  minute: number,
  order: { readonly until?: number; readonly from?: number; readonly problem?: string } = {},
): Promise<void> {
  const { storage } = opened;
  await passUntil(minutes(minute));
  const nowMs = opened.clock.nowMs();
  const wallTime = (at: number | undefined): WallTime | undefined =>
    at === undefined ? undefined : wallTimeAt(minutes(at), "Asia/Manila");
  const queued = await storage.queueCommands({
    deviceId: deviceId(device),
    commands: [
      {
        kind: "read-log",
        fromWallTime: wallTime(order.from),
        untilWallTime: wallTime(order.until),
      },
    ],
    requestedBy: "operator",
    nowMs,
    deadlineMs: epochMs(nowMs + 60 * MINUTE_MS),
  });
  if (queued.kind !== "queued") throw new Error(queued.kind);
  const commandId = queued.commands[0]?.id ?? 0;
  await handOut(device, commandId);
  await storage.settleLog({
    commandId,
    announcedCount: 0,
    problem: order.problem,
    nowMs: opened.clock.nowMs(),
  });
}

async function handOut(device: string, commandId: number): Promise<void> {
  const nowMs = opened.clock.nowMs();
  const [outcome] = await opened.storage.append([pollFrom(device, nowMs)]);
  expect(outcome).toMatchObject({ command: { id: `c-${commandId}` } });
  const text = '{"log_count":"0"}';
  const result = { commandIdText: `c-${commandId}`, text };
  await opened.storage.append([resultFrom(device, result, nowMs)]);
}

async function read(): Promise<Completeness> {
  await opened.clock.advance(5_000);
  return opened.storage.readCompleteness({ lateAfter: 0, lateLimit: 100 });
}

async function shownOf(device: string): Promise<Partial<DeviceCompleteness> | undefined> {
  const { devices } = await read();
  const shown = devices.find((one) => one.deviceId === deviceId(device));
  if (shown === undefined) return undefined;
  const { receivedThroughMs, throughMs, waitsFor } = shown;
  return { receivedThroughMs, throughMs, waitsFor };
}

/** What a terminal shows whose polls count, or do not. */
const moved = (minute: number) => ({
  receivedThroughMs: minutes(minute),
  throughMs: minutes(minute),
  waitsFor: undefined,
});
const held = (minute: number, waitsFor: "log" | "operator" = "log") => ({
  ...moved(minute),
  waitsFor,
});

describe("after a restore", () => {
  test("polls move nothing until the log is read that was asked for since", async () => {
    await poll("GATE", 1);
    backUp();
    await poll("GATE", 10);
    expect(await shownOf("GATE")).toEqual(moved(10));
    await restore(20);
    await poll("GATE", 21);
    expect(await shownOf("GATE")).toEqual(held(1));
    expect((await read()).heldBack).toEqual({ deviceId: deviceId("GATE"), reason: "restored" });
    await opened.reopen();
    await poll("GATE", 22);
    expect(await shownOf("GATE")).toEqual(held(1));
    await readLog("GATE", 23);
    expect(await shownOf("GATE")).toEqual({
      receivedThroughMs: minutes(1),
      throughMs: minutes(23),
      waitsFor: undefined,
    });
    await poll("GATE", 24);
    expect(await shownOf("GATE")).toEqual(moved(24));
  });

  test("a reading that is not whole, or leaves a gap, or ends before, brings nothing back", async () => {
    await poll("GATE", 1);
    backUp();
    await restore(20);
    await readLog("GATE", 21, { problem: "The last record is cut short" });
    expect(await shownOf("GATE")).toEqual(held(1));
    await readLog("GATE", 22, { from: 5 });
    expect(await shownOf("GATE")).toEqual(held(1));
    await readLog("GATE", 23, { until: 22 });
    expect(await shownOf("GATE")).toMatchObject({ waitsFor: "log" });
    opened.ownClock.trusted = false;
    await readLog("GATE", 24);
    opened.ownClock.trusted = true;
    expect(await shownOf("GATE")).toMatchObject({ waitsFor: "log" });
    await readLog("GATE", 25);
    expect(await shownOf("GATE")).toMatchObject({ waitsFor: undefined });
  });

  test("a log that had come before the backup, and is compared behind the restore, is too old", async () => {
    await poll("GATE", 1);
    await opened.storage.queueLogReadings(
      [deviceId("GATE")],
      opened.clock.nowMs(),
      epochMs(opened.clock.nowMs() + 60 * MINUTE_MS),
    );
    await handOut("GATE", 1);
    backUp();
    await restore(20);
    await opened.storage.settleLog({
      commandId: 1,
      announcedCount: 0,
      problem: undefined,
      nowMs: opened.clock.nowMs(),
    });
    expect(await shownOf("GATE")).toMatchObject({ waitsFor: "log" });
  });

  test("a clock that was ahead at the restore does not hold it for ever", async () => {
    await poll("GATE", 1);
    backUp();
    await restore(20, 365 * 86_400_000);
    await poll("GATE", 21);
    expect(await shownOf("GATE")).toEqual(held(1));
    await readLog("GATE", 22);
    await poll("GATE", 23);
    expect(await shownOf("GATE")).toEqual(moved(23));
  });

  test("a terminal that came first behind the backup is not taken for a new one", async () => {
    await poll("GATE", 1);
    backUp();
    await poll("DOOR", 2);
    await restore(20);
    await poll("DOOR", 21);
    await opened.storage.addDevice(deviceId("SHED"), "approved", minutes(22));
    await poll("SHED", 23);
    expect(await shownOf("DOOR")).toMatchObject({ throughMs: undefined, waitsFor: "log" });
    expect(await shownOf("SHED")).toMatchObject({ throughMs: undefined, waitsFor: "log" });
    // Its start date lies behind the restore: nothing that is asked of it was lost.
    await passUntil(minutes(40 * 24 * 60));
    await poll("LATER", 40 * 24 * 60 + 1);
    expect(await shownOf("LATER")).toEqual(moved(40 * 24 * 60 + 1));
  });
});

describe("a terminal whose log nobody can read", () => {
  test("goes on with the next number, which shows that nothing is missing", async () => {
    await record(41, 1);
    await record(42, 2);
    backUp();
    await restore(20);
    expect(await shownOf("RAW")).toEqual(held(2, "operator"));
    await record(43, 21);
    expect(await shownOf("RAW")).toEqual(moved(21));
  });

  test.each([
    ["a gap", 45, 46],
    ["a count that begins anew", 1, 2],
    ["no number", undefined, 43],
  ])("waits for a person behind %s", async (_, first, second) => {
    await record(41, 1);
    await record(42, 2);
    backUp();
    await restore(20);
    await record(first, 21);
    await record(second, 22);
    await record(second === undefined ? undefined : second + 1, 23);
    expect(await shownOf("RAW")).toEqual(held(2, "operator"));
    await opened.reopen();
    expect(await opened.storage.giveUpLost(deviceId("RAW"))).toBe("done");
    expect(await opened.storage.giveUpLost(deviceId("RAW"))).toBe("unchanged");
    expect(await shownOf("RAW")).toMatchObject({ waitsFor: undefined });
    await record((second ?? 0) + 2, 24);
    expect(await shownOf("RAW")).toEqual(moved(24));
  });

  test("never gives numbers: nothing counts from the first of them on either", async () => {
    await record(undefined, 1);
    backUp();
    await restore(20);
    await record(7, 21);
    await record(8, 22);
    expect(await shownOf("RAW")).toMatchObject({ receivedThroughMs: undefined });
  });

  test("giveUpLost() is in the audit, once", async () => {
    await record(41, 1);
    backUp();
    await restore(20);
    await opened.storage.giveUpLost(deviceId("RAW"));
    await opened.storage.giveUpLost(deviceId("RAW"));
    using database = new Database(opened.path, { readonly: true });
    const sql =
      "SELECT at_ms, actor, action, subject, detail_text FROM audit_entries WHERE subject = 'RAW'";
    const detail = `{"restored_at":"${new Date(minutes(20)).toISOString()}"}`;
    expect(database.query(sql).values()).toEqual([
      [minutes(20), "operator", "device.lost-given-up", "RAW", detail],
    ]);
  });

  test("giveUpLost() knows which terminals there are", async () => {
    expect(await opened.storage.giveUpLost(deviceId("NOBODY"))).toBe("unknown-device");
  });
});

describe("what had been told before a restore", () => {
  test("stands for what is late, though it is not told again", async () => {
    await poll("GATE", 1);
    backUp();
    await poll("GATE", 10);
    expect((await read()).throughMs).toBe(minutes(10));
    await restore(20);
    expect((await read()).throughMs).toBe(minutes(1));
    const wallTime = wallTimeAt(minutes(5), "Asia/Manila");
    await opened.storage.append([punchesFrom("GATE", [rawPunch("7", wallTime)], minutes(21))]);
    const { late, lateRevision } = await read();
    expect(late).toMatchObject([{ instantMs: minutes(5), completeThroughMs: minutes(10) }]);
    // No reader has seen a revision so high, nor will see this one again.
    expect(lateRevision).toBeGreaterThan(1_000_000);
    await restore(30);
    await opened.storage.append([punchesFrom("GATE", [rawPunch("8", wallTime)], minutes(31))]);
    expect((await read()).lateRevision).toBeGreaterThan(lateRevision);
  });
});
