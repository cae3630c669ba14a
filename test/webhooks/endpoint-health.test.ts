/**
 * Proves when a pause begins, how far off its probes are, and that stragglers shorten nothing.
 */

import { describe, expect, test } from "bun:test";
import { EndpointHealth } from "#webhooks/endpoint-health.ts";

/** A failure at a time; `random` near 1 gives the full delay. */
const failure = (monotonicMs: number, isProbe: boolean, retryAfterMs?: number) => ({
  monotonicMs,
  isProbe,
  retryAfterMs,
  reason: "status 503",
  random: 1 - Number.EPSILON,
});

describe("EndpointHealth", () => {
  test("EndpointHealth puts each probe further off than the one before", () => {
    const health = new EndpointHealth();
    health.noteFailure(failure(0, false));
    expect(Math.round(health.waitMs(0))).toBe(1000);
    health.noteFailure(failure(1000, true));
    expect(Math.round(health.waitMs(1000))).toBe(2000);
    health.noteFailure(failure(3000, true));
    expect(Math.round(health.waitMs(3000))).toBe(4000);
  });

  test("EndpointHealth does not count failures of tries that began before the pause", () => {
    const health = new EndpointHealth();
    health.noteFailure(failure(0, false));
    for (let count = 0; count < 7; count += 1) health.noteFailure(failure(100, false));
    expect(Math.round(health.waitMs(0))).toBe(1000);
  });

  test("EndpointHealth lets Retry-After lengthen a wait and never shorten it", () => {
    const health = new EndpointHealth();
    health.noteFailure(failure(0, false, 60_000));
    expect(health.waitMs(0)).toBe(60_000);
    health.noteFailure(failure(10, false, 1));
    expect(health.waitMs(0)).toBe(60_000);
    health.noteFailure(failure(10, false, 90_000));
    expect(health.waitMs(10)).toBe(90_000);
  });

  test("EndpointHealth begins anew after a pause, and tells how long it was", () => {
    const health = new EndpointHealth();
    health.noteFailure(failure(500, false));
    health.noteFailure(failure(1500, true));
    expect(health.resume(4000)).toBe(3500);
    expect(health.isPaused).toBe(false);
    expect(health.waitMs(4000)).toBe(0);
    health.noteFailure(failure(5000, false));
    expect(Math.round(health.waitMs(5000))).toBe(1000);
  });
});
