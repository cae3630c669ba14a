/**
 * Aim: every try is kept with what it came to, the body of a message stays the one of its first
 * recorded try, and readers find messages by every filter, page by page.
 */

import { describe, expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import { deviceId } from "#domain/identifiers.ts";
import { endpointId } from "#domain/webhook-endpoint.ts";
import type { LedgerFilter } from "#storage/endpoint-outbox.ts";
import type { Storage } from "#storage/storage.ts";
import { addedEndpoint, listWaiting } from "../support/endpoint-values.ts";
import { endedTry, openTestStorage, outboxOf, RECEIVED_AT_MS } from "../support/test-storage.ts";
import { deliver, GATE, park, storeMessages } from "./ledger-fixture.ts";

const later = (seconds: number) => epochMs(RECEIVED_AT_MS + seconds * 1000);

describe("recordAttempts() and findDelivery()", () => {
  // The number of a message that was deleted with its receiver may be given to another's.
  test.each(["delivered", "parked", "failed"] as const)(
    "a try that was %s changes and shows nothing of another receiver's message",
    async (kind) => {
      using opened = openTestStorage();
      const { storage } = opened;
      const { id: removed } = await addedEndpoint(storage);
      await storeMessages(storage, 1);
      const [last] = await listWaiting(storage, removed);
      await storage.removeEndpoint(removed, RECEIVED_AT_MS);
      while (await storage.continueBackgroundWork()) {}
      const [id = 0] = await storeMessages(storage, 1, "GATE2");
      expect(id).toBe(last?.id ?? 0);
      await storage.outboxOf(removed).recordAttempts([{ kind, ...endedTry(id) }]);
      expect(await outboxOf(storage).findDelivery(id)).toMatchObject({
        status: "waiting",
        attemptCount: 0,
        bodyText: undefined,
        attempts: [],
      });
      expect(await storage.figures()).toMatchObject({ deliveriesWaiting: 2, deliveriesParked: 0 });
    },
  );

  test("a message has all its tries, newest first, and the body of the first of them", async () => {
    using opened = openTestStorage();
    const [id = 0] = await storeMessages(opened.storage, 1);
    const outbox = outboxOf(opened.storage);
    const unanswered = { httpStatus: undefined, detail: "connect ECONNREFUSED", replyText: "" };
    await outbox.recordAttempts([
      { kind: "failed", ...endedTry(id, { ...unanswered, bodyText: '{"body": 1}' }) },
    ]);
    expect((await outbox.listWaitingDeliveries(GATE, 0, 10))[0]).toMatchObject({
      bodyText: '{"body": 1}',
      attemptCount: 0,
    });
    const refused = { httpStatus: 422, detail: "status 422", bodyText: '{"body": 2}' };
    await outbox.recordAttempts([
      {
        kind: "refused",
        ...endedTry(id, { ...refused, atMs: later(1) }),
        nextAttemptAtMs: later(6),
      },
      {
        kind: "delivered",
        ...endedTry(id, { atMs: later(7), replyText: "añ😀", durationMs: 3.6 }),
      },
    ]);
    expect(await outbox.findDelivery(id)).toMatchObject({
      id,
      eventId: expect.stringMatching(/-1000001-1$/),
      type: "punch.created",
      deviceId: GATE,
      punchId: 1_000_001,
      revision: 1,
      eventAtMs: RECEIVED_AT_MS,
      status: "delivered",
      attemptCount: 1,
      lastAttemptAtMs: later(7),
      lastHttpStatus: 200,
      bodyText: '{"body": 1}',
      attempts: [
        { atMs: later(7), durationMs: 4, outcome: "delivered", httpStatus: 200, replyText: "añ😀" },
        { atMs: later(1), outcome: "refused", httpStatus: 422, detail: "status 422" },
        { atMs: RECEIVED_AT_MS, outcome: "failed", ...unanswered },
      ],
    } as never);
  });

  test("the last refusal parks, and is a refused try of the ledger", async () => {
    using opened = openTestStorage();
    const ids = await storeMessages(opened.storage, 1);
    await park(opened.storage, ids);
    expect(await outboxOf(opened.storage).findDelivery(ids[0] ?? 0)).toMatchObject({
      status: "parked",
      attemptCount: 1,
      attempts: [{ outcome: "refused" }],
    });
  });

  test("a try of a message that no longer waits is kept, and changes nothing of it", async () => {
    using opened = openTestStorage();
    const ids = await storeMessages(opened.storage, 1);
    await deliver(opened.storage, ids);
    await park(opened.storage, ids);
    expect(await outboxOf(opened.storage).findDelivery(ids[0] ?? 0)).toMatchObject({
      status: "delivered",
      attempts: [{ httpStatus: 422 }, { httpStatus: 200 }],
    });
    expect(await opened.storage.figures()).toMatchObject({
      deliveriesWaiting: 0,
      deliveriesParked: 0,
    });
  });

  test("a message without a recorded try has no body and no tries", async () => {
    using opened = openTestStorage();
    const [id = 0] = await storeMessages(opened.storage, 1);
    const found = await outboxOf(opened.storage).findDelivery(id);
    expect(found).toMatchObject({ status: "waiting", attempts: [] });
    expect(found?.bodyText).toBeUndefined();
    expect(found?.lastAttemptAtMs).toBeUndefined();
  });

  test("shows the last 100 tries of a message that was tried for weeks", async () => {
    using opened = openTestStorage();
    const [id = 0] = await storeMessages(opened.storage, 1);
    const failed = (second: number) =>
      ({ kind: "failed", ...endedTry(id, { atMs: later(second) }) }) as const;
    await outboxOf(opened.storage).recordAttempts(
      Array.from({ length: 150 }, (_, at) => failed(at)),
    );
    const { attempts = [] } = (await outboxOf(opened.storage).findDelivery(id)) ?? {};
    expect(attempts).toHaveLength(100);
    expect([attempts.at(0)?.atMs, attempts.at(-1)?.atMs]).toEqual([later(149), later(50)]);
  });

  test("a message of another endpoint is not found", async () => {
    using opened = openTestStorage();
    const [id = 0] = await storeMessages(opened.storage, 1);
    const other = opened.storage.outboxOf(endpointId(2));
    expect(await other.findDelivery(id)).toBeUndefined();
    expect(await other.findDelivery(id + 1)).toBeUndefined();
    expect((await other.listDeliveries({}, 10)).deliveries).toEqual([]);
  });
});

describe("listDeliveries()", () => {
  /** Two terminals; of the first one delivered, one parked and one waiting, of the other one waiting. */
  async function fill(storage: Storage): Promise<readonly number[]> {
    const ids = [
      ...(await storeMessages(storage, 3)),
      ...(await storeMessages(storage, 1, "GATE2")),
    ];
    await deliver(storage, ids.slice(0, 1), { atMs: later(60) });
    await park(storage, ids.slice(1, 2));
    return ids;
  }

  const found = async (storage: Storage, filter: LedgerFilter, limit = 10) =>
    (await outboxOf(storage).listDeliveries(filter, limit)).deliveries.map(({ id }) => id);

  test("gives the newest first, those alone that every filter lets through", async () => {
    using opened = openTestStorage();
    const { storage } = opened;
    const [delivered = 0, parked = 0, waiting = 0, other = 0] = await fill(storage);
    expect(await found(storage, {})).toEqual([other, waiting, parked, delivered]);
    expect(await found(storage, { status: "delivered" })).toEqual([delivered]);
    expect(await found(storage, { status: "parked" })).toEqual([parked]);
    expect(await found(storage, { status: "waiting" })).toEqual([other, waiting]);
    expect(await found(storage, { status: "superseded" })).toEqual([]);
    expect(await found(storage, { deviceId: GATE, status: "waiting" })).toEqual([waiting]);
    expect(await found(storage, { deviceId: deviceId("GATE2") })).toEqual([other]);
    expect(await found(storage, { sinceMs: later(60) })).toEqual([delivered]);
    expect(await found(storage, { sinceMs: RECEIVED_AT_MS, beforeId: waiting })).toEqual([
      parked,
      delivered,
    ]);
    expect(await found(storage, { sinceMs: later(61) })).toEqual([]);
  });

  test("pages join without a gap or a repeat, and the last one says so", async () => {
    using opened = openTestStorage();
    const ids = await storeMessages(opened.storage, 7);
    const pages: (readonly number[])[] = [];
    let beforeId: number | undefined;
    do {
      const page = await outboxOf(opened.storage).listDeliveries({ beforeId }, 3);
      pages.push(page.deliveries.map(({ id }) => id));
      beforeId = page.nextBeforeId;
    } while (beforeId !== undefined);
    expect(pages.map((page) => page.length)).toEqual([3, 3, 1]);
    expect(pages.flat()).toEqual(ids.toReversed());
  });

  test("is empty without a message", async () => {
    using opened = openTestStorage();
    expect(await outboxOf(opened.storage).listDeliveries({}, 10)).toEqual({
      deliveries: [],
      nextBeforeId: undefined,
    });
  });
});
