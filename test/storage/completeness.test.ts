/**
 * Aim: what is told to be complete is what terminals have shown, is on disk before it is told, never
 * goes back, and what comes before it all the same is listed, whatever way it came.
 */

import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EpochMs, epochMs } from "#base/epoch.ts";
import type { Completeness } from "#domain/completeness.ts";
import { deviceId } from "#domain/identifiers.ts";
import type { PollIntake, ReceivedIntake } from "#domain/intake.ts";
import { wallTimeAt } from "#domain/wall-time.ts";
import { openStorage } from "#storage/sqlite-storage.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FakeOwnClock } from "../support/fake-own-clock.ts";
import { RecordingLog } from "../support/recording-log.ts";
import { resultFrom } from "../support/terminal-intakes.ts";
import {
  finishBackgroundWork,
  MANILA_RULES,
  openTestStorage,
  pollFrom,
  punchesFrom,
  RECEIVED_AT_MS,
  rawPunch,
  readFeed,
  type TestStorage,
} from "../support/test-storage.ts";

const NINE_MS = RECEIVED_AT_MS;
const MINUTE_MS = 60_000;
const minutes = (count: number): EpochMs => epochMs(NINE_MS + count * MINUTE_MS);

/** A terminal may have looked into its queue so long before its poll comes. */
const LAG_MS = 5000;

/** A poll that shows everything up to `throughMs`; the clock is `skewMs` ahead of ours. */
function poll(
  device: string,
  throughMs: EpochMs,
  { skewMs = 0, queue = "empty" }: { skewMs?: number; queue?: PollIntake["queue"] } = {},
): ReceivedIntake {
  const atMs = epochMs(throughMs + LAG_MS);
  const clockText = wallTimeAt(epochMs(atMs + skewMs), "Asia/Manila");
  const received = pollFrom(device, clockText, atMs);
  if (received.intake.kind !== "poll" || queue === undefined) return received;
  return { ...received, intake: { ...received.intake, queue } };
}

/** Lets time pass until polls that show everything up to `throughMs` come, then takes what came. */
async function arrive(opened: TestStorage, throughMs: EpochMs, ...batch: ReceivedIntake[]) {
  await opened.clock.advance(throughMs + LAG_MS - opened.clock.nowMs());
  return opened.storage.append(batch);
}

const read = (opened: TestStorage, lateAfter = 0, lateLimit = 100): Promise<Completeness> =>
  opened.storage.readCompleteness({ lateAfter, lateLimit });

/** When each terminal's value is, in minutes after nine, and the site's. */
function inMinutes({ throughMs, devices }: Completeness) {
  const count = (ms: number | undefined) =>
    ms === undefined ? undefined : (ms - NINE_MS) / MINUTE_MS;
  const shown = devices.map((device) => [device.deviceId, count(device.throughMs)]);
  return { site: count(throughMs), ...Object.fromEntries(shown) };
}

async function lateOnes(opened: TestStorage) {
  const { late } = await read(opened);
  return late.map(({ deviceId: id, instantMs, origin }) => {
    return `${id} ${wallTimeAt(instantMs, "Asia/Manila").slice(8)} ${origin}`;
  });
}

