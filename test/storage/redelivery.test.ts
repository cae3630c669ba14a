/**
 * Aim: messages wait once more as they were asked for, oldest first and no more than asked for, with
 * every total right, also after a restart; and none is sent after the one that took its place.
 */

import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import { deviceId } from "#domain/identifiers.ts";
import { endpointId } from "#domain/webhook-endpoint.ts";
import type { AttemptRecord, RedeliverySelection } from "#storage/endpoint-outbox.ts";
import type { Storage } from "#storage/storage.ts";
import {
  endedTry,
  openTestStorage,
  outboxOf,
  punchesFrom,
  RECEIVED_AT_MS,
  rawPunch,
} from "../support/test-storage.ts";
import { addCorrection, deliver, park, statusesOf, storeMessages } from "./ledger-fixture.ts";

const GATE = deviceId("GATE1");

/** Stores `count` punches and parks the deliveries of all of them after 4 refusals each. */
async function storeParked(storage: Storage, count: number): Promise<void> {
  for (let user = 1; user <= count; user += 1) {
    await storage.append([punchesFrom("GATE1", [rawPunch(String(user), "20260302081504")])]);
  }
  const waiting = await outboxOf(storage).listWaitingDeliveries(GATE, 0, 1000);
  const tries = waiting.flatMap(({ id }): AttemptRecord[] => {
    const refused = endedTry(id, { httpStatus: 422 });
    const later = { ...refused, kind: "refused", nextAttemptAtMs: epochMs(1) } as const;
    return [later, later, later, { ...refused, kind: "parked" }];
  });
  await outboxOf(storage).recordAttempts(tries);
}

