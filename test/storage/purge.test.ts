/**
 * Aim: what is older than the site keeps it goes, and nothing that somebody still has to get; a user
 * who is purged leaves no trace but the audit, and everybody else is as before.
 */

import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { type EpochMs, epochMs } from "#base/epoch.ts";
import { deviceId, userId } from "#domain/identifiers.ts";
import { siteDateAt } from "#domain/site-day.ts";
import type { Storage } from "#storage/storage.ts";
import {
  endedTry,
  finishBackgroundWork,
  openTestStorage,
  outboxOf,
  punchesFrom,
  RECEIVED_AT_MS,
  rawPunch,
  readFeed,
  type TestStorage,
} from "../support/test-storage.ts";

const DAY_MS = 86_400_000;
const daysLater = (days: number) => epochMs(RECEIVED_AT_MS + days * DAY_MS);
const SAYS_NOTHING = { department: undefined, isEnabled: undefined, furtherFields: {} };
const NO_WEBHOOK = { endpoint: undefined };

async function store(
  storage: Storage,
  punches: readonly (readonly [user: string, wallTime: string])[],
  receivedAtMs: EpochMs = RECEIVED_AT_MS,
): Promise<void> {
  const raw = punches.map(([user, wallTime]) => rawPunch(user, wallTime));
  await storage.append([punchesFrom("GATE1", raw, receivedAtMs)]);
  await finishBackgroundWork(storage);
}

/** Purges until nothing is left to do, and gives how many punches went, or that none may. */
async function purge(storage: Storage, beforeMs: EpochMs): Promise<number | "waits"> {
  let count = 0;
  for (;;) {
    const step = await storage.purgePunches(beforeMs);
    if (step.kind === "waits") return "waits";
    count += step.count;
    if (!step.hasMore) return count;
  }
}

const wallTimesOf = async (storage: Storage) =>
  (await readFeed(storage)).map((punch) => punch.wallTime as string);

/** Who did what to whom. */
function auditOf({ path }: TestStorage): readonly string[] {
  using database = new Database(path, { readonly: true });
  const sql =
    "SELECT actor || ' ' || action || ' ' || subject AS text FROM audit_entries ORDER BY id";
  return database
    .query<{ text: string }, []>(sql)
    .all()
    .map(({ text }) => text);
}