describe("readCompleteness()", () => {
  test("names what a poll behind an empty queue shows", async () => {
    using opened = openTestStorage();
    await arrive(opened, minutes(1), poll("GATE", minutes(1)));
    const answer = await read(opened);
    expect(answer).toMatchObject({ throughMs: minutes(1), lateRevision: 0, late: [] });
    expect(answer.heldBack).toEqual({ deviceId: deviceId("GATE"), reason: "least" });
    expect(answer.devices).toEqual([
      {
        deviceId: deviceId("GATE"),
        name: undefined,
        timeZone: "Asia/Manila",
        fromMs: epochMs(minutes(1) + LAG_MS - 35 * 86_400_000),
        throughMs: minutes(1),
        receivedThroughMs: minutes(1),
        receivedEvidence: { kind: "poll", atMs: epochMs(minutes(1) + LAG_MS) },
        verifiedThroughMs: undefined,
        verifiedEvidence: undefined,
        waitsFor: undefined,
        heldCount: 0,
        quarantinedCount: 0,
        missingRecordCount: 0,
      },
    ]);
  });

  test("a poll of which nobody knows, or that is doubted, moves nothing and says why", async () => {
    using opened = openTestStorage();
    await arrive(opened, minutes(1), poll("GATE", minutes(1)));
    await arrive(opened, minutes(2), poll("GATE", minutes(2), { queue: "sent-again" }));
    const doubted = await read(opened);
    expect(inMinutes(doubted)).toEqual({ site: 1, GATE: 1 });
    expect(doubted.heldBack?.reason).toBe("sent-again");
    const unknown = pollFrom("GATE", wallTimeAt(minutes(3), "Asia/Manila"), minutes(3));
    await arrive(opened, minutes(3), unknown);
    expect((await read(opened)).heldBack?.reason).toBe("never-shown");
    await arrive(opened, minutes(4), poll("GATE", minutes(4)));
    expect(inMinutes(await read(opened))).toEqual({ site: 4, GATE: 4 });
  });

  test("a slow terminal shows as much less, a fast one no more than our own clock", async () => {
    using opened = openTestStorage();
    await arrive(
      opened,
      minutes(20),
      poll("FAST", minutes(20), { skewMs: 5 * MINUTE_MS }),
      poll("SLOW", minutes(20), { skewMs: -5 * MINUTE_MS }),
    );
    expect(inMinutes(await read(opened))).toEqual({
      site: 15,
      FAST: 20 + LAG_MS / MINUTE_MS,
      SLOW: 15,
    });
  });

  test("while our own clock is not trusted nothing moves", async () => {
    using opened = openTestStorage();
    await arrive(opened, minutes(1), poll("GATE", minutes(1)));
    expect(inMinutes(await read(opened))).toEqual({ site: 1, GATE: 1 });
    opened.ownClock.trusted = false;
    await arrive(opened, minutes(2), poll("GATE", minutes(2)));
    const answer = await read(opened);
    expect(inMinutes(answer)).toEqual({ site: 1, GATE: 1 });
    expect(answer.heldBack?.reason).toBe("own-clock-untrusted");
    // What a terminal showed meanwhile does not count afterwards either.
    opened.ownClock.trusted = true;
    await opened.clock.advance(10_000);
    expect(inMinutes(await read(opened))).toEqual({ site: 1, GATE: 1 });
  });

  test("two terminals with one id show nothing of each other's queues", async () => {
    using opened = openTestStorage();
    await arrive(opened, minutes(1), poll("GATE", minutes(1)));
    for (let count = 2; count < 8; count += 1) {
      const skewMs = count % 2 === 0 ? 20 * MINUTE_MS : 0;
      await arrive(opened, minutes(count), poll("GATE", minutes(count), { skewMs }));
    }
    expect(opened.log.of("device.twins")).not.toEqual([]);
    const answer = await read(opened);
    expect(answer.heldBack?.reason).toBe("shared-id");
    expect(inMinutes(answer).site).toBeLessThan(7);
  });

  test("the site waits for terminals in use alone, and names the one that is behind", async () => {
    using opened = openTestStorage({ enrollment: "approve" });
    const { storage } = opened;
    for (const id of ["A", "B"]) await storage.addDevice(deviceId(id), "approved", NINE_MS);
    await storage.addDevice(deviceId("BLOCKED"), "blocked", NINE_MS);
    await arrive(opened, minutes(1), poll("A", minutes(1)), poll("NEW", minutes(1)));
    const before = await read(opened);
    expect(inMinutes(before)).toEqual({ site: undefined, A: 1, B: undefined });
    expect(before).toMatchObject({
      heldBack: { deviceId: "B", reason: "no-contact" },
      pendingDeviceCount: 1,
    });
    await arrive(opened, minutes(2), poll("B", minutes(2)));
    expect(inMinutes(await read(opened))).toEqual({ site: 1, A: 1, B: 2 });
    await arrive(opened, minutes(9), poll("B", minutes(9)));
    const stopped = await read(opened);
    expect(inMinutes(stopped)).toEqual({ site: 1, A: 1, B: 9 });
    expect(stopped.heldBack).toEqual({ deviceId: deviceId("A"), reason: "no-contact" });
    await storage.retireDevice(deviceId("A"));
    await opened.clock.advance(MINUTE_MS);
    expect(inMinutes(await read(opened))).toEqual({ site: 9, B: 9 });
    await storage.retireDevice(deviceId("B"));
    const nobody = await read(opened);
    expect([inMinutes(nobody), nobody.heldBack]).toEqual([{ site: 9 }, undefined]);
  });

  test("numbered records show it where no poll does, as far as none is left out", async () => {
    using opened = openTestStorage();
    const record = (number: string, wallTime: string): ReceivedIntake => ({
      ...punchesFrom(
        "77",
        [rawPunch("7", wallTime, { recordNumberText: number })],
        opened.clock.nowMs(),
      ),
      driver: "rtlog",
    });
    await opened.storage.append([record("41", "20260302080000")]);
    expect(inMinutes(await read(opened))).toEqual({ site: undefined, 77: undefined });
    await opened.storage.append([record("42", "20260302081000")]);
    const next = await read(opened);
    expect(inMinutes(next)).toEqual({ site: -50, 77: -50 });
    expect(next.devices[0]?.receivedEvidence).toEqual({
      kind: "record",
      atMs: NINE_MS,
      recordNumber: "42",
    });
    await arrive(opened, minutes(1), record("44", "20260302082000"));
    const gap = await read(opened);
    expect(inMinutes(gap)).toEqual({ site: -50, 77: -50 });
    expect(gap.heldBack?.reason).toBe("never-shown");
    expect(gap.devices[0]?.missingRecordCount).toBe(1);
    await arrive(opened, minutes(2), record("45", "20260302083000"));
    expect(inMinutes(await read(opened))).toEqual({ site: -30, 77: -30 });
  });

  test("counts what may hide a punch: quarantine, held ones, and pending terminals", async () => {
    using opened = openTestStorage({ enrollment: "approve" });
    await opened.storage.addDevice(deviceId("GATE"), "approved", NINE_MS);
    const broken = (text: string, device: string | undefined): ReceivedIntake => ({
      ...poll("GATE", minutes(1)),
      intake: {
        kind: "unreadable",
        deviceId: device === undefined ? undefined : deviceId(device),
        code: "body-not-json",
        reason: "no JSON",
        raw: new TextEncoder().encode(text),
      },
    });
    await opened.storage.append([
      broken("one", "GATE"),
      broken("two", "GATE"),
      broken("three", undefined),
      punchesFrom("NEW", [rawPunch("7", "20260302080000")]),
    ]);
    const answer = await read(opened);
    expect(answer).toMatchObject({ quarantinedCount: 3, heldCount: 1, pendingDeviceCount: 1 });
    expect(answer.devices[0]?.quarantinedCount).toBe(2);
  });
});