async function requeue(storage: Storage, limit: number): Promise<number> {
  const { requeuedCount } = await outboxOf(storage).requeueParkedDeliveries(limit, 0);
  return requeuedCount;
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
    expect(await requeue(opened.storage, 2)).toBe(2);
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
    expect(await requeue(opened.storage, 1000)).toBe(3);
    expect(await requeue(opened.storage, 1000)).toBe(0);
    expect(await totals(opened.storage)).toEqual({ deliveriesWaiting: 3, deliveriesParked: 0 });
  });

  test("puts none back when asked for none", async () => {
    using opened = openTestStorage();
    await storeParked(opened.storage, 1);
    expect(await requeue(opened.storage, 0)).toBe(0);
    expect(await totals(opened.storage)).toEqual({ deliveriesWaiting: 0, deliveriesParked: 1 });
  });

  test("keeps the id of the event, so that the receiver knows it again", async () => {
    using opened = openTestStorage();
    await opened.storage.append([punchesFrom("GATE1", [rawPunch("1", "20260302081504")])]);
    const [before] = await outboxOf(opened.storage).listWaitingDeliveries(GATE, 0, 10);
    const { id: deliveryId = 0 } = before ?? {};
    await outboxOf(opened.storage).recordAttempts([{ kind: "parked", ...endedTry(deliveryId) }]);
    await requeue(opened.storage, 1);
    const [after] = await outboxOf(opened.storage).listWaitingDeliveries(GATE, 0, 10);
    expect(after?.eventId).toBe(before?.eventId ?? "");
    expect(after?.eventAtMs).toBe(before?.eventAtMs ?? epochMs(0));
  });

  test("goes on behind the place that is given, so that one retry tries each once", async () => {
    using opened = openTestStorage();
    await storeParked(opened.storage, 5);
    const outbox = outboxOf(opened.storage);
    const first = await outbox.requeueParkedDeliveries(3, 0);
    expect(first).toMatchObject({ requeuedCount: 3, hasMore: true });
    const again = await outbox.listWaitingDeliveries(GATE, 0, 10);
    await park(
      opened.storage,
      again.map(({ id }) => id),
    );
    const rest = await outbox.requeueParkedDeliveries(3, first.lastId);
    expect(rest).toMatchObject({ requeuedCount: 2, hasMore: false });
  });

  test("supersedes what a correction has taken the place of", async () => {
    using opened = openTestStorage();
    const [old = 0, other = 0] = await storeMessages(opened.storage, 2);
    await park(opened.storage, [old, other]);
    await addCorrection(opened, old);
    expect(await outboxOf(opened.storage).requeueParkedDeliveries(10, 0)).toMatchObject({
      requeuedCount: 1,
      supersededCount: 1,
    });
    expect(await statusesOf(opened.storage)).toMatchObject({
      [old]: "superseded",
      [other]: "waiting",
    });
    expect(await totals(opened.storage)).toEqual({ deliveriesWaiting: 1, deliveriesParked: 0 });
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

describe("redeliver()", () => {
  const step = (storage: Storage, selection: RedeliverySelection) =>
    outboxOf(storage).redeliver(selection, 0);

  test("lets delivered and parked ones wait again, with all their tries and the same body", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    await storeParked(storage, 1);
    const [delivered = 0, waiting = 0] = await storeMessages(storage, 2, "GATE2");
    await deliver(storage, [delivered], { bodyText: '{"sent": true}' });
    const ids = [1, delivered, waiting, 12345];
    expect(await step(storage, { kind: "ids", ids })).toEqual({
      requeuedCount: 2,
      supersededCount: 0,
      unchangedCount: 1,
      hasMore: false,
      lastId: waiting,
    });
    expect(await outboxOf(storage).findDelivery(1)).toMatchObject({
      status: "waiting",
      attemptCount: 0,
    });
    const again = await outboxOf(storage).listWaitingDeliveries(deviceId("GATE2"), 0, 10);
    expect(again.map(({ id, bodyText }) => [id, bodyText])).toEqual([
      [delivered, '{"sent": true}'],
      [waiting, undefined],
    ]);
    expect(await totals(storage)).toEqual({ deliveriesWaiting: 3, deliveriesParked: 0 });
    await opened.reopen();
    expect(await totals(opened.storage)).toEqual({ deliveriesWaiting: 3, deliveriesParked: 0 });
  });

  test("takes a range with both its ends", async () => {
    using opened = openTestStorage();
    const [first = 0, second = 0, third = 0, fourth = 0] = await storeMessages(opened.storage, 4);
    await deliver(opened.storage, [first, second, third, fourth]);
    const range = { kind: "range", fromId: second, toId: third } as const;
    expect(await step(opened.storage, range)).toMatchObject({ requeuedCount: 2, hasMore: false });
    expect(await statusesOf(opened.storage)).toEqual({
      [first]: "delivered",
      [second]: "waiting",
      [third]: "waiting",
      [fourth]: "delivered",
    });
  });

  test("takes all that are parked, and nothing else", async () => {
    using opened = openTestStorage();
    const [delivered = 0, parked = 0] = await storeMessages(opened.storage, 2);
    await deliver(opened.storage, [delivered]);
    await park(opened.storage, [parked]);
    expect(await step(opened.storage, { kind: "parked" })).toMatchObject({
      requeuedCount: 1,
      unchangedCount: 0,
    });
    expect(await statusesOf(opened.storage)).toEqual({
      [delivered]: "delivered",
      [parked]: "waiting",
    });
  });

  test("takes what was tried since a time, also where the event is older", async () => {
    using opened = openTestStorage();
    const [before = 0, since = 0] = await storeMessages(opened.storage, 2);
    const sinceMs = epochMs(RECEIVED_AT_MS + 3_600_000);
    await deliver(opened.storage, [before], { atMs: epochMs(sinceMs - 1) });
    await deliver(opened.storage, [since], { atMs: sinceMs });
    expect(await step(opened.storage, { kind: "since", sinceMs })).toMatchObject({
      requeuedCount: 1,
      unchangedCount: 0,
    });
    expect(await statusesOf(opened.storage)).toEqual({ [before]: "delivered", [since]: "waiting" });
  });

  test("looks at 200 messages in a step, and goes on behind the last of them", async () => {
    using opened = openTestStorage();
    const punches = Array.from({ length: 450 }, (_, user) =>
      rawPunch(String(user + 1), "20260302081504"),
    );
    await opened.storage.append(punches.map((punch) => punchesFrom("GATE1", [punch])));
    const outbox = outboxOf(opened.storage);
    const ids = (await outbox.listWaitingDeliveries(GATE, 0, 1000)).map(({ id }) => id);
    await deliver(opened.storage, ids);
    const counts: number[] = [];
    let afterId = 0;
    for (let hasMore = true; hasMore; ) {
      const done = await outbox.redeliver({ kind: "since", sinceMs: epochMs(0) }, afterId);
      counts.push(done.requeuedCount);
      ({ hasMore, lastId: afterId } = done);
    }
    expect(counts).toEqual([200, 200, 50]);
    expect(await totals(opened.storage)).toEqual({ deliveriesWaiting: 450, deliveriesParked: 0 });
  });

  test.each(["delivered", "waiting"] as const)(
    "supersedes an older state of a punch whose correction is %s, and not the newer one",
    async (status) => {
      using opened = openTestStorage();
      const [old = 0] = await storeMessages(opened.storage, 1);
      await deliver(opened.storage, [old]);
      const middle = await addCorrection(opened, old, { revision: 2 });
      const newest = await addCorrection(opened, old, { revision: 3, status });
      expect(await step(opened.storage, { kind: "range", fromId: 1, toId: newest })).toMatchObject({
        supersededCount: 2,
        requeuedCount: status === "delivered" ? 1 : 0,
        unchangedCount: status === "delivered" ? 0 : 1,
      });
      expect(await statusesOf(opened.storage)).toEqual({
        [old]: "superseded",
        [middle]: "superseded",
        [newest]: "waiting",
      });
      expect(await step(opened.storage, { kind: "ids", ids: [old] })).toMatchObject({
        requeuedCount: 0,
        unchangedCount: 1,
      });
    },
  );

  test("a parked correction takes no place: the older message goes first, then it", async () => {
    using opened = openTestStorage();
    const [old = 0] = await storeMessages(opened.storage, 1);
    await park(opened.storage, [old]);
    const parked = await addCorrection(opened, old, { status: "parked" });
    expect(await step(opened.storage, { kind: "parked" })).toMatchObject({ requeuedCount: 2 });
    expect(await statusesOf(opened.storage)).toEqual({ [old]: "waiting", [parked]: "waiting" });
  });

  test("tells a historic punch, whose corrections make no messages, as it stands", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    const [changed = 0, same = 0] = await storeMessages(storage, 2);
    await deliver(storage, [changed, same], { bodyText: '{"sent": true}' });
    using database = new Database(opened.path);
    database.run("UPDATE punches SET is_historic = 1");
    database.run(
      "UPDATE punches SET revision = 2 WHERE id = (SELECT punch_id FROM deliveries WHERE id = ?)",
      [changed],
    );
    expect(await step(storage, { kind: "ids", ids: [changed, same] })).toMatchObject({
      requeuedCount: 2,
    });
    const again = await outboxOf(storage).listWaitingDeliveries(GATE, 0, 10);
    expect(again.map(({ id, bodyText, punch }) => [id, bodyText, punch?.revision])).toEqual([
      [changed, undefined, 2],
      [same, '{"sent": true}', 1],
    ]);
  });

  test("finds successors by an index", () => {
    using opened = openTestStorage();
    using database = new Database(opened.path);
    const plan = database
      .query<{ detail: string }, []>(
        `EXPLAIN QUERY PLAN SELECT EXISTS (
           SELECT 1 FROM deliveries AS later WHERE later.type = 'punch.updated'
           AND later.punch_id = deliveries.punch_id AND later.endpoint_id = deliveries.endpoint_id
         ) FROM deliveries WHERE id > 0 ORDER BY id LIMIT 200`,
      )
      .all();
    expect(plan.map(({ detail }) => detail).join()).toContain("INDEX deliveries_updates");
  });

  test("leaves messages of other endpoints alone", async () => {
    using opened = openTestStorage();
    const ids = await storeMessages(opened.storage, 1);
    await deliver(opened.storage, ids);
    const other = opened.storage.outboxOf(endpointId(2));
    for (const selection of [
      { kind: "ids", ids },
      { kind: "range", fromId: 0, toId: 100 },
      { kind: "parked" },
      { kind: "since", sinceMs: epochMs(0) },
    ] as const) {
      const { requeuedCount, unchangedCount } = await other.redeliver(selection, 0);
      expect([requeuedCount, unchangedCount]).toEqual([0, 0]);
    }
    expect(await totals(opened.storage)).toEqual({ deliveriesWaiting: 0, deliveriesParked: 0 });
  });
});
