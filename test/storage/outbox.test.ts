/**
 * Aim: parked deliveries are put back among the waiting ones, oldest first and no more than asked
 * for, with every total right, also after a restart.
 */

import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import { deviceId } from "#domain/identifiers.ts";
import type { AttemptRecord, Storage } from "#storage/storage.ts";
import {
  openTestStorage,
  outboxOf,
  punchesFrom,
  RECEIVED_AT_MS,
  rawPunch,
} from "../support/test-storage.ts";

const GATE = deviceId("GATE1");

/** Stores `count` punches and parks the deliveries of all of them after 4 refusals each. */
async function storeParked(storage: Storage, count: number): Promise<void> {
  for (let user = 1; user <= count; user += 1) {
    await storage.append([punchesFrom("GATE1", [rawPunch(String(user), "20260302081504")])]);
  }
  const waiting = await outboxOf(storage).listWaitingDeliveries(GATE, 0, 1000);
  const tries = waiting.flatMap(({ id }): AttemptRecord[] => {
    const refused = { deliveryId: id, atMs: RECEIVED_AT_MS, httpStatus: 422 };
    const later = { ...refused, kind: "refused", nextAttemptAtMs: epochMs(1) } as const;
    return [later, later, later, { ...refused, kind: "parked" }];
  });
  await outboxOf(storage).recordAttempts(tries);
}

async function totals(storage: Storage) {
  const { deliveriesWaiting, deliveriesParked } = await storage.figures();
  return { deliveriesWaiting, deliveriesParked };
}

describe("requeueParkedDeliveries()", () => {
  test("puts the oldest back, at most as many as asked for, due at once", async () => {
    using opened = openTestStorage();
    await storeParked(opened.storage, 5);
    expect(await totals(opened.storage)).toEqual({ deliveriesWaiting: 0, deliveriesParked: 5 });
    expect(await outboxOf(opened.storage).requeueParkedDeliveries(2)).toBe(2);
    const waiting = await outboxOf(opened.storage).listWaitingDeliveries(GATE, 0, 10);
    expect(
      waiting.map(({ punch, attemptCount, nextAttemptAtMs }) => [
        punch?.userId,
        attemptCount,
        nextAttemptAtMs,
      ]),
    ).toEqual([
      ["1", 4, 0],
      ["2", 4, 0],
    ] as never);
    expect(await totals(opened.storage)).toEqual({ deliveriesWaiting: 2, deliveriesParked: 3 });
    await opened.reopen();
    expect(await totals(opened.storage)).toEqual({ deliveriesWaiting: 2, deliveriesParked: 3 });
  });

  test("puts all back when asked for more, and then none", async () => {
    using opened = openTestStorage();
    await storeParked(opened.storage, 3);
    expect(await outboxOf(opened.storage).requeueParkedDeliveries(1000)).toBe(3);
    expect(await outboxOf(opened.storage).requeueParkedDeliveries(1000)).toBe(0);
    expect(await totals(opened.storage)).toEqual({ deliveriesWaiting: 3, deliveriesParked: 0 });
  });

  test("puts none back when asked for none", async () => {
    using opened = openTestStorage();
    await storeParked(opened.storage, 1);
    expect(await outboxOf(opened.storage).requeueParkedDeliveries(0)).toBe(0);
    expect(await totals(opened.storage)).toEqual({ deliveriesWaiting: 0, deliveriesParked: 1 });
  });

  test("keeps the id of the event, so that the receiver knows it again", async () => {
    using opened = openTestStorage();
    await opened.storage.append([punchesFrom("GATE1", [rawPunch("1", "20260302081504")])]);
    const [before] = await outboxOf(opened.storage).listWaitingDeliveries(GATE, 0, 10);
    const { id: deliveryId = 0 } = before ?? {};
    const refusal = { deliveryId, atMs: RECEIVED_AT_MS, httpStatus: 422 };
    await outboxOf(opened.storage).recordAttempts([{ kind: "parked", ...refusal }]);
    await outboxOf(opened.storage).requeueParkedDeliveries(1);
    const [after] = await outboxOf(opened.storage).listWaitingDeliveries(GATE, 0, 10);
    expect(after?.eventId).toBe(before?.eventId ?? "");
    expect(after?.eventAtMs).toBe(before?.eventAtMs ?? epochMs(0));
  });

  test("finds parked deliveries by an index, however many were delivered", () => {
    using opened = openTestStorage();
    using database = new Database(opened.path);
    const plan = database
      .query<{ detail: string }, []>(
        "EXPLAIN QUERY PLAN SELECT id FROM deliveries WHERE status = 'parked' AND endpoint_id = 1 ORDER BY id LIMIT 10",
      )
      .all();
    expect(plan.map(({ detail }) => detail).join()).toContain("INDEX deliveries_refused");
  });
});