test("a start date that is moved back asks for the log anew, from there", async () => {
  using opened = openTestStorage();
  const { storage } = opened;
  const id = deviceId("GATE");
  await arrive(opened, minutes(1), poll("GATE", minutes(1)));
  const deadlineMs = minutes(60);
  const readLog = async (atMs: EpochMs) => {
    await storage.queueLogReadings([id], atMs, deadlineMs);
    const [open] = await storage.listCommands({ deviceId: id, isOpen: true }, 1);
    const commandId = open?.id ?? 0;
    await arrive(opened, atMs, pollFrom("GATE", wallTimeAt(atMs, "Asia/Manila"), atMs));
    const result = { commandIdText: `c-${commandId}`, text: "{}" };
    await storage.append([resultFrom("GATE", result, atMs)]);
    await storage.settleLog({ commandId, announcedCount: 0, problem: undefined, nowMs: atMs });
    return String(open?.parameters.from);
  };
  await readLog(minutes(2));
  const verified = async () => (await read(opened)).devices[0]?.verifiedThroughMs;
  expect(await verified()).toBe(minutes(2));
  await storage.updateDevice(id, { startAtMs: minutes(-30) });
  expect(await verified()).toBe(minutes(2));
  const moved = epochMs(NINE_MS - 90 * 86_400_000);
  await storage.updateDevice(id, { startAtMs: moved });
  expect(await verified()).toBeUndefined();
  expect(await readLog(minutes(3))).toBe(wallTimeAt(moved, "Asia/Manila"));
  expect(await verified()).toBe(minutes(3));
});

