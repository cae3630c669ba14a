/**
 * Aim: what a batch leaves in the database and what it answers, intake by intake: stored once,
 * duplicates and same-second punches told apart, unreadable ones kept, bugs contained, engine
 * failures never acknowledged.
 */

import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { renameSync, writeFileSync } from "node:fs";
import { epochMs } from "#base/epoch.ts";
import { deviceId } from "#domain/identifiers.ts";
import type { ReceivedIntake } from "#domain/intake.ts";
import {
  openTestStorage,
  outboxOf,
  punchesFrom,
  RECEIVED_AT_MS,
  rawPunch,
  readFeed,
  storedRawText,
} from "../support/test-storage.ts";

const GATE = deviceId("GATE1");

describe("append()", () => {
  test("stores a punch with the terminal's own words beside what is derived", async () => {
    using opened = openTestStorage();
    const raw = rawPunch("00000027", "20260302081504", { workCode: "5" });
    expect(await opened.storage.append([punchesFrom("GATE1", [raw])])).toEqual([
      { kind: "stored" },
    ]);
    const [punch] = await readFeed(opened.storage);
    expect(punch).toMatchObject({
      id: 1_000_001,
      feedPosition: 1,
      revision: 1,
      deviceId: "GATE1",
      userId: "27",
      userIdText: "00000027",
      wallTime: "20260302081504",
      wallTimeText: "20260302081504",
      timeZone: "Asia/Manila",
      instantMs: Date.UTC(2026, 2, 2, 0, 15, 4),
      receivedAtMs: RECEIVED_AT_MS,
      direction: "in",
      directionSource: "alternate",
      isRepeat: false,
      directionCode: "1",
      verifyModeCode: "3",
      codeLibrary: "FKDataHS101",
      workCode: "5",
      isHistoric: false,
      origin: "live",
    });
    expect(storedRawText(opened, punch?.id)).toBe(raw.rawText);
    expect(punch?.doubtfulTime).toBeUndefined();
  });

  test("answers a resend, also with other zeros, as a duplicate: one row, one delivery", async () => {
    using opened = openTestStorage();
    const first = punchesFrom("GATE1", [rawPunch("27", "20260302081504")]);
    const padded = punchesFrom("GATE1", [rawPunch("0027", "20260302081504")]);
    const outcomes = await opened.storage.append([first, first, padded]);
    expect(outcomes.map((outcome) => outcome.kind)).toEqual(["stored", "duplicate", "duplicate"]);
    expect(await opened.storage.append([first])).toEqual([{ kind: "duplicate" }]);
    expect(await readFeed(opened.storage)).toHaveLength(1);
    expect(await outboxOf(opened.storage).listWaitingDeliveries(GATE, 0, 10)).toHaveLength(1);
    expect((await opened.storage.findDevice(GATE))?.duplicateCount).toBe(3);
  });

  test("keeps leading zeros apart when the site says so", async () => {
    using opened = openTestStorage({ leadingZeros: "keep" });
    await opened.storage.append([
      punchesFrom("GATE1", [rawPunch("27", "20260302081504")]),
      punchesFrom("GATE1", [rawPunch("0027", "20260302081504")]),
    ]);
    expect((await readFeed(opened.storage)).map((punch) => punch.userId)).toEqual([
      "27",
      "0027",
    ] as never);
  });

  test("sends another event of the same user and second to quarantine, once", async () => {
    using opened = openTestStorage();
    const other = punchesFrom("GATE1", [
      rawPunch("27", "20260302081504", { verifyModeCode: "20" }),
    ]);
    const outcomes = await opened.storage.append([
      punchesFrom("GATE1", [rawPunch("27", "20260302081504")]),
      other,
      other,
    ]);
    expect(outcomes.map((outcome) => outcome.kind)).toEqual([
      "stored",
      "quarantined",
      "quarantined",
    ]);
    expect((await opened.storage.figures()).quarantineCount).toBe(1);
    expect(await readFeed(opened.storage)).toHaveLength(1);
  });

  test("takes the same user and second on another device as another punch", async () => {
    using opened = openTestStorage();
    await opened.storage.append([
      punchesFrom("GATE1", [rawPunch("27", "20260302081504")]),
      punchesFrom("GATE2", [rawPunch("27", "20260302081504")]),
    ]);
    expect((await readFeed(opened.storage)).map((punch) => punch.direction)).toEqual(["in", "out"]);
  });

  test.each([
    ["no user", rawPunch("", "20260302081504")],
    ["a time that is no time", rawPunch("27", "20260230081504")],
    ["no time", rawPunch("27", "", { wallTimeText: undefined })],
  ])("keeps a punch with %s raw and acknowledges it", async (_case, raw) => {
    using opened = openTestStorage();
    const received = punchesFrom("GATE1", [raw]);
    expect(await opened.storage.append([received])).toEqual([{ kind: "quarantined" }]);
    expect(await readFeed(opened.storage)).toHaveLength(0);
    expect(quarantinedBytes(opened.path)).toEqual([Buffer.from(received.intake.raw)]);
  });

  test("keeps an unreadable request of a known or unknown sender", async () => {
    using opened = openTestStorage();
    const unreadable = (device: string | undefined, text: string): ReceivedIntake => ({
      intake: {
        kind: "unreadable",
        deviceId: device === undefined ? undefined : deviceId(device),
        code: "body-not-json",
        reason: "Body is not JSON",
        raw: new TextEncoder().encode(text),
      },
      driver: "test",
      remoteAddress: "192.0.2.7",
      receivedAtMs: RECEIVED_AT_MS,
    });
    const outcomes = await opened.storage.append([
      unreadable("GATE1", "garbage"),
      unreadable(undefined, "garbage"),
      unreadable(undefined, "garbage"),
    ]);
    expect(outcomes.map((outcome) => outcome.kind)).toEqual(Array(3).fill("quarantined"));
    expect(quarantinedBytes(opened.path)).toHaveLength(2);
    expect(opened.log.of("quarantine.added")).toHaveLength(2);
  });

  test("quarantines the intake that trips a bug and stores its neighbours in the batch", async () => {
    using opened = openTestStorage();
    const planted = rawPunch("13", "20260302081505");
    Object.defineProperty(planted, "workCode", {
      get: () => {
        throw new Error("planted bug");
      },
    });
    const bad = punchesFrom("GATE1", [planted]);
    const outcomes = await opened.storage.append([
      punchesFrom("GATE1", [rawPunch("12", "20260302081504")]),
      bad,
      punchesFrom("GATE1", [rawPunch("14", "20260302081506")]),
    ]);
    expect(outcomes.map((outcome) => outcome.kind)).toEqual(["stored", "quarantined", "stored"]);
    const feed = await readFeed(opened.storage);
    expect(feed.map((punch) => [punch.userId as string, punch.feedPosition as number])).toEqual([
      ["12", 1],
      ["14", 2],
    ]);
    expect(quarantinedBytes(opened.path)).toEqual([Buffer.from(bad.intake.raw)]);
    expect(opened.log.of("intake.bug")).toHaveLength(1);
  });

  test("fails the whole batch and changes nothing when the engine cannot write", async () => {
    using opened = openTestStorage();
    await opened.storage.append([punchesFrom("GATE1", [rawPunch("1", "20260302081504")])]);
    const blocker = new Database(opened.path);
    blocker.run("BEGIN IMMEDIATE");
    const batch = [
      punchesFrom("GATE1", [rawPunch("2", "20260302081504")]),
      punchesFrom("NEW", [rawPunch("3", "20260302081504")]),
    ];
    expect(await opened.storage.append(batch)).toEqual([{ kind: "failed" }, { kind: "failed" }]);
    expect((await opened.storage.listDevices()).map((device) => device.id as string)).toEqual([
      "GATE1",
    ]);
    expect((await opened.storage.figures()).punchCount).toBe(1);
    expect(opened.log.of("storage.failed")[0]?.fields).toMatchObject({ code: "SQLITE_BUSY" });
    blocker.run("ROLLBACK");
    blocker.close();
    expect(await opened.storage.append(batch)).toEqual([{ kind: "stored" }, { kind: "stored" }]);
    const feed = await readFeed(opened.storage);
    expect(feed.map((punch) => [punch.id as number, punch.feedPosition as number])).toEqual([
      [1_000_001, 1],
      [1_000_002, 2],
      [1_000_003, 3],
    ]);
  });

  test("acknowledges nothing once the database was removed or replaced", async () => {
    using opened = openTestStorage();
    const first = punchesFrom("GATE1", [rawPunch("1", "20260302081504")]);
    const next = punchesFrom("GATE1", [rawPunch("2", "20260302081504")]);
    await opened.storage.append([first]);
    renameSync(opened.path, `${opened.path}.away`);
    expect(await opened.storage.append([next])).toEqual([{ kind: "failed" }]);
    writeFileSync(opened.path, "");
    expect(await opened.storage.append([next])).toEqual([{ kind: "failed" }]);
    await expect(opened.storage.probe()).rejects.toThrow("DBMOVED");
    renameSync(`${opened.path}.away`, opened.path);
    expect(await opened.storage.append([next])).toEqual([{ kind: "stored" }]);
  });

  test("keeps a punch of doubtful time in the feed, outside alternation", async () => {
    using opened = openTestStorage();
    await opened.storage.append([
      punchesFrom("GATE1", [rawPunch("7", "20260302080000")]),
      punchesFrom("GATE1", [rawPunch("7", "20000101000010")]),
      punchesFrom("GATE1", [rawPunch("7", "20260401080000")]),
      punchesFrom("GATE1", [rawPunch("7", "20260302083000")]),
    ]);
    const feed = await readFeed(opened.storage);
    expect(feed.map((punch) => [punch.direction, punch.doubtfulTime])).toEqual([
      ["in", undefined],
      [undefined, "before-2020"],
      [undefined, "future"],
      ["out", undefined],
    ]);
    expect(await outboxOf(opened.storage).listWaitingDeliveries(GATE, 0, 10)).toHaveLength(4);
  });

  test("takes a resend of a future punch as the same one after the device's clock was set", async () => {
    using opened = openTestStorage();
    const future = punchesFrom("GATE1", [rawPunch("7", "20990101080000")]);
    const poll = (clockText: string): ReceivedIntake => ({
      ...future,
      intake: { kind: "poll", deviceId: GATE, report: { clockText }, raw: new Uint8Array() },
    });
    await opened.storage.append([poll("20990101080000"), future, poll("20260302090000"), future]);
    expect(await readFeed(opened.storage)).toHaveLength(1);
  });

  test("takes the same reading of a clock that was reset twice as two punches", async () => {
    using opened = openTestStorage();
    const reset = punchesFrom("GATE1", [rawPunch("7", "20000101000010")]);
    const poll = (clockText: string): ReceivedIntake => ({
      ...reset,
      intake: { kind: "poll", deviceId: GATE, report: { clockText }, raw: new Uint8Array() },
    });
    await opened.storage.append([
      poll("20260302080000"),
      poll("20000101000000"),
      reset,
      poll("20260302090000"),
      poll("20000101000000"),
      reset,
      reset,
    ]);
    expect(await readFeed(opened.storage)).toHaveLength(2);
  });

  test("believes no future while its own clock is not trusted", async () => {
    using opened = openTestStorage({}, false);
    await opened.storage.append([punchesFrom("GATE1", [rawPunch("7", "20260401080000")])]);
    expect((await readFeed(opened.storage))[0]?.doubtfulTime).toBeUndefined();
  });

  test("puts punches before the start date into the feed and not into the outbox", async () => {
    using opened = openTestStorage();
    await opened.storage.append([
      punchesFrom("GATE1", [rawPunch("7", "20260125080000")]),
      punchesFrom("GATE1", [rawPunch("7", "20260302080000")]),
    ]);
    const feed = await readFeed(opened.storage);
    expect(feed.map((punch) => punch.isHistoric)).toEqual([true, false]);
    const waiting = await outboxOf(opened.storage).listWaitingDeliveries(GATE, 0, 10);
    expect(waiting.map((delivery) => delivery.punch?.wallTime as string)).toEqual([
      "20260302080000",
    ]);
  });

  test("has no outbox without an endpoint", async () => {
    using opened = openTestStorage({ endpoint: undefined });
    await opened.storage.append([punchesFrom("GATE1", [rawPunch("7", "20260302080000")])]);
    expect(await outboxOf(opened.storage).listDevicesWithDeliveries()).toEqual([]);
  });

  test("keeps punches, counters and devices over a restart", async () => {
    using opened = openTestStorage();
    await opened.storage.append([punchesFrom("GATE1", [rawPunch("7", "20260302080000")])]);
    const epoch = opened.storage.feedEpoch;
    await opened.reopen();
    expect(opened.storage.feedEpoch).toBe(epoch);
    await opened.storage.append([punchesFrom("GATE1", [rawPunch("7", "20260302090000")])]);
    const feed = await readFeed(opened.storage);
    expect(feed.map((punch) => [punch.id as number, punch.direction])).toEqual([
      [1_000_001, "in"],
      [1_000_002, "out"],
    ]);
  });

  test("refuses what the quarantine has no room for", async () => {
    using opened = openTestStorage({ quarantineBytesMax: 860 });
    const bad = (text: string) => punchesFrom("GATE1", [rawPunch("", text)]);
    const outcomes = await opened.storage.append([bad("1"), bad("2"), bad("3")]);
    expect(outcomes).toEqual([
      { kind: "quarantined" },
      { kind: "quarantined" },
      { kind: "refused", code: "quarantine-full" },
    ]);
  });

  test("counts what each row takes beside its bytes, so that small ones are not without end", async () => {
    using opened = openTestStorage({ quarantineBytesMax: 100_000, enrollment: "approve" });
    const nobody = (index: number): ReceivedIntake => ({
      ...punchesFrom("NEW", []),
      intake: {
        kind: "unreadable",
        deviceId: undefined,
        code: "no-device-id",
        reason: "No dev_id",
        raw: Buffer.from(String(index)),
      },
    });
    const kept = async (count: number, make: (index: number) => ReceivedIntake) => {
      const batch = Array.from({ length: count }, (_, index) => make(index));
      const outcomes = await opened.storage.append(batch);
      return outcomes.filter(({ kind }) => kind === "quarantined").length;
    };
    expect(await kept(300, nobody)).toBe(124);
    await opened.storage.append([punchesFrom("GATE1", [rawPunch("1", "20260302080000")])]);
    await opened.storage.approveDevice(GATE);
    const bad = (index: number) =>
      punchesFrom("GATE1", [rawPunch("", "1", { rawText: String(index) })]);
    expect(await kept(300, bad)).toBe(124);
    expect((await opened.storage.figures()).quarantineCount).toBe(248);
  });

  test("acknowledges a resend of what it keeps already although the quarantine is full", async () => {
    using opened = openTestStorage({ quarantineBytesMax: 860 });
    const bad = (text: string) => punchesFrom("GATE1", [rawPunch("", text)]);
    await opened.storage.append([bad("1"), bad("2")]);
    expect(await opened.storage.append([bad("1"), bad("3")])).toEqual([
      { kind: "quarantined" },
      { kind: "refused", code: "quarantine-full" },
    ]);
  });

  test("keeps why a driver could not read what names no terminal", async () => {
    using opened = openTestStorage();
    const why = { code: "text-not-json", reason: "The text is not JSON" };
    const raw = new Uint8Array(10);
    await opened.storage.append([
      {
        ...punchesFrom("GATE1", []),
        intake: { kind: "unreadable", deviceId: undefined, ...why, raw },
      },
    ]);
    using database = new Database(opened.path, { readonly: true });
    expect(database.query("SELECT device_id, code, reason FROM quarantine").values()).toEqual([
      ["", why.code, why.reason],
    ]);
    expect(opened.log.of("quarantine.added").map(({ fields }) => fields.detail)).toEqual([
      "text-not-json: The text is not JSON",
    ]);
  });

  test("keeps half of the quarantine for devices that somebody approved", async () => {
    using opened = openTestStorage({ quarantineBytesMax: 2600, enrollment: "approve" });
    const bad = (device: string, text: string) =>
      punchesFrom(device, [rawPunch("", text, { rawText: text.padEnd(300, "x") })]);
    const nobody = (text: string): ReceivedIntake => ({
      ...bad("NEW", text),
      intake: {
        kind: "unreadable",
        deviceId: undefined,
        code: "no-device-id",
        reason: "No dev_id",
        raw: new Uint8Array(150).fill(text.charCodeAt(0)),
      },
    });
    await opened.storage.append([punchesFrom("GATE1", [rawPunch("1", "20260302080000")])]);
    await opened.storage.approveDevice(GATE);
    const outcomes = await opened.storage.append([
      bad("NEW", "1"),
      nobody("2"),
      nobody("3"),
      bad("GATE1", "4"),
    ]);
    expect(outcomes).toEqual([
      { kind: "quarantined" },
      { kind: "quarantined" },
      { kind: "refused", code: "quarantine-full" },
      { kind: "quarantined" },
    ]);
  });

  test("stores all punches of one request or, where there is no room, none", async () => {
    using opened = openTestStorage({ enrollment: "approve", pendingPunchesMax: 2 });
    const outcomes = await opened.storage.append([
      punchesFrom("NEW", [
        rawPunch("1", "20260302080001"),
        rawPunch("2", "20260302080002"),
        rawPunch("3", "20260302080003"),
      ]),
    ]);
    expect(outcomes).toEqual([{ kind: "refused", code: "pending-punches-full" }]);
    expect((await opened.storage.figures()).heldCount).toBe(0);
  });

  test("counts notices and keeps the first texts of undocumented ones", async () => {
    using opened = openTestStorage();
    const notice = (code: string, known: boolean, text: string): ReceivedIntake => ({
      intake: {
        kind: "notice",
        deviceId: GATE,
        code,
        known,
        text,
        raw: new TextEncoder().encode(text),
      },
      driver: "test",
      remoteAddress: "192.0.2.7",
      receivedAtMs: epochMs(RECEIVED_AT_MS),
    });
    const batch = [
      notice("realtime_door_status", true, "{}"),
      ...Array.from({ length: 102 }, (_, index) => notice("mystery", false, `{"n":${index}}`)),
    ];
    const outcomes = await opened.storage.append(batch);
    expect(new Set(outcomes.map((outcome) => outcome.kind))).toEqual(new Set(["stored"]));
    const database = new Database(opened.path, { readonly: true });
    expect(
      database.query("SELECT code, notice_count FROM notice_counts ORDER BY code").values(),
    ).toEqual([
      ["mystery", 102],
      ["realtime_door_status", 1],
    ]);
    expect(database.query("SELECT count(*) FROM notice_texts").values()).toEqual([[100]]);
    database.close();
  });
});

