/**
 * Aim: the pages that the HRIS and the dispatcher read: filters, order, cursors, counts, results.
 */

import { describe, expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import { deviceId, feedPosition, userId } from "#domain/identifiers.ts";
import type { Storage } from "#storage/storage.ts";
import {
  endedTry,
  openTestStorage,
  outboxOf,
  punchesFrom,
  RECEIVED_AT_MS,
  rawPunch,
} from "../support/test-storage.ts";

const GATE1 = deviceId("GATE1");

async function fill(storage: Storage): Promise<void> {
  await storage.append([
    punchesFrom("GATE1", [rawPunch("7", "20260301235959")]),
    punchesFrom("GATE1", [rawPunch("8", "20260302000000")]),
    punchesFrom("GATE2", [rawPunch("7", "20260302080000")]),
    punchesFrom("GATE2", [rawPunch("9", "20260302080000")]),
    punchesFrom("GATE1", [rawPunch("7", "20260302170000")]),
  ]);
}

const ALL = { limit: 100, offset: 0, before: undefined };

describe("listLogs()", () => {
  test("orders by wall time, latest first, ties by id", async () => {
    using opened = openTestStorage();
    await fill(opened.storage);
    const logs = await opened.storage.listLogs({}, ALL);
    expect(logs.map((punch) => `${punch.wallTime} ${punch.userId}`)).toEqual([
      "20260302170000 7",
      "20260302080000 9",
      "20260302080000 7",
      "20260302000000 8",
      "20260301235959 7",
    ]);
  });

  test("filters before it pages, and goes on behind a cursor", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await fill(storage);
    const ofSeven = { userId: userId("7") };
    const first = await storage.listLogs(ofSeven, { limit: 2, offset: 0, before: undefined });
    expect(first.map((punch) => punch.wallTime as string)).toEqual([
      "20260302170000",
      "20260302080000",
    ]);
    const last = first[1];
    if (last === undefined) throw new Error("The page is short");
    const next = await storage.listLogs(ofSeven, {
      limit: 2,
      offset: 0,
      before: { wallTime: last.wallTime, id: last.id },
    });
    expect(next.map((punch) => punch.wallTime as string)).toEqual(["20260301235959"]);
    const skipped = await storage.listLogs(ofSeven, { limit: 2, offset: 2, before: undefined });
    expect(skipped).toEqual(next);
  });

  test("takes instants as the bounds: a Manila day is one day of punches", async () => {
    using opened = openTestStorage();
    await fill(opened.storage);
    const day = {
      fromMs: epochMs(Date.UTC(2026, 2, 1, 16)),
      beforeMs: epochMs(Date.UTC(2026, 2, 2, 16)),
    };
    expect(await opened.storage.listLogs(day, ALL)).toHaveLength(4);
    expect(await opened.storage.countLogs(day)).toBe(4);
    expect(await opened.storage.countLogs({ ...day, deviceId: GATE1 })).toBe(2);
    expect(await opened.storage.countLogs({})).toBe(5);
  });
});

describe("listPunchesAfter()", () => {
  test("pages through the feed without a gap and says whether more is there", async () => {
    using opened = openTestStorage();
    await fill(opened.storage);
    const first = await opened.storage.listPunchesAfter(feedPosition(0), 3, {});
    expect(first).toMatchObject({ hasMore: true, nextAfter: 3 });
    const second = await opened.storage.listPunchesAfter(first.nextAfter, 3, {});
    expect(second).toMatchObject({ hasMore: false, nextAfter: 5 });
    const third = await opened.storage.listPunchesAfter(second.nextAfter, 3, {});
    expect(third).toMatchObject({ hasMore: false, nextAfter: 5, punches: [] });
  });

  test("filters by device, user, time and direction", async () => {
    using opened = openTestStorage();
    await fill(opened.storage);
    const count = async (filter: Parameters<Storage["listPunchesAfter"]>[2]) =>
      (await opened.storage.listPunchesAfter(feedPosition(0), 10, filter)).punches.length;
    expect(await count({ deviceId: GATE1 })).toBe(3);
    expect(await count({ userId: userId("7") })).toBe(3);
    expect(await count({ direction: "out" })).toBe(1);
    expect(await count({ fromMs: epochMs(Date.UTC(2026, 2, 2, 0)) })).toBe(3);
    expect(await count({ beforeMs: epochMs(Date.UTC(2026, 2, 1, 16)) })).toBe(1);
  });
});

describe("listPunchedUsers()", () => {
  test("names each user with a released punch once", async () => {
    using opened = openTestStorage();
    await fill(opened.storage);
    const users = async (device: typeof GATE1 | undefined) =>
      (await opened.storage.listPunchedUsers(device)).map(String);
    expect(await users(undefined)).toEqual(["7", "8", "9"]);
    expect(await users(GATE1)).toEqual(["7", "8"]);
    expect(await users(deviceId("NONE"))).toEqual([]);
  });
});

describe("recordAttempts()", () => {
  test("ends a delivery, puts one off, parks one, and counts what waits", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await fill(storage);
    const waiting = await outboxOf(storage).listWaitingDeliveries(GATE1, 0, 10);
    const ids = waiting.map((delivery) => delivery.id);
    expect(new Set(waiting.map((delivery) => delivery.eventId)).size).toBe(3);
    const [delivered, refused, parked] = ids;
    if (delivered === undefined || refused === undefined || parked === undefined) {
      throw new Error("Three deliveries were expected");
    }
    const nextAttemptAtMs = epochMs(RECEIVED_AT_MS + 5_000);
    const records = [
      { kind: "delivered", ...endedTry(delivered, { httpStatus: 204 }) },
      { kind: "refused", ...endedTry(refused, { httpStatus: 422 }), nextAttemptAtMs },
      { kind: "parked", ...endedTry(parked, { httpStatus: 422 }) },
    ] as const;
    await outboxOf(storage).recordAttempts(records);
    const left = await outboxOf(storage).listWaitingDeliveries(GATE1, 0, 10);
    expect(left.map(({ id, attemptCount }) => ({ id, attemptCount }))).toEqual([
      { id: refused, attemptCount: 1 },
    ]);
    expect(left[0]?.nextAttemptAtMs).toBe(nextAttemptAtMs);
    await outboxOf(storage).recordAttempts([records[0], records[2]]);
    expect(await storage.figures()).toMatchObject({ deliveriesWaiting: 3, deliveriesParked: 1 });
    expect((await outboxOf(storage).listDevicesWithDeliveries()).map(String)).toEqual([
      "GATE1",
      "GATE2",
    ]);
  });
});