describe("what is told", () => {
  /** What is on disk, seen by another program. */
  function onDisk({ path }: TestStorage) {
    using database = new Database(path, { readonly: true });
    return [
      database.query("SELECT received_through_ms FROM devices WHERE id = 'GATE'").values()[0]?.[0],
      database.query("SELECT value FROM box WHERE name = 'complete_through_ms'").values()[0]?.[0],
    ];
  }

  test("is on disk by then, and a poll alone is not written for it", async () => {
    using opened = openTestStorage();
    await arrive(opened, minutes(1), poll("GATE", minutes(1)));
    await arrive(opened, minutes(2), poll("GATE", minutes(2)));
    expect(onDisk(opened)).toEqual([minutes(1), undefined]);
    const [device] = await opened.storage.listDevices();
    expect(device?.completeThroughMs).toBe(minutes(1));
    await read(opened);
    expect(onDisk(opened)).toEqual([minutes(2), String(minutes(2))]);
    const [told] = await opened.storage.listDevices();
    expect(told?.completeThroughMs).toBe(minutes(2));
  });

  test("stays over kill -9 and a proper end, also where nothing shows it any more", async () => {
    using opened = openTestStorage();
    await arrive(opened, minutes(1), poll("GATE", minutes(1)));
    await arrive(opened, minutes(2), poll("GATE", minutes(2)));
    expect((await read(opened)).throughMs).toBe(minutes(2));
    // What is known and was not told may be lost.
    await arrive(opened, minutes(3), poll("GATE", minutes(3)));
    expect(inMinutes(await killedCopy(opened))).toEqual({ site: 2, GATE: 2 });
    await opened.reopen();
    expect(inMinutes(await read(opened))).toEqual({ site: 3, GATE: 3 });
    await opened.storage.addDevice(deviceId("NEW"), "approved", minutes(3));
    await opened.reopen();
    expect(inMinutes(await read(opened))).toEqual({ site: 3, GATE: 3, NEW: undefined });
  });

  /** What a server tells that finds the files as they are at this moment. */
  async function killedCopy({ path }: TestStorage): Promise<Completeness> {
    const folder = mkdtempSync(join(tmpdir(), "biometric-killed-"));
    const copy = join(folder, "biometric.db");
    for (const end of ["", "-wal"]) {
      if (existsSync(path + end)) copyFileSync(path + end, copy + end);
    }
    const storage = openStorage({
      path: copy,
      rules: MANILA_RULES,
      ownClock: new FakeOwnClock(true),
      clock: new FakeClock(minutes(4)),
      log: new RecordingLog(),
      onLost: (error) => {
        throw error;
      },
    });
    try {
      return await storage.readCompleteness({ lateAfter: 0, lateLimit: 100 });
    } finally {
      await storage.close();
      rmSync(folder, { recursive: true });
    }
  }

  test("is what was on a disk that takes nothing more", async () => {
    using opened = openTestStorage();
    await arrive(opened, minutes(1), poll("GATE", minutes(1)));
    await read(opened);
    await arrive(opened, minutes(2), poll("GATE", minutes(2)));
    const other = new Database(opened.path);
    other.run("BEGIN IMMEDIATE");
    expect(inMinutes(await read(opened))).toEqual({ site: 1, GATE: 1 });
    expect(opened.log.of("completeness.unwritten")).toHaveLength(1);
    other.run("COMMIT");
    other.close();
    expect(inMinutes(await read(opened))).toEqual({ site: 2, GATE: 2 });
  });

  test("moves every 5 s at most, however often it is asked", async () => {
    using opened = openTestStorage();
    await arrive(opened, minutes(1), poll("GATE", minutes(1)));
    await read(opened);
    await arrive(opened, epochMs(minutes(1) + 4000), poll("GATE", epochMs(minutes(1) + 4000)));
    expect(inMinutes(await read(opened))).toEqual({ site: 1, GATE: 1 });
    await opened.clock.advance(1000);
    expect((await read(opened)).throughMs).toBe(epochMs(minutes(1) + 4000));
  });

  test("does not go back where a terminal comes into use, nor where our clock does", async () => {
    using opened = openTestStorage();
    await arrive(opened, minutes(5), poll("GATE", minutes(5)));
    await read(opened);
    await arrive(opened, minutes(6), poll("NEW", minutes(6), { skewMs: -30 * MINUTE_MS }));
    expect(inMinutes(await read(opened))).toEqual({ site: 5, GATE: 5, NEW: -24 });
    opened.clock.stepWallClock(-60 * MINUTE_MS);
    await opened.clock.advance(10_000);
    expect(inMinutes(await read(opened)).site).toBe(5);
  });
});

