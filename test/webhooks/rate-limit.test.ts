/**
 * Proves the sliding window: never more than the limit in any 60 s, and nothing lost by a release.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { RateLimit } from "#webhooks/rate-limit.ts";

describe("RateLimit", () => {
  test("RateLimit lets the whole limit through at once, then waits for the window", () => {
    const limit = new RateLimit(2);
    for (const nowMs of [0, 10_000]) {
      expect(limit.waitMs(nowMs)).toBe(0);
      limit.reserve();
      limit.use(nowMs);
    }
    expect(limit.waitMs(10_000)).toBe(50_000);
    expect(limit.waitMs(59_999)).toBe(1);
    expect(limit.waitMs(60_000)).toBe(0);
  });

  test("RateLimit counts a reserved try until it is released", () => {
    const limit = new RateLimit(1);
    limit.reserve();
    expect(limit.waitMs(0)).toBeGreaterThan(0);
    limit.release();
    expect(limit.waitMs(0)).toBe(0);
  });

  test("RateLimit without a limit never waits", () => {
    const limit = new RateLimit(undefined);
    for (let count = 0; count < 1000; count += 1) {
      limit.reserve();
      limit.use(0);
    }
    expect(limit.waitMs(0)).toBe(0);
  });

  test("RateLimit holds in every window, however the asking is spread", () => {
    const steps = fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 60 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), steps, (perMinute, stepsMs) => {
        const limit = new RateLimit(perMinute);
        const usedAtMs: number[] = [];
        let nowMs = 0;
        for (const stepMs of stepsMs) {
          nowMs += stepMs;
          if (limit.waitMs(nowMs) > 0) continue;
          limit.reserve();
          limit.use(nowMs);
          usedAtMs.push(nowMs);
        }
        for (const fromMs of usedAtMs) {
          const inWindow = usedAtMs.filter((atMs) => atMs >= fromMs && atMs < fromMs + 60_000);
          expect(inWindow.length).toBeLessThanOrEqual(perMinute);
        }
      }),
    );
  });
});