describe("purgePunches()", () => {
  test("takes what is older by its time and by its arrival, and counts it", async () => {
    using opened = openTestStorage(NO_WEBHOOK);
    const { storage } = opened;
    await store(storage, [
      ["1", "20260228080000"],
      ["1", "20260301080000"],
      ["1", "20260302080000"],
    ]);
    // An old record that was found late is kept as long as any other.
    await store(storage, [["2", "20260228090000"]], daysLater(3));
    // The end of March 1 in Manila is at 16:00 UTC: the first two are before it, but came later.
    expect(await purge(storage, epochMs(Date.UTC(2026, 2, 1, 16)))).toBe(0);
    expect(await purge(storage, daysLater(1))).toBe(3);
    expect(await wallTimesOf(storage)).toEqual(["20260228090000"]);
    expect((await storage.figures()).punchCount).toBe(1);
    await opened.reopen();
    expect((await opened.storage.figures()).punchCount).toBe(1);
    expect(await purge(opened.storage, daysLater(4))).toBe(1);
  });

  test("is exact to the millisecond of a punch's time, wherever its clock hangs", async () => {
    using opened = openTestStorage({ ...NO_WEBHOOK, siteTimeZone: "Pacific/Kiritimati" });
    const { storage } = opened;
    await store(storage, [["1", "20260302220000"]], epochMs(0));
    const instantMs = Date.UTC(2026, 2, 2, 8);
    expect(await purge(storage, epochMs(instantMs))).toBe(0);
    expect(await purge(storage, epochMs(instantMs + 1))).toBe(1);
  });

  test("goes through more than a step's worth, and on behind what stays", async () => {
    using opened = openTestStorage(NO_WEBHOOK);
    const { storage } = opened;
    const wallTime = (index: number) =>
      `202603020${Math.floor(index / 60)}${String(index % 60).padStart(2, "0")}00`;
    const punches = Array.from({ length: 250 }, (_, index) => ["1", wallTime(index)] as const);
    await store(storage, punches.slice(0, 120), daysLater(2));
    await store(storage, punches.slice(120));
    expect(await purge(storage, daysLater(1))).toBe(130);
    expect(await wallTimesOf(storage)).toHaveLength(120);
  });

  test("keeps a punch whose message waits or is parked, and takes it once it was delivered", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await store(storage, [
      ["1", "20260302080000"],
      ["2", "20260302080001"],
    ]);
    const [first, second] = await outboxOf(storage).listWaitingDeliveries(deviceId("GATE1"), 0, 10);
    const firstId = first?.id ?? 0;
    const secondId = second?.id ?? 0;
    await outboxOf(storage).recordAttempts([
      { kind: "parked", ...endedTry(firstId, { httpStatus: 400 }) },
    ]);
    expect(await purge(storage, daysLater(1))).toBe(0);
    await outboxOf(storage).recordAttempts([{ kind: "delivered", ...endedTry(secondId) }]);
    expect(await purge(storage, daysLater(1))).toBe(1);
    expect(await wallTimesOf(storage)).toEqual(["20260302080000"]);
  });

  test("keeps what waits once more since the walk began", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    const wallTime = (index: number) =>
      `202603020${Math.floor(index / 60)}${String(index % 60).padStart(2, "0")}00`;
    await store(
      storage,
      Array.from({ length: 120 }, (_, index) => ["1", wallTime(index)] as const),
    );
    const waiting = await outboxOf(storage).listWaitingDeliveries(deviceId("GATE1"), 0, 200);
    await outboxOf(storage).recordAttempts(
      waiting.map(({ id }) => ({ kind: "delivered", ...endedTry(id) }) as const),
    );
    expect(await storage.purgePunches(daysLater(1))).toMatchObject({ count: 100, hasMore: true });
    const ids = waiting.slice(-3).map(({ id }) => id);
    await outboxOf(storage).redeliver({ kind: "ids", ids }, 0);
    expect(await purge(storage, daysLater(1))).toBe(17);
    expect(await wallTimesOf(storage)).toEqual([117, 118, 119].map(wallTime));
  });

  test("takes nothing while history is being sent, or an endpoint is being filled", async () => {
    using opened = openTestStorage({ historyMs: 0 });
    const { storage } = opened;
    await store(storage, [["1", "20260301080000"]]);
    expect(await storage.sendHistory(deviceId("GATE1"), undefined)).toBe("done");
    expect(await purge(storage, daysLater(1))).toBe("waits");
    await finishBackgroundWork(storage);
    expect(await purge(storage, daysLater(1))).toBe(0);
    expect(await wallTimesOf(storage)).toEqual(["20260301080000"]);
  });

  test("never takes what is held for a terminal that nobody approved", async () => {
    using opened = openTestStorage({ ...NO_WEBHOOK, enrollment: "approve" });
    const { storage } = opened;
    await store(storage, [["1", "20260302080000"]]);
    expect(await purge(storage, daysLater(1))).toBe(0);
    await storage.approveDevice(deviceId("GATE1"));
    await finishBackgroundWork(storage);
    expect(await wallTimesOf(storage)).toEqual(["20260302080000"]);
  });
});

