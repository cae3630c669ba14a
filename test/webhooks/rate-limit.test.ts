/**
 * Proves the sliding window: never more than the limit in any 60 s, and nothing lost by a release.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { RateLimit } from "#webhooks/rate-limit.ts";

/** A limit whose time the test sets. */
function limitOf(perMinute: number | undefined) {
  const time = { nowMs: 0 };
  const limit = new RateLimit(perMinute, { monotonicMs: () => time.nowMs });
  return { time, limit };
}

describe("RateLimit", () => {
  test("RateLimit lets the whole limit through at once, then waits for the window", () => {
    const { time, limit } = limitOf(2);
    for (const nowMs of [0, 10_000]) {
      time.nowMs = nowMs;
      expect(limit.waitMs()).toBe(0);
      limit.reserve();
      limit.use();
    }
    expect(limit.waitMs()).toBe(50_000);
    time.nowMs = 59_999;
    expect(limit.waitMs()).toBe(1);
    time.nowMs = 60_000;
    expect(limit.waitMs()).toBe(0);
  });

  test("RateLimit counts a reserved try until it is released", () => {
    const { limit } = limitOf(1);
    limit.reserve();
    expect(limit.waitMs()).toBeGreaterThan(0);
    limit.release();
    expect(limit.waitMs()).toBe(0);
  });

  test("RateLimit counts the tries under an earlier limit", () => {
    const { time, limit } = limitOf(3);
    for (let count = 0; count < 3; count += 1) {
      limit.reserve();
      limit.use();
    }
    time.nowMs = 20_000;
    limit.setPerMinute(2);
    expect(limit.waitMs()).toBe(40_000);
    limit.setPerMinute(4);
    expect(limit.waitMs()).toBe(0);
    limit.setPerMinute(undefined);
    expect(limit.waitMs()).toBe(0);
  });

  test("RateLimit without a limit never waits", () => {
    const { limit } = limitOf(undefined);
    for (let count = 0; count < 1000; count += 1) {
      limit.reserve();
      limit.use();
    }
    expect(limit.waitMs()).toBe(0);
  });

  test("RateLimit holds in every window, however the asking is spread", () => {
    const steps = fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 60 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), steps, (perMinute, stepsMs) => {
        const { time, limit } = limitOf(perMinute);
        const usedAtMs: number[] = [];
        for (const stepMs of stepsMs) {
          time.nowMs += stepMs;
          if (limit.waitMs() > 0) continue;
          limit.reserve();
          limit.use();
          usedAtMs.push(time.nowMs);
        }
        for (const fromMs of usedAtMs) {
          const inWindow = usedAtMs.filter((atMs) => atMs >= fromMs && atMs < fromMs + 60_000);
          expect(inWindow.length).toBeLessThanOrEqual(perMinute);
        }
      }),
    );
  });
});
