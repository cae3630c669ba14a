/**
 * Aim: the sliding log never lets more than N through in any window, refused events never count,
 * and what it remembers stays bounded.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { SlidingLimit, TimesInMemory } from "#platform/sliding-limit.ts";
import { FakeClock } from "../support/fake-clock.ts";

const WINDOW_MS = 1_000;

function limitOf(requests: number, keysMax = 100) {
  const clock = new FakeClock();
  return { clock, limit: new SlidingLimit({ requests, windowMs: WINDOW_MS, keysMax, clock }) };
}

/** A limit whose time the test sets to the fraction of a millisecond. */
function limitAt(requests: number) {
  const time = { nowMs: 0 };
  const clock = { monotonicMs: () => time.nowMs };
  return { time, limit: new SlidingLimit({ requests, windowMs: WINDOW_MS, keysMax: 3, clock }) };
}

/** Who asks, and how long after the one before. */
const arrivals = fc.array(
  fc.record({
    key: fc.constantFrom("a", "b", "c"),
    afterMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 700 })),
  }),
  { maxLength: 120 },
);

describe("SlidingLimit", () => {
  test("tells how long to wait, and counts nothing while asked", async () => {
    const { clock, limit } = limitOf(2);
    expect(limit.take("a")).toBe(0);
    await clock.advance(400);
    expect(limit.take("a")).toBe(0);
    expect(limit.waitMs("a")).toBe(600);
    expect(limit.take("a")).toBe(600);
    await clock.advance(600);
    expect(limit.waitMs("a")).toBe(0);
    expect(limit.take("a")).toBe(0);
    expect(limit.take("a")).toBe(400);
  });

  test("leaves room for events that are let through and not recorded yet", async () => {
    const { clock, limit } = limitOf(2);
    expect(limit.waitMs("a", 1)).toBe(0);
    expect(limit.waitMs("a", 2)).toBe(WINDOW_MS);
    limit.record("a");
    await clock.advance(300);
    expect(limit.waitMs("a", 1)).toBe(700);
    expect(limit.waitMs("a")).toBe(0);
  });

  test("counts what was accepted under an earlier rule", async () => {
    const { clock, limit } = limitOf(4);
    for (let count = 0; count < 6; count += 1) {
      limit.record("a");
      await clock.advance(100);
    }
    limit.setRule({ requests: 2, windowMs: WINDOW_MS });
    // The last two were accepted 200 and 100 ms ago.
    expect(limit.waitMs("a")).toBe(800);
    limit.setRule({ requests: 5, windowMs: WINDOW_MS });
    expect([0, 0, 0].map(() => limit.take("a"))).toEqual([0, 0, 0]);
    expect(limit.take("a")).toBe(800);
    limit.setRule({ requests: 5, windowMs: 2 * WINDOW_MS });
    expect(limit.take("a")).toBe(1_800);
    expect(limit.rule).toEqual({ requests: 5, windowMs: 2 * WINDOW_MS });
  });

  test("is not moved by a step of the wall clock", () => {
    const { clock, limit } = limitOf(1);
    limit.take("a");
    clock.stepWallClock(3_600_000);
    expect(limit.take("a")).toBe(1_000);
  });

  test("never accepts more than N of a key in any window, whenever they arrive", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), arrivals, (requests, asked) => {
        const { time, limit } = limitAt(requests);
        const accepted: { key: string; atMs: number }[] = [];
        for (const { key, afterMs } of asked) {
          time.nowMs += afterMs;
          if (limit.take(key) === 0) accepted.push({ key, atMs: time.nowMs });
        }
        for (const { key, atMs } of accepted) {
          const inWindow = accepted.filter(
            (other) => other.key === key && other.atMs >= atMs && other.atMs < atMs + WINDOW_MS,
          );
          expect(inWindow.length).toBeLessThanOrEqual(requests);
        }
      }),
    );
  });

  test("never counts what it refused: exactly a plain list of accepted times decides", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), arrivals, (requests, asked) => {
        const { time, limit } = limitAt(requests);
        const accepted: Record<string, number[]> = { a: [], b: [], c: [] };
        for (const { key, afterMs } of asked) {
          time.nowMs += afterMs;
          const earlier = accepted[key] ?? [];
          const inWindow = earlier.filter((atMs) => time.nowMs - atMs < WINDOW_MS);
          const waitMs = limit.take(key);
          expect(waitMs === 0).toBe(inWindow.length < requests);
          if (waitMs === 0) earlier.push(time.nowMs);
          else expect(waitMs).toBe((inWindow.at(-requests) ?? 0) + WINDOW_MS - time.nowMs);
        }
      }),
    );
  });

  test("keeps its state in the place that it is given", () => {
    const times = new TimesInMemory({ requests: 1, keysMax: 10 });
    const clock = new FakeClock();
    const options = { requests: 1, windowMs: WINDOW_MS, keysMax: 10, clock, times };
    expect(new SlidingLimit(options).take("a")).toBe(0);
    expect(new SlidingLimit(options).take("a")).toBe(WINDOW_MS);
  });
});

describe("TimesInMemory", () => {
  test("forgets the key used longest ago beyond its bound", () => {
    const times = new TimesInMemory({ requests: 1, keysMax: 2 });
    times.add("a", 1);
    times.add("b", 2);
    times.add("a", 3);
    times.add("c", 4);
    expect(times.keyCount).toBe(2);
    expect(times.findLast("b", 1)).toBeUndefined();
    expect(times.findLast("a", 1)).toBe(3);
    expect(times.findLast("c", 1)).toBe(4);
  });

  test("finds the last times of a key, and no more of them than the limit allows", () => {
    const times = new TimesInMemory({ requests: 3, keysMax: 2 });
    for (const atMs of [10, 20, 30, 40]) times.add("a", atMs);
    expect([1, 2, 3].map((count) => times.findLast("a", count))).toEqual([40, 30, 20]);
  });
});
