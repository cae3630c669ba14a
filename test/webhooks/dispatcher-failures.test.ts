/**
 * Proves that every delivery arrives at least once and in order per device over outages of the
 * endpoint, failing storage, restarts and random answers.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { SendResult } from "#webhooks/send.ts";
import { arrivedInOrder, build, HOUR_MS, MINUTE_MS } from "./dispatcher-fixture.ts";
import { DELIVERED, failedWith, REFUSED } from "./fake-receiver.ts";

describe("Dispatcher over an outage", () => {
  test("it pauses, probes with the oldest event alone, and resumes with everything", async () => {
    const { outbox, clock, log, receiver, dispatcher } = build();
    let isDown = true;
    receiver.answer = () => (isDown ? failedWith(500) : DELIVERED);
    for (let count = 0; count < 40; count += 1) outbox.add(`D${count % 20}`);
    dispatcher.start();
    await clock.advance(100);
    const firstTries = receiver.tries.length;
    expect(firstTries).toBeLessThanOrEqual(8);
    expect(dispatcher.figures()).toMatchObject({ state: "paused", lastResult: "status 500" });

    await clock.advance(15 * MINUTE_MS);
    const probes = receiver.triedIds.slice(firstTries);
    expect(new Set(probes)).toEqual(new Set(["event-1"]));
    expect(probes.length).toBeGreaterThan(8);
    expect(probes.length).toBeLessThan(20);
    await clock.advance(45 * MINUTE_MS);
    expect(receiver.tries.length).toBeLessThan(60);
    expect(outbox.writes.flat()).toHaveLength(receiver.tries.length);
    expect(new Set(outbox.writes.flat().map(({ kind }) => kind))).toEqual(new Set(["failed"]));

    isDown = false;
    await clock.advance(10 * MINUTE_MS);
    for (let device = 0; device < 20; device += 1) {
      const events = [`event-${device + 1}`, `event-${device + 21}`];
      expect(arrivedInOrder(receiver, `D${device}`)).toEqual(events);
    }
    expect(receiver.deliveredIds).toHaveLength(40);
    expect(log.of("webhook.paused")).toHaveLength(1);
    expect(log.of("webhook.resumed")).toHaveLength(1);
    expect(log.of("webhook.resumed")[0]?.fields.devicesWaiting).toBe(20);
    expect(dispatcher.figures()).toMatchObject({ state: "active", nextProbeInMs: undefined });
    await dispatcher.stop();
  });

  test("the probe is the oldest event even of a device that had no turn yet", async () => {
    const { outbox, clock, receiver, dispatcher } = build();
    receiver.answer = () => failedWith(503);
    // `listDevicesWithDeliveries` gives no order: the oldest device comes last here.
    const listed = outbox.listDevicesWithDeliveries.bind(outbox);
    outbox.listDevicesWithDeliveries = async () => [...(await listed())].reverse();
    for (let count = 0; count < 20; count += 1) outbox.add(`D${count}`);
    dispatcher.start();
    await clock.advance(100);
    expect(receiver.triedIds).not.toContain("event-1");
    await clock.advance(5000);
    expect(receiver.triedIds.slice(8)).toContain("event-1");
    expect(new Set(receiver.triedIds.slice(8)).size).toBe(1);
    await dispatcher.stop();
  });

  test("it obeys Retry-After", async () => {
    const { outbox, clock, receiver, dispatcher } = build();
    receiver.answer = () => failedWith(429, HOUR_MS);
    outbox.add("A");
    dispatcher.start();
    await clock.advance(HOUR_MS - 1000);
    expect(receiver.tries).toHaveLength(1);
    expect(dispatcher.figures().nextProbeInMs).toBeLessThanOrEqual(1000);
    receiver.answer = () => DELIVERED;
    await clock.advance(2000);
    expect(receiver.deliveredIds).toEqual(["event-1"]);
    await dispatcher.stop();
  });

  test("an endpoint that is gone is asked once a day, and at a start", async () => {
    const { outbox, clock, receiver, dispatcher } = build();
    receiver.answer = () => failedWith(410);
    outbox.add("A");
    dispatcher.start();
    await clock.advance(1000);
    expect(dispatcher.figures()).toMatchObject({ state: "paused", pauseReason: "status 410" });
    outbox.add("B");
    dispatcher.wake();
    await clock.advance(23 * HOUR_MS);
    expect(receiver.triedIds).toEqual(["event-1"]);
    await clock.advance(2 * HOUR_MS);
    expect(receiver.triedIds).toEqual(["event-1", "event-1"]);
    await dispatcher.stop();

    const second = build(outbox);
    second.dispatcher.start();
    await second.clock.advance(1000);
    expect([...second.receiver.deliveredIds].sort()).toEqual(["event-1", "event-2"]);
    expect(outbox.rows.get(1)?.delivery.attemptCount).toBe(0);
    await second.dispatcher.stop();
  });

  test("it tells of each pause once, why it began, and how long it was", async () => {
    const { outbox, clock, log, receiver, dispatcher } = build();
    receiver.answer = () => failedWith(503);
    for (const device of ["A", "B", "C"]) outbox.add(device);
    dispatcher.start();
    await clock.advance(100);
    receiver.answer = () => failedWith(429, 9000);
    await clock.advance(5000);
    expect(log.of("webhook.paused")).toMatchObject([{ fields: { detail: "503" } }]);
    expect(dispatcher.figures().pauseReason).toBe("status 429");
    receiver.answer = () => DELIVERED;
    await clock.advance(10_000);
    expect(log.of("webhook.paused")).toHaveLength(1);
    expect(log.of("webhook.resumed")).toMatchObject([{ fields: { pausedSeconds: 10 } }]);
    expect(dispatcher.figures().pauseReason).toBeUndefined();
    await dispatcher.stop();
  });

  test("every try sends what the first one sent, also after a restart", async () => {
    const { outbox, clock, receiver, dispatcher } = build();
    const answers = [failedWith(500), REFUSED, failedWith(500)];
    receiver.answer = () => answers.shift() ?? failedWith(500);
    outbox.add("A");
    dispatcher.start();
    await clock.advance(100);
    const correct = (): void => {
      const row = outbox.rows.get(1);
      const punch = row?.delivery.punch;
      if (row === undefined || punch === undefined) throw new Error("The punch is there");
      row.delivery = { ...row.delivery, punch: { ...punch, direction: "out" } };
    };
    correct();
    await clock.advance(20_000);
    await dispatcher.stop();
    correct();
    const second = build(outbox);
    second.dispatcher.start();
    await second.clock.advance(1000);
    const bodies = [...receiver.tries, ...second.receiver.tries].map(({ body }) => body);
    expect(bodies.length).toBeGreaterThan(4);
    expect(new Set(bodies).size).toBe(1);
    await second.dispatcher.stop();
  });

  test("a refusal by the probe counts against its event and ends the pause", async () => {
    const { outbox, clock, receiver, dispatcher } = build();
    receiver.answer = () => failedWith(500);
    outbox.add("A");
    outbox.add("B");
    dispatcher.start();
    await clock.advance(100);
    receiver.answer = (event) => (event === "event-1" ? REFUSED : DELIVERED);
    await clock.advance(2000);
    expect(receiver.deliveredIds).toEqual(["event-2"]);
    expect(dispatcher.figures().state).toBe("active");
    expect(outbox.rows.get(1)?.delivery.attemptCount).toBe(1);
    await dispatcher.stop();
  });

  test("what is committed during the pause is delivered after it, without a further wake", async () => {
    const { outbox, clock, receiver, dispatcher } = build();
    receiver.answer = () => failedWith(500);
    outbox.add("A");
    dispatcher.start();
    await clock.advance(100);
    outbox.add("A");
    outbox.add("B");
    dispatcher.wake();
    receiver.answer = () => DELIVERED;
    await clock.advance(5000);
    expect([...receiver.deliveredIds].sort()).toEqual(["event-1", "event-2", "event-3"]);
    await dispatcher.stop();
  });

  test("a device whose page comes after the pause began sends nothing", async () => {
    const { outbox, clock, receiver, dispatcher } = build();
    receiver.answer = () => failedWith(500, HOUR_MS);
    outbox.add("A");
    outbox.add("B");
    const gate = Promise.withResolvers<void>();
    const read = outbox.listWaitingDeliveries.bind(outbox);
    outbox.listWaitingDeliveries = async (device, afterId, limit) => {
      if (device === "B") await gate.promise;
      return read(device, afterId, limit);
    };
    dispatcher.start();
    await clock.advance(100);
    gate.resolve();
    await clock.advance(100);
    expect(receiver.triedIds).toEqual(["event-1"]);
    await dispatcher.stop();
  });

  test("it makes one probe at a time, however long that takes", async () => {
    const { outbox, clock, receiver, dispatcher } = build();
    receiver.answer = (_event, device) => (device === "refused" ? REFUSED : failedWith(500));
    outbox.add("A");
    outbox.add("B");
    outbox.add("refused");
    dispatcher.start();
    await clock.advance(100);
    expect(receiver.tries).toHaveLength(3);
    const answer = Promise.withResolvers<SendResult>();
    let begun = 0;
    receiver.answer = () => {
      begun += 1;
      return answer.promise;
    };
    // The refused device is due again after 5 s, in the middle of the probe.
    await clock.advance(20_000);
    expect(begun).toBe(1);
    answer.resolve(DELIVERED);
    await clock.advance(1000);
    expect(receiver.deliveredIds).toHaveLength(3);
    await dispatcher.stop();
  });

  test("it survives a wall clock that steps a year", async () => {
    const { outbox, clock, receiver, dispatcher } = build();
    receiver.answer = () => failedWith(500);
    outbox.add("A");
    dispatcher.start();
    await clock.advance(10);
    clock.stepWallClock(-365 * 24 * HOUR_MS);
    receiver.answer = () => DELIVERED;
    await clock.advance(2000);
    expect(receiver.deliveredIds).toEqual(["event-1"]);
    await dispatcher.stop();
  });
});

describe("Dispatcher over failing storage", () => {
  test("results that cannot be written are kept, and their events are not sent again", async () => {
    const { outbox, clock, receiver, dispatcher } = build();
    outbox.writesFail = true;
    for (let count = 0; count < 300; count += 1) outbox.add(`D${count % 3}`);
    dispatcher.start();
    await clock.advance(10_000);
    for (let count = 0; count < 20; count += 1) {
      dispatcher.wake();
      await clock.advance(1000);
    }
    expect(receiver.tries).toHaveLength(300);
    outbox.writesFail = false;
    await clock.advance(5000);
    expect(outbox.idsIn("delivered")).toHaveLength(300);
    expect(receiver.tries).toHaveLength(300);
    await dispatcher.stop();
  });

  test("too many unwritten results hold further tries back until they are written", async () => {
    const { outbox, clock, receiver, dispatcher } = build();
    outbox.writesFail = true;
    for (let count = 0; count < 3000; count += 1) outbox.add(`D${count % 10}`);
    dispatcher.start();
    await clock.advance(10_000);
    expect(receiver.tries.length).toBeGreaterThanOrEqual(2000);
    expect(receiver.tries.length).toBeLessThanOrEqual(2008);
    outbox.writesFail = false;
    await clock.advance(20_000);
    expect(outbox.idsIn("delivered")).toHaveLength(3000);
    expect(receiver.tries).toHaveLength(3000);
    await dispatcher.stop();
  });

  test("an outbox that cannot be read is read again", async () => {
    const { outbox, clock, log, receiver, dispatcher } = build();
    outbox.readsFail = true;
    outbox.add("A");
    dispatcher.start();
    await clock.advance(5000);
    expect(log.of("webhook.unread").length).toBeGreaterThan(1);
    expect(log.of("webhook.unread").length).toBeLessThan(10);
    outbox.readsFail = false;
    await clock.advance(2000);
    expect(receiver.deliveredIds).toEqual(["event-1"]);
    await dispatcher.stop();
  });
});

describe("Dispatcher over a restart", () => {
  test("stop() lets tries end, writes their results, and starts no new one", async () => {
    const { outbox, clock, receiver, dispatcher } = build();
    const answer = Promise.withResolvers<SendResult>();
    receiver.answer = () => answer.promise;
    outbox.add("A");
    outbox.add("A");
    dispatcher.start();
    await clock.advance(100);
    const stopped = dispatcher.stop();
    answer.resolve(DELIVERED);
    await stopped;
    expect(receiver.triedIds).toEqual(["event-1"]);
    expect(outbox.idsIn("delivered")).toEqual([1]);
    expect(clock.plannedCount).toBe(0);
  });

  test("stop() waits for the write under way, and writes the rest after it", async () => {
    const { outbox, clock, dispatcher } = build();
    for (let count = 0; count < 250; count += 1) outbox.add("A");
    const gate = Promise.withResolvers<void>();
    outbox.writeGate = gate.promise;
    dispatcher.start();
    await clock.advance(1000);
    const stopped = dispatcher.stop();
    gate.resolve();
    await stopped;
    expect(outbox.writes.map((records) => records.length)).toEqual([200, 50]);
    expect(clock.plannedCount).toBe(0);
  });

  test("stop() gives up a try that does not end, and it is made again after the restart", async () => {
    const first = build();
    first.receiver.answer = () => new Promise<SendResult>(() => {});
    first.outbox.add("A");
    first.dispatcher.start();
    await first.clock.advance(100);
    await Promise.all([first.dispatcher.stop(), first.clock.advance(5000)]);
    expect(first.outbox.writes).toEqual([]);

    const second = build(first.outbox);
    second.dispatcher.start();
    await second.clock.advance(1000);
    expect(second.receiver.deliveredIds).toEqual(["event-1"]);
    await second.dispatcher.stop();
  });

  test("a crash makes only unwritten results go out again", async () => {
    const first = build();
    for (let count = 0; count < 10; count += 1) first.outbox.add("A");
    first.dispatcher.start();
    await first.clock.advance(1000);
    first.outbox.writesFail = true;
    for (let count = 0; count < 10; count += 1) first.outbox.add("A");
    first.dispatcher.wake();
    await first.clock.advance(1000);
    expect(first.receiver.tries).toHaveLength(20);
    await first.dispatcher.stop();

    first.outbox.writesFail = false;
    const second = build(first.outbox);
    second.dispatcher.start();
    await second.clock.advance(1000);
    const again = Array.from({ length: 10 }, (_, index) => `event-${index + 11}`);
    expect(second.receiver.deliveredIds).toEqual(again);
    await second.dispatcher.stop();
  });
});

describe("Dispatcher over random answers", () => {
  test("every event is delivered or parked, in order per device, and none is lost", async () => {
    const weights = fc.record({ failed: fc.nat(30), refused: fc.nat(30), seed: fc.nat() });
    await fc.assert(
      fc.asyncProperty(weights, async ({ failed, refused, seed }) => {
        const { outbox, clock, receiver, dispatcher } = build();
        const next = seededPercent(seed);
        receiver.answer = () => {
          const roll = next();
          if (roll < failed) return failedWith(503, roll % 2 === 0 ? undefined : 7000);
          return roll < failed + refused ? REFUSED : DELIVERED;
        };
        for (let count = 0; count < 60; count += 1) outbox.add(`D${next() % 5}`);
        dispatcher.start();
        await clock.advance(12 * HOUR_MS);
        await dispatcher.stop();
        expect(outbox.idsIn("waiting")).toEqual([]);
        for (let device = 0; device < 5; device += 1) {
          const arrived = arrivedInOrder(receiver, `D${device}`).map(eventNumber);
          expect(arrived).toEqual([...arrived].sort((left, right) => left - right));
        }
        expect(receiver.deliveredIds).toHaveLength(outbox.idsIn("delivered").length);
      }),
      { numRuns: 10 },
    );
  });
});

function eventNumber(eventId: string): number {
  return Number(eventId.slice("event-".length));
}

/** Numbers 0 to 99 from a seed (the minimal standard generator). */
function seededPercent(seed: number): () => number {
  let state = (seed % 2_147_483_646) + 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state % 100;
  };
}
