/**
 * Proves that parked deliveries which wait again are sent, oldest first, whatever their device's
 * lane is doing, that nothing is sent twice for it, and that no live punch waits long.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { SendResult } from "#webhooks/send.ts";
import { build, HOUR_MS } from "./dispatcher-fixture.ts";
import { DELIVERED, failedWith, REFUSED } from "./fake-receiver.ts";

/** A dispatcher whose first delivery of device A, `event-1`, is parked. */
async function buildParked() {
  const built = build(undefined, { refusalsMax: 1 });
  const { outbox, clock, receiver, dispatcher } = built;
  receiver.answer = () => REFUSED;
  outbox.add("A");
  dispatcher.start();
  await clock.advance(200);
  expect(outbox.idsIn("parked")).toEqual([1]);
  receiver.tries.length = 0;
  receiver.answer = () => DELIVERED;
  return built;
}

describe("noteRequeued()", () => {
  test("a lane that is idle sends it at once", async () => {
    const { outbox, clock, log, receiver, dispatcher } = await buildParked();
    outbox.add("A");
    dispatcher.wake();
    await clock.advance(200);
    dispatcher.noteRequeued(outbox.requeue());
    await clock.advance(200);
    expect(receiver.deliveredIds).toEqual(["event-2", "event-1"]);
    expect(log.of("webhook.requeued")).toMatchObject([{ fields: { count: 1 } }]);
    await dispatcher.stop();
  });

  test("a lane that is running sends it next, and nothing twice", async () => {
    const { outbox, clock, receiver, dispatcher } = await buildParked();
    const answer = Promise.withResolvers<SendResult>();
    receiver.answer = (event) => (event === "event-4" ? answer.promise : DELIVERED);
    for (let count = 0; count < 6; count += 1) outbox.add("A");
    dispatcher.wake();
    await clock.advance(30);
    dispatcher.noteRequeued(outbox.requeue());
    await clock.advance(30);
    answer.resolve(DELIVERED);
    await clock.advance(1000);
    expect(receiver.deliveredIds).toEqual([
      "event-2",
      "event-3",
      "event-4",
      "event-1",
      "event-5",
      "event-6",
      "event-7",
    ]);
    await dispatcher.stop();
  });

  test("a lane whose only event is in flight sends it afterwards without another wake", async () => {
    const { outbox, clock, receiver, dispatcher } = await buildParked();
    const answer = Promise.withResolvers<SendResult>();
    receiver.answer = (event) => (event === "event-2" ? answer.promise : DELIVERED);
    outbox.add("A");
    dispatcher.wake();
    await clock.advance(100);
    dispatcher.noteRequeued(outbox.requeue());
    await clock.advance(100);
    answer.resolve(DELIVERED);
    await clock.advance(1000);
    expect(receiver.deliveredIds).toEqual(["event-2", "event-1"]);
    await dispatcher.stop();
  });

  test("it waits for results that are not written, which are never sent again", async () => {
    const { outbox, clock, receiver, dispatcher } = await buildParked();
    outbox.writesFail = true;
    outbox.add("A");
    outbox.add("A");
    dispatcher.wake();
    await clock.advance(100);
    dispatcher.noteRequeued(outbox.requeue());
    await clock.advance(5000);
    expect(receiver.deliveredIds).toEqual(["event-2", "event-3"]);
    outbox.writesFail = false;
    await clock.advance(3000);
    expect(receiver.deliveredIds).toEqual(["event-2", "event-3", "event-1"]);
    await dispatcher.stop();
  });

  test("one that is refused again is parked at once and holds nothing up", async () => {
    const { outbox, clock, receiver, dispatcher } = await buildParked();
    receiver.answer = (event) => (event === "event-1" ? REFUSED : DELIVERED);
    outbox.add("A");
    dispatcher.noteRequeued(outbox.requeue());
    await clock.advance(200);
    expect(receiver.triedIds).toEqual(["event-1", "event-2"]);
    expect(outbox.idsIn("parked")).toEqual([1]);
    expect(dispatcher.figures()).toMatchObject({ parkedCount: 2, retriedCount: 1 });
    await dispatcher.stop();
  });

  test("during a pause it is sent when the endpoint is well again", async () => {
    const { outbox, clock, receiver, dispatcher } = await buildParked();
    receiver.answer = () => failedWith(503);
    outbox.add("A");
    dispatcher.wake();
    await clock.advance(100);
    dispatcher.noteRequeued(outbox.requeue());
    await clock.advance(100);
    receiver.answer = () => DELIVERED;
    await clock.advance(5000);
    expect([...receiver.deliveredIds].sort()).toEqual(["event-1", "event-2"]);
    await dispatcher.stop();
  });

  test("during a pause it is sent before what came after it was asked for", async () => {
    const { outbox, clock, receiver, dispatcher } = await buildParked();
    // A page that fills the lane, so that it looks for more behind its place when the pause begins.
    const last = Promise.withResolvers<SendResult>();
    receiver.answer = (event) => (event === "event-51" ? last.promise : DELIVERED);
    for (let count = 0; count < 50; count += 1) outbox.add("A");
    dispatcher.wake();
    await clock.advance(100);
    outbox.add("B");
    receiver.answer = () => failedWith(503);
    dispatcher.wake();
    await clock.advance(100);
    last.resolve(DELIVERED);
    await clock.advance(100);
    dispatcher.noteRequeued(outbox.requeue());
    outbox.add("A");
    receiver.answer = (event) => (event === "event-52" ? failedWith(503) : DELIVERED);
    await clock.advance(HOUR_MS);
    const ofA = receiver.deliveredIds.filter((id) => id === "event-1" || id === "event-53");
    expect(ofA).toEqual(["event-1", "event-53"]);
    await dispatcher.stop();
  });

  test("whenever it is asked for, every event arrives once and none is left", async () => {
    const steps = fc.array(
      fc.record({
        what: fc.constantFrom("punch", "requeue", "fix", "break", "wake"),
        device: fc.constantFrom("A", "B"),
        afterMs: fc.integer({ min: 0, max: 120 }),
      }),
      { maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(steps, async (asked) => {
        const { outbox, clock, receiver, dispatcher } = build(undefined, { refusalsMax: 2 });
        let isBroken = true;
        receiver.answer = () => (isBroken ? REFUSED : DELIVERED);
        dispatcher.start();
        for (const { what, device, afterMs } of asked) {
          if (what === "punch") outbox.add(device);
          if (what === "fix") isBroken = false;
          if (what === "break") isBroken = true;
          if (what === "requeue") dispatcher.noteRequeued(outbox.requeue());
          else dispatcher.wake();
          await clock.advance(afterMs);
        }
        isBroken = false;
        await clock.advance(HOUR_MS);
        dispatcher.noteRequeued(outbox.requeue());
        await clock.advance(HOUR_MS);
        expect(outbox.idsIn("waiting")).toEqual([]);
        expect(outbox.idsIn("parked")).toEqual([]);
        expect(receiver.deliveredIds).toHaveLength(outbox.rows.size);
        await dispatcher.stop();
      }),
      { numRuns: 60 },
    );
  });
});

describe("figures()", () => {
  test("retried counts the tries of events tried in vain before, for whatever reason", async () => {
    const { outbox, clock, receiver, dispatcher } = build();
    const answers = [failedWith(500), failedWith(500), REFUSED, DELIVERED, DELIVERED];
    receiver.answer = () => answers.shift() ?? DELIVERED;
    outbox.add("A");
    outbox.add("A");
    dispatcher.start();
    await clock.advance(60_000);
    expect(receiver.triedIds).toEqual(["event-1", "event-1", "event-1", "event-1", "event-2"]);
    expect(dispatcher.figures()).toMatchObject({
      deliveredCount: 2,
      refusedCount: 1,
      endpointFailedCount: 2,
      retriedCount: 3,
      rateLimitedCount: 0,
    });
    await dispatcher.stop();
  });

  test("retried counts a probe out of its order like any other try", async () => {
    const { outbox, clock, receiver, dispatcher } = build();
    receiver.answer = () => failedWith(500);
    for (let count = 0; count < 3; count += 1) outbox.add("A");
    dispatcher.start();
    await clock.advance(60 * 60_000);
    receiver.answer = () => DELIVERED;
    await clock.advance(10 * 60_000);
    expect(receiver.deliveredIds).toHaveLength(3);
    const againCount = receiver.triedIds.length - new Set(receiver.triedIds).size;
    expect(receiver.triedIds.filter((event) => event === "event-3").length).toBeGreaterThan(2);
    expect(dispatcher.figures().retriedCount).toBe(againCount);
    await dispatcher.stop();
  });

  test("rate limited counts how often deliveries had to wait for the limit", async () => {
    const { outbox, clock, receiver, dispatcher } = build(undefined, { rateLimitPerMinute: 2 });
    for (let count = 0; count < 5; count += 1) outbox.add("A");
    dispatcher.start();
    await clock.advance(1000);
    expect(receiver.tries).toHaveLength(2);
    expect(dispatcher.figures().rateLimitedCount).toBe(1);
    await clock.advance(30_000);
    dispatcher.wake();
    await clock.advance(1000);
    expect(dispatcher.figures().rateLimitedCount).toBe(1);
    await clock.advance(120_000);
    expect(receiver.tries).toHaveLength(5);
    expect(dispatcher.figures().rateLimitedCount).toBe(2);
    await dispatcher.stop();
  });
});