describe("append() of notices", () => {
  test("only counts texts beyond the room for them", async () => {
    using opened = openTestStorage({ noticeTextBytesMax: 25 });
    const notice = (text: string): ReceivedIntake => ({
      intake: {
        kind: "notice",
        deviceId: GATE,
        code: "mystery",
        known: false,
        text,
        raw: new Uint8Array(),
      },
      driver: "test",
      remoteAddress: "192.0.2.7",
      receivedAtMs: RECEIVED_AT_MS,
    });
    const outcomes = await opened.storage.append([
      notice("0123456789"),
      notice("0123456789"),
      notice("0123456789"),
    ]);
    expect(outcomes.map((outcome) => outcome.kind)).toEqual(["stored", "stored", "stored"]);
    const database = new Database(opened.path, { readonly: true });
    expect(database.query("SELECT count(*) FROM notice_texts").values()).toEqual([[2]]);
    expect(database.query("SELECT notice_count FROM notice_counts").values()).toEqual([[3]]);
    database.close();
  });
});

function quarantinedBytes(path: string): readonly Buffer[] {
  const database = new Database(path, { readonly: true });
  const rows = database.query<{ bytes: Uint8Array }, []>("SELECT bytes FROM quarantine").all();
  database.close();
  return rows.map((row) => Buffer.from(row.bytes));
}