test("evidence by a clock of ours that was ahead gives way once that is right", async () => {
  using opened = openTestStorage();
  await arrive(opened, minutes(60), poll("GATE", minutes(60)));
  opened.clock.stepWallClock(-60 * MINUTE_MS);
  // Nobody was told of it, and no punch is late against it.
  await opened.storage.append([punchesFrom("GATE", [rawPunch("7", "20260302085900")])]);
  expect(await lateOnes(opened)).toEqual([]);
  await arrive(opened, minutes(1), poll("GATE", minutes(1)));
  expect(inMinutes(await read(opened))).toEqual({ site: 1, GATE: 1 });
});

describe("late punches", () => {
  /** Two terminals that show everything up to nine, which was told. */
  async function openComplete(): Promise<TestStorage> {
    const opened = openTestStorage();
    await arrive(opened, minutes(0), poll("A", minutes(0)), poll("B", minutes(0)));
    expect(inMinutes(await read(opened))).toEqual({ site: 0, A: 0, B: 0 });
    return opened;
  }

  test("are those that enter the feed before what was complete, with what it was", async () => {
    using opened = await openComplete();
    await arrive(
      opened,
      minutes(10),
      punchesFrom("A", [rawPunch("7", "20260302090000")], minutes(10)),
      punchesFrom("A", [rawPunch("7", "20260302085959")], minutes(10)),
      punchesFrom("B", [rawPunch("7", "20260302080000")], minutes(10)),
    );
    const answer = await read(opened);
    expect(answer.throughMs).toBe(NINE_MS);
    const [first, second] = answer.late;
    const [stored] = (await readFeed(opened.storage)).filter(
      ({ wallTime }) => wallTime === "20260302085959",
    );
    expect(first).toEqual({
      revision: 1,
      punchId: stored?.id,
      deviceId: deviceId("A"),
      userId: stored?.userId,
      instantMs: epochMs(NINE_MS - 1000),
      timeZone: "Asia/Manila",
      landedAtMs: minutes(10),
      completeThroughMs: NINE_MS,
      origin: "live",
    } as typeof first);
    expect(second).toMatchObject({ revision: 2, deviceId: "B" });
    expect([answer.lateRevision, answer.late.length, answer.hasMoreLate]).toEqual([2, 2, false]);
  });

  test("are not resends, corrected directions, doubtful times, nor what is before the start", async () => {
    using opened = await openComplete();
    const { storage } = opened;
    await storage.append([punchesFrom("A", [rawPunch("7", "20260302091000")], minutes(11))]);
    // Comes before it, and turns its direction.
    const early = punchesFrom("A", [rawPunch("7", "20260302090500")], minutes(11));
    await storage.append([early, early]);
    await storage.append([
      punchesFrom("A", [rawPunch("8", "20000101000000")], minutes(11)),
      punchesFrom("A", [rawPunch("8", "20991231000000")], minutes(11)),
      punchesFrom("A", [rawPunch("8", "20260110080000")], minutes(11)),
    ]);
    expect((await readFeed(storage)).map(({ revision }) => revision)).toContain(2);
    expect(await lateOnes(opened)).toEqual([]);
  });

  test("are told of whatever way they come, so also of those that a person enters", async () => {
    using opened = await openComplete();
    const punch = rawPunch("9", "20260302084500");
    const manual: ReceivedIntake = {
      ...punchesFrom("unknown", [punch], minutes(1)),
      driver: "manual",
      intake: { kind: "manual", deviceId: deviceId("unknown"), punch, raw: new Uint8Array() },
    };
    await arrive(opened, minutes(1), manual);
    expect(await lateOnes(opened)).toEqual(["unknown 084500 manual"]);
  });

  test("include what is released when a terminal with older punches is approved", async () => {
    using opened = await openComplete();
    await opened.reopen({ enrollment: "approve" });
    const { storage } = opened;
    const held = ["20260302070000", "20260302093000"].map((time) => rawPunch("5", time));
    await arrive(opened, minutes(31), punchesFrom("NEW", held, minutes(31)));
    await arrive(opened, minutes(32), poll("NEW", minutes(32)), poll("A", minutes(32)));
    await arrive(opened, minutes(32), poll("B", minutes(32)));
    expect(inMinutes(await read(opened)).site).toBe(32);
    expect(await lateOnes(opened)).toEqual([]);
    await opened.clock.advance(MINUTE_MS);
    await storage.approveDevice(deviceId("NEW"));
    await arrive(opened, minutes(33), poll("A", minutes(33)), poll("B", minutes(33)));
    await arrive(opened, minutes(33), poll("NEW", minutes(33)));
    const waiting = await read(opened);
    expect(inMinutes(waiting).site).toBe(32);
    expect(waiting).toMatchObject({
      heldBack: { deviceId: "NEW", reason: "being-released" },
      heldCount: 2,
    });
    await finishBackgroundWork(storage);
    expect(await lateOnes(opened)).toEqual(["NEW 070000 live", "NEW 093000 live"]);
    await opened.clock.advance(MINUTE_MS);
    expect(inMinutes(await read(opened)).site).toBe(33);
  });

  test("are read on from a revision, some at a time, the newest last", async () => {
    using opened = await openComplete();
    const late = ["080000", "081000", "082000"].map((time) => rawPunch("7", `20260302${time}`));
    await arrive(opened, minutes(1), punchesFrom("A", late, minutes(1)));
    const revisions = async (after: number, limit: number) => {
      const answer = await read(opened, after, limit);
      return [answer.late.map(({ revision }) => revision), answer.hasMoreLate, answer.lateRevision];
    };
    expect(await revisions(0, 2)).toEqual([[1, 2], true, 3]);
    expect(await revisions(2, 2)).toEqual([[3], false, 3]);
    expect(await revisions(3, 2)).toEqual([[], false, 3]);
    await opened.reopen();
    expect(await revisions(1, 1)).toEqual([[2], true, 3]);
  });
});
