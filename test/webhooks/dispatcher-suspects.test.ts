/**
 * Proves that an event which alone trips its receiver holds up neither other devices nor its own for
 * long, and that an outage, however it looks, is never taken for that: it uses up nobody's tries and
 * changes no order.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { SendResult } from "#webhooks/send.ts";
import { arrivedInOrder, build, HOUR_MS, MINUTE_MS } from "./dispatcher-fixture.ts";
import { DELIVERED, failedWith, REFUSED } from "./fake-receiver.ts";

const TIMED_OUT: SendResult = {
  kind: "endpoint-failed",
  code: "timeout",
  detail: "30000 ms",
  httpStatus: undefined,
  replyText: "",
  retryAfterMs: undefined,
};

/** A dispatcher whose receiver fails at these events, and takes every other one. */
function buildPoisoned(poisoned: readonly string[], answer: SendResult = failedWith(500)) {
  const built = build();
  built.receiver.answer = (event) => (poisoned.includes(event) ? answer : DELIVERED);
  return built;
}

const events = (...ids: readonly number[]) => ids.map((id) => `event-${id}`);

describe("Dispatcher with an event that fails alone", () => {
  test("other devices wait 15 min for it, and the event is parked by its own tries", async () => {
    const { outbox, clock, log, receiver, dispatcher } = buildPoisoned(["event-1"]);
    outbox.add("A");
    for (let count = 0; count < 9; count += 1) outbox.add(`B${count % 3}`);
    outbox.add("A");
    dispatcher.start();
    await clock.advance(12 * MINUTE_MS);
    // What was in flight when the first try failed is all there is.
    const before = receiver.deliveredIds.length;
    expect(before).toBeLessThan(8);
    await clock.advance(8 * MINUTE_MS);
    expect(receiver.deliveredIds).toHaveLength(10);
    for (let minute = 0; minute < 20; minute += 1) {
      outbox.add("B0");
      dispatcher.wake();
      await clock.advance(MINUTE_MS);
    }
    expect(outbox.idsIn("parked")).toEqual([1]);
    expect(outbox.idsIn("waiting")).toEqual([]);
    expect(arrivedInOrder(receiver, "A")).toEqual(events(11));
    expect(log.of("webhook.parked")[0]?.fields).toMatchObject({ event: "event-1", attempts: 4 });
    await dispatcher.stop();
  });

  test("every try of it is kept, and says what it was taken for", async () => {
    const { outbox, clock, receiver, dispatcher } = buildPoisoned(["event-1"]);
    outbox.add("A");
    for (let count = 0; count < 30; count += 1) outbox.add("B");
    dispatcher.start();
    await clock.advance(HOUR_MS);
    await dispatcher.stop();
    const tried = outbox.writes.flat().filter(({ deliveryId }) => deliveryId === 1);
    const sent = receiver.triedIds.filter((event) => event === "event-1");
    expect(tried).toHaveLength(sent.length);
    expect(tried[0]).toMatchObject({ kind: "failed", httpStatus: 500, detail: "status 500" });
    expect(tried.find(({ kind }) => kind === "refused")).toMatchObject({
      httpStatus: 500,
      detail: "status 500, while other events are delivered",
    });
  });

  test("the next events of the only device go on, and the event is parked", async () => {
    const { outbox, clock, receiver, dispatcher } = buildPoisoned(["event-1"]);
    for (let count = 0; count < 8; count += 1) outbox.add("A");
    dispatcher.start();
    await clock.advance(12 * MINUTE_MS);
    expect(receiver.deliveredIds).toEqual([]);
    await clock.advance(18 * MINUTE_MS);
    expect(outbox.idsIn("parked")).toEqual([1]);
    expect(arrivedInOrder(receiver, "A").toSorted()).toEqual(events(2, 3, 4, 5, 6, 7, 8));
    expect(receiver.deliveredIds).toHaveLength(7);
    await dispatcher.stop();
  });

  test("without another event it is tried on and on, and one that comes goes past it", async () => {
    const { outbox, clock, receiver, dispatcher } = buildPoisoned(["event-1"]);
    outbox.add("A");
    dispatcher.start();
    await clock.advance(24 * HOUR_MS);
    expect(outbox.rows.get(1)?.delivery.attemptCount).toBe(0);
    expect(dispatcher.figures().state).toBe("paused");
    outbox.add("A");
    dispatcher.wake();
    await clock.advance(6 * MINUTE_MS);
    expect(receiver.deliveredIds).toEqual(["event-2"]);
    expect(outbox.rows.get(1)?.delivery.attemptCount).toBe(1);
    await dispatcher.stop();
  });

  test("a later state of the same punch never goes past it", async () => {
    const { outbox, clock, receiver, dispatcher } = buildPoisoned(["event-1"]);
    outbox.add("A", { punch: 7 });
    outbox.add("A", { punch: 7 });
    outbox.add("A", { punch: 8 });
    outbox.add("A", { punch: 8 });
    dispatcher.start();
    await clock.advance(HOUR_MS);
    expect(receiver.deliveredIds.slice(0, 1)).toEqual(["event-3"]);
    for (let count = 0; count < 10; count += 1) outbox.add("B");
    dispatcher.wake();
    await clock.advance(HOUR_MS);
    expect(outbox.idsIn("parked")).toEqual([1]);
    const firstOf2 = receiver.triedIds.indexOf("event-2");
    expect(firstOf2).toBeGreaterThan(receiver.triedIds.lastIndexOf("event-1"));
    expect(receiver.triedIds.indexOf("event-4")).toBeGreaterThan(
      receiver.triedIds.indexOf("event-3"),
    );
    await dispatcher.stop();
  });

  test("several of them, each at the head of its device, hold up nobody for ever", async () => {
    const { outbox, clock, receiver, dispatcher } = buildPoisoned(events(1, 2, 3, 5));
    outbox.add("A");
    outbox.add("B");
    outbox.add("C");
    for (let count = 0; count < 40; count += 1) outbox.add("ABCD"[count % 4] ?? "");
    dispatcher.start();
    for (let hour = 0; hour < 24; hour += 1) {
      outbox.add("D");
      dispatcher.wake();
      await clock.advance(HOUR_MS);
    }
    expect(outbox.idsIn("parked")).toEqual([1, 2, 3, 5]);
    expect(outbox.idsIn("waiting")).toEqual([]);
    expect(new Set(receiver.deliveredIds).size).toBe(outbox.rows.size - 4);
    await dispatcher.stop();
  });

  test("one that only ever times out is passed by other devices", async () => {
    const { outbox, clock, receiver, dispatcher } = build();
    receiver.answer = (event) => {
      if (event !== "event-1") return DELIVERED;
      const { promise, resolve } = Promise.withResolvers<SendResult>();
      clock.after(30_000, () => resolve(TIMED_OUT));
      return promise;
    };
    outbox.add("A");
    outbox.add("A");
    dispatcher.start();
    await clock.advance(10_000);
    for (let count = 0; count < 10; count += 1) outbox.add("B");
    await clock.advance(2 * HOUR_MS);
    expect(arrivedInOrder(receiver, "B")).toHaveLength(10);
    await Promise.all([dispatcher.stop(), clock.advance(MINUTE_MS)]);
  });

  test("a receiver that asks to be left alone is, and another device has its turn then", async () => {
    const built = buildPoisoned(["event-1"], failedWith(503, 10 * MINUTE_MS));
    const { outbox, clock, receiver, dispatcher } = built;
    outbox.add("A");
    outbox.add("A");
    dispatcher.start();
    await clock.advance(1000);
    for (const tries of [1, 2, 3]) {
      expect(receiver.triedIds).toEqual(Array.from({ length: tries }, () => "event-1"));
      if (tries === 3) outbox.add("B");
      await clock.advance(10 * MINUTE_MS);
    }
    expect(receiver.deliveredIds).toContain("event-3");
    await dispatcher.stop();
  });
});

