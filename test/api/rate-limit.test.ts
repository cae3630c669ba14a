/** Aim: the sliding log never lets more than N through in any window, and stays bounded. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { SlidingLimit } from "#api/rate-limit.ts";
import { FakeClock } from "../support/fake-clock.ts";

function limitOf(requests: number, keysMax = 100) {
  const clock = new FakeClock();
  return { clock, limit: new SlidingLimit({ requests, windowMs: 1_000, keysMax, clock }) };
}

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

  test("is not moved by a step of the wall clock", () => {
    const { clock, limit } = limitOf(1);
    limit.take("a");
    clock.stepWallClock(3_600_000);
    expect(limit.take("a")).toBe(1_000);
  });

  test("forgets the key used longest ago beyond its bound", () => {
    const { limit } = limitOf(1, 2);
    limit.take("a");
    limit.take("b");
    limit.take("c");
    expect(limit.keyCount).toBe(2);
    expect(limit.waitMs("a")).toBe(0);
    expect(limit.waitMs("b")).toBe(1_000);
    expect(limit.waitMs("c")).toBe(1_000);
  });

  test("accepts exactly what a plain list of accepted times would", async () => {
    const steps = fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 5 }), steps, async (requests, waits) => {
        const { limit, clock } = limitOf(requests);
        const accepted: number[] = [];
        let nowMs = 0;
        for (const waitMs of waits) {
          clock.stepWallClock(-waitMs);
          await clock.advance(waitMs);
          nowMs += waitMs;
          const inWindow = accepted.filter((atMs) => nowMs - atMs < 1_000).length;
          const isAccepted = limit.take("a") === 0;
          expect(isAccepted).toBe(inWindow < requests);
          if (isAccepted) accepted.push(nowMs);
        }
      }),
      { numRuns: 50 },
    );
  });
});