describe("purgeUser()", () => {
  const purgeUser = (opened: TestStorage, id: string) =>
    opened.storage.purgeUser(userId(id), { actor: "operator", clock: opened.clock });

  test("leaves nothing of the user in the file, and all of the others", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await store(storage, [
      ["777001", "20260302080000"],
      ["2", "20260302080001"],
      ["777001", "20260302080002"],
    ]);
    await storage.syncUsers([{ ...SAYS_NOTHING, id: userId("777001"), name: "Xochitl Marker" }], {
      atMs: RECEIVED_AT_MS,
      siteDay: siteDateAt(RECEIVED_AT_MS, "UTC"),
      errorCount: 0,
    });
    const waiting = await outboxOf(storage).listWaitingDeliveries(deviceId("GATE1"), 0, 10);
    const ids = waiting.map(({ id }) => id);
    await outboxOf(storage).recordAttempts([
      { kind: "delivered", ...endedTry(ids[0] ?? 0, { bodyText: '{"user": 777001}' }) },
      { kind: "delivered", ...endedTry(ids[1] ?? 0) },
    ]);
    expect(await purgeUser(opened, "777001")).toEqual({
      punchCount: 2,
      deliveryCount: 2,
      enrollmentCount: 0,
      commandCount: 0,
      wasKnown: true,
    });
    expect(await wallTimesOf(storage)).toEqual(["20260302080001"]);
    expect(await storage.figures()).toMatchObject({
      punchCount: 1,
      deliveriesWaiting: 0,
      ledgerBytes: `{"delivery": ${ids[1]}}`.length + 100 + "ok".length + 60,
    });
    expect(await storage.listUserIds()).toEqual([]);
    expect(auditOf(opened)).toEqual([
      "operator user.purge-begun 777001",
      "operator user.purged 777001",
    ]);
    await opened.reopen({}, async () => {
      const file = await Bun.file(opened.path).text();
      expect(file.includes("Xochitl")).toBe(false);
      // The audit has it as the subject of both entries.
      expect(file.split("777001").length - 1).toBe(2);
    });
  });

  test("takes parked and held ones along, and lets the counts be right", async () => {
    using opened = openTestStorage({ enrollment: "approve" });
    const { storage } = opened;
    await store(storage, [
      ["5", "20260302080000"],
      ["6", "20260302080001"],
    ]);
    expect((await purgeUser(opened, "5")).punchCount).toBe(1);
    expect(await storage.figures()).toMatchObject({ heldCount: 1, punchCount: 0 });
    await storage.approveDevice(deviceId("GATE1"));
    await finishBackgroundWork(storage);
    expect(await storage.figures()).toMatchObject({ heldCount: 0, punchCount: 1 });

    const [waiting] = await outboxOf(storage).listWaitingDeliveries(deviceId("GATE1"), 0, 10);
    const id = waiting?.id ?? 0;
    await outboxOf(storage).recordAttempts([
      { kind: "parked", ...endedTry(id, { httpStatus: 400 }) },
    ]);
    expect(await purgeUser(opened, "6")).toMatchObject({ punchCount: 1, deliveryCount: 1 });
    expect(await storage.figures()).toMatchObject({ deliveriesParked: 0, ledgerBytes: 0 });
    // A try that was under way meanwhile comes to nothing.
    await outboxOf(storage).recordAttempts([{ kind: "delivered", ...endedTry(id) }]);
    expect(await storage.figures()).toMatchObject({ deliveriesWaiting: 0, punchCount: 0 });
  });

  test("gives the number of a message that is gone to no other while tries may be under way", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await store(storage, [["5", "20260302080000"]]);
    const [purged] = await outboxOf(storage).listWaitingDeliveries(deviceId("GATE1"), 0, 10);
    const purgedId = purged?.id ?? 0;
    await purgeUser(opened, "5");
    await store(storage, [["6", "20260302080001"]]);
    await outboxOf(storage).recordAttempts([{ kind: "delivered", ...endedTry(purgedId) }]);
    expect(await storage.figures()).toMatchObject({ deliveriesWaiting: 1, deliveriesParked: 0 });
    // A lane reads on behind what it has passed.
    const behind = await outboxOf(storage).listWaitingDeliveries(deviceId("GATE1"), purgedId, 10);
    expect(behind.map(({ punch }) => punch?.userId as string)).toEqual(["6"]);
  });

  test("asked again, and of nobody, it does nothing but say so", async () => {
    using opened = openTestStorage();
    await store(opened.storage, [["5", "20260302080000"]]);
    await purgeUser(opened, "5");
    expect(await purgeUser(opened, "5")).toMatchObject({ punchCount: 0, wasKnown: false });
    // What comes later is a punch like any other.
    await store(opened.storage, [["5", "20260302080500"]]);
    expect(await wallTimesOf(opened.storage)).toEqual(["20260302080500"]);
  });

  test("goes through more punches and messages than a step takes", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    const wallTime = (index: number) =>
      `202603020${Math.floor(index / 60)}${String(index % 60).padStart(2, "0")}00`;
    await store(
      storage,
      Array.from({ length: 400 }, (_, index) => [index % 2 === 0 ? "5" : "6", wallTime(index)]),
    );
    expect(await purgeUser(opened, "5")).toMatchObject({ punchCount: 200, deliveryCount: 200 });
    expect(await storage.figures()).toMatchObject({ punchCount: 200, deliveriesWaiting: 200 });
  });
});