describe("Dispatcher over an outage that lasts", () => {
  test("a refusal by the probe beside ends the pause, and counts against that event", async () => {
    const { outbox, clock, receiver, dispatcher } = build();
    receiver.answer = (event) => (event === "event-1" ? failedWith(500) : REFUSED);
    outbox.add("A");
    outbox.add("A");
    dispatcher.start();
    await clock.advance(20 * MINUTE_MS);
    expect(receiver.triedIds).toContain("event-2");
    expect(outbox.rows.get(2)?.delivery.attemptCount).toBeGreaterThan(0);
    receiver.answer = () => DELIVERED;
    await clock.advance(HOUR_MS);
    expect(outbox.idsIn("waiting")).toEqual([]);
    expect(new Set(receiver.deliveredIds).size).toBe(receiver.deliveredIds.length);
    await dispatcher.stop();
  });

  test("it uses up no tries, changes no order, and sends nothing twice, however it ends", async () => {
    const outage = fc.record({
      minutes: fc.integer({ min: 1, max: 300 }),
      devices: fc.integer({ min: 1, max: 5 }),
      backlog: fc.integer({ min: 1, max: 20 }),
      answer: fc.constantFrom(
        failedWith(500),
        failedWith(503, 7 * MINUTE_MS),
        failedWith(429, 1000),
        { ...TIMED_OUT, code: "connect" as const, detail: "ECONNREFUSED" },
      ),
      livePunches: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(outage, { minLength: 1, maxLength: 3 }), async (outages) => {
        const { outbox, clock, receiver, dispatcher } = build(undefined, { refusalsMax: 1 });
        dispatcher.start();
        for (const { minutes, devices, backlog, answer, livePunches } of outages) {
          receiver.answer = () => answer;
          for (let count = 0; count < backlog; count += 1) outbox.add(`D${count % devices}`);
          dispatcher.wake();
          for (let minute = 0; minute < minutes; minute += 5) {
            if (livePunches) outbox.add(`D${minute % devices}`);
            dispatcher.wake();
            await clock.advance(5 * MINUTE_MS);
          }
          receiver.answer = () => DELIVERED;
          await clock.advance(30 * MINUTE_MS);
        }
        await dispatcher.stop();
        expect(outbox.idsIn("delivered")).toHaveLength(outbox.rows.size);
        expect(receiver.deliveredIds).toHaveLength(outbox.rows.size);
        const kinds = new Set(outbox.writes.flat().map(({ kind }) => kind));
        expect(kinds).toEqual(new Set(["failed", "delivered"]));
        for (let device = 0; device < 5; device += 1) {
          const arrived = arrivedInOrder(receiver, `D${device}`).map((id) => Number(id.slice(6)));
          expect(arrived).toEqual(arrived.toSorted((left, right) => left - right));
        }
      }),
      { numRuns: 30 },
    );
  });
});
