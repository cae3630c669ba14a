/**
 * Proves that deliveries arrive in order per device and side by side over devices, that refusals
 * count against their event alone, and that waiting and memory stay bounded.
 */

import { describe, expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import type { SendResult } from "#webhooks/send.ts";
import { arrivedInOrder, build, ENDPOINT, HOUR_MS, MINUTE_MS } from "./dispatcher-fixture.ts";
import { DELIVERED, failedWith, REFUSED } from "./fake-receiver.ts";
import { makePunch } from "./webhook-values.ts";

describe("Dispatcher", () => {
  test("Dispatcher delivers 10 devices x 100 events once each, in order per device", async () => {
    const { outbox, clock, receiver, dispatcher } = build();
    const expected = new Map<string, string[]>();
    for (let count = 0; count < 1000; count += 1) {
      const device = `D${count % 10}`;
      const events = expected.get(device) ?? [];
      expected.set(device, [...events, `event-${outbox.add(device)}`]);
    }
    dispatcher.start();
    await clock.advance(1000);
    expect(receiver.tries).toHaveLength(1000);
    for (const [device, events] of expected) {
      expect(arrivedInOrder(receiver, device)).toEqual(events);
    }
    expect(receiver.inFlightMax).toBe(8);
    expect(outbox.idsIn("delivered")).toHaveLength(1000);
    expect(Math.max(...outbox.writes.map((records) => records.length))).toBeLessThanOrEqual(200);
    await dispatcher.stop();
  });

  test("wake() finds what was committed since, and does nothing before the loop turns", async () => {
    const { outbox, clock, receiver, dispatcher } = build();
    dispatcher.start();
    await clock.advance(100);
    outbox.add("A");
    for (let count = 0; count < 100; count += 1) dispatcher.wake();
    await Promise.resolve();
    expect(receiver.triedIds).toEqual([]);
    await clock.advance(100);
    expect(receiver.triedIds).toEqual(["event-1"]);
    outbox.add("A");
    dispatcher.wake();
    await clock.advance(100);
    expect(receiver.triedIds).toEqual(["event-1", "event-2"]);
    await dispatcher.stop();
  });

  test("wake() during a device's last try is not lost", async () => {
    const { outbox, clock, receiver, dispatcher } = build();
    const answer = Promise.withResolvers<SendResult>();
    receiver.answer = () => answer.promise;
    outbox.add("A");
    dispatcher.start();
    await clock.advance(50);
    outbox.add("A");
    dispatcher.wake();
    await clock.advance(50);
    answer.resolve(DELIVERED);
    await clock.advance(50);
    expect(receiver.deliveredIds).toEqual(["event-1", "event-2"]);
    await dispatcher.stop();
  });

  test("wake() during the read of an empty page is not lost", async () => {
    const { outbox, clock, receiver, dispatcher } = build();
    outbox.add("A");
    dispatcher.start();
    // The result waits 50 ms to be written, so the outbox still lists the device meanwhile.
    await clock.advance(10);
    const gate = Promise.withResolvers<void>();
    outbox.pageGate = gate.promise;
    dispatcher.wake();
    await clock.advance(30);
    outbox.pageGate = undefined;
    outbox.add("A");
    dispatcher.wake();
    await clock.advance(100);
    gate.resolve();
    await clock.advance(100);
    expect(receiver.deliveredIds).toEqual(["event-1", "event-2"]);
    await dispatcher.stop();
  });

  test("a try in flight never holds another device up", async () => {
    const { outbox, clock, receiver, dispatcher } = build();
    const answer = Promise.withResolvers<SendResult>();
    receiver.answer = (_event, device) => (device === "slow" ? answer.promise : DELIVERED);
    outbox.add("slow");
    for (let count = 0; count < 200; count += 1) outbox.add("fast");
    dispatcher.start();
    await clock.advance(1000);
    expect(arrivedInOrder(receiver, "fast")).toHaveLength(200);
    answer.resolve(DELIVERED);
    await dispatcher.stop();
  });

  test("a live punch goes before the backlog of more terminals than have a turn", async () => {
    const { outbox, clock, receiver, dispatcher } = build();
    receiver.answer = () => {
      const { promise, resolve } = Promise.withResolvers<SendResult>();
      clock.after(1000, () => resolve(DELIVERED));
      return promise;
    };
    for (let count = 0; count < 20 * 50; count += 1) outbox.add(`B${count % 20}`);
    dispatcher.start();
    await clock.advance(60_500);
    outbox.add("live");
    dispatcher.wake();
    await clock.advance(2000);
    expect(receiver.tries.some((seen) => seen.device === "live")).toBe(true);
    await Promise.all([dispatcher.stop(), clock.advance(2000)]);
  });
});

describe("Dispatcher with refusals", () => {
  test("it tries an event MAX_RETRIES + 1 times, parks it, and goes on in order", async () => {
    const { outbox, clock, log, receiver, dispatcher } = build();
    receiver.answer = (event) => (event === "event-1" ? REFUSED : DELIVERED);
    outbox.add("A");
    outbox.add("A");
    outbox.add("B");
    dispatcher.start();
    await clock.advance(34_000);
    expect(receiver.triedIds.filter((event) => event === "event-1")).toHaveLength(3);
    expect(receiver.deliveredIds).toEqual(["event-3"]);
    await clock.advance(2000);
    expect(receiver.triedIds.filter((event) => event === "event-1")).toHaveLength(4);
    expect(receiver.deliveredIds).toEqual(["event-3", "event-2"]);
    expect(outbox.idsIn("parked")).toEqual([1]);
    expect(log.of("webhook.refused")).toHaveLength(3);
    expect(log.of("webhook.parked")).toHaveLength(1);
    expect(dispatcher.figures()).toMatchObject({ refusedCount: 4, parkedCount: 1 });
    await dispatcher.stop();
  });

  test("it counts on from the refusals of the process before", async () => {
    const first = build();
    first.receiver.answer = () => REFUSED;
    first.outbox.add("A");
    first.dispatcher.start();
    await first.clock.advance(6000);
    await first.dispatcher.stop();
    expect(first.receiver.tries).toHaveLength(2);

    const second = build(first.outbox);
    second.receiver.answer = () => REFUSED;
    second.dispatcher.start();
    await second.clock.advance(HOUR_MS);
    expect(second.receiver.tries).toHaveLength(2);
    expect(second.outbox.idsIn("parked")).toEqual([1]);
    await second.dispatcher.stop();
  });

  test("it waits for a due time ahead, but not for one more than 24 h ahead", async () => {
    const { outbox, clock, receiver, dispatcher } = build();
    outbox.add("A", { nextAttemptAtMs: epochMs(clock.nowMs() + 5000) });
    outbox.add("B", { nextAttemptAtMs: epochMs(clock.nowMs() + 25 * HOUR_MS) });
    dispatcher.start();
    await clock.advance(4000);
    expect(receiver.triedIds).toEqual(["event-2"]);
    await clock.advance(2000);
    expect(receiver.triedIds).toEqual(["event-2", "event-1"]);
    await dispatcher.stop();
  });

  test("a wall clock that is set back while a device rests delays nothing", async () => {
    const { outbox, clock, receiver, dispatcher } = build();
    outbox.add("A", { nextAttemptAtMs: epochMs(clock.nowMs() + 5000) });
    dispatcher.start();
    await clock.advance(1000);
    clock.stepWallClock(-HOUR_MS);
    await clock.advance(5000);
    expect(receiver.deliveredIds).toEqual(["event-1"]);
    await dispatcher.stop();
  });

  test("a bug of ours that one event trips parks that event alone", async () => {
    const { outbox, clock, log, receiver, dispatcher } = build();
    outbox.add("A");
    outbox.add("A");
    const broken = outbox.rows.get(1);
    if (broken !== undefined) {
      const punch = makePunch({ instantMs: epochMs(Number.NaN) });
      broken.delivery = { ...broken.delivery, punch };
    }
    dispatcher.start();
    await clock.advance(MINUTE_MS);
    expect(outbox.idsIn("parked")).toEqual([1]);
    expect(receiver.deliveredIds).toEqual(["event-2"]);
    expect(log.of("webhook.failed")).toHaveLength(4);
    await dispatcher.stop();
  });
});

describe("Dispatcher and its limits", () => {
  test("a rate limit delays and never drops", async () => {
    const { outbox, clock, receiver, dispatcher } = build(undefined, { rateLimitPerMinute: 60 });
    for (let count = 0; count < 300; count += 1) outbox.add(`D${count % 10}`);
    dispatcher.start();
    await clock.advance(1000);
    for (let minute = 1; minute <= 4; minute += 1) {
      expect(receiver.tries).toHaveLength(minute * 60);
      await clock.advance(MINUTE_MS);
    }
    expect(receiver.tries).toHaveLength(300);
    expect(new Set(receiver.deliveredIds).size).toBe(300);
    await dispatcher.stop();
  });

  test("a turn that finds nothing to send uses up nothing of the rate limit", async () => {
    const { outbox, clock, receiver, dispatcher } = build(undefined, { rateLimitPerMinute: 2 });
    outbox.writesFail = true;
    outbox.add("A");
    dispatcher.start();
    for (let count = 0; count < 5; count += 1) {
      dispatcher.wake();
      await clock.advance(1000);
    }
    outbox.add("B");
    dispatcher.wake();
    await clock.advance(1000);
    expect(receiver.deliveredIds).toEqual(["event-1", "event-2"]);
    await dispatcher.stop();
  });

  test("a slow receiver and a long backlog hold a bounded window in memory", async () => {
    const { outbox, clock, receiver, dispatcher } = build();
    receiver.answer = () => {
      const { promise, resolve } = Promise.withResolvers<SendResult>();
      clock.after(8000, () => resolve(DELIVERED));
      return promise;
    };
    for (let count = 0; count < 40_000; count += 1) outbox.add(`D${count % 100}`);
    dispatcher.start();
    await clock.advance(100_000);
    expect(outbox.pageMax).toBe(10);
    // A read for each turn at most: nothing reads ahead of what it sends.
    expect(outbox.readCount).toBeLessThanOrEqual(receiver.tries.length + 8);
    expect(receiver.inFlightMax).toBe(8);
    await Promise.all([dispatcher.stop(), clock.advance(8000)]);
  });

  test("no log line and no figure carries credentials, path, secret or body", async () => {
    const { outbox, clock, log, receiver, dispatcher } = build();
    const answers = [failedWith(500), REFUSED, REFUSED, REFUSED, REFUSED];
    receiver.answer = () => answers.shift() ?? DELIVERED;
    outbox.add("A");
    dispatcher.start();
    await clock.advance(MINUTE_MS);
    expect(log.lines.length).toBeGreaterThan(3);
    const told = JSON.stringify([log.lines, dispatcher.figures()]);
    for (const hidden of ["hunter2", "secret-path", ENDPOINT.secret, "biometric_id"]) {
      expect(told).not.toContain(hidden);
    }
    await dispatcher.stop();
  });
});
