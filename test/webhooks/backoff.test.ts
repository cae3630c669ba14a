/**
 * Proves the waiting rules: probes that grow and stay bounded, refusals that hold a device up for
 * at most 15 min, `Retry-After` in both its forms, and due times that survive a stepped clock.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { epochMs } from "#base/epoch.ts";
import { dueInMs, parseRetryAfter, probeDelayMs, refusalDelayMs } from "#webhooks/backoff.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const NOW_MS = epochMs(Date.UTC(2026, 2, 2, 0, 15, 4));

describe("probeDelayMs()", () => {
  test("probeDelayMs() doubles from 1 s to 5 min", () => {
    const almostOne = 1 - Number.EPSILON;
    const delays = [1, 2, 3, 9, 10, 1000].map((count) =>
      Math.round(probeDelayMs(count, almostOne)),
    );
    expect(delays).toEqual([1000, 2000, 4000, 256_000, 300_000, 300_000]);
  });

  test("probeDelayMs() takes at least half of the full delay", () => {
    expect(probeDelayMs(1, 0)).toBe(500);
    expect(probeDelayMs(1000, 0)).toBe(150_000);
  });
});

describe("refusalDelayMs()", () => {
  test("refusalDelayMs() doubles as the original did", () => {
    const plan = { retryDelayMs: 5000, refusalsMax: 4 };
    expect([0, 1, 2].map((count) => refusalDelayMs(plan, count))).toEqual([5000, 10_000, 20_000]);
  });

  test("refusalDelayMs() keeps all waits of an event within 15 min", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: HOUR_MS }),
        fc.integer({ min: 1, max: 200 }),
        (retryDelayMs, refusalsMax) => {
          let totalMs = 0;
          for (let count = 0; count < refusalsMax - 1; count += 1) {
            totalMs += refusalDelayMs({ retryDelayMs, refusalsMax }, count);
          }
          expect(totalMs).toBeLessThanOrEqual(15 * MINUTE_MS + 1);
        },
      ),
    );
  });
});

describe("dueInMs()", () => {
  test("dueInMs() waits for an instant ahead and not for one behind", () => {
    expect(dueInMs(epochMs(NOW_MS + 5000), NOW_MS)).toBe(5000);
    expect(dueInMs(epochMs(NOW_MS - 5000), NOW_MS)).toBe(0);
    expect(dueInMs(epochMs(0), NOW_MS)).toBe(0);
  });

  test("dueInMs() holds a device up for 15 min at most", () => {
    expect(dueInMs(epochMs(NOW_MS + 900_000), NOW_MS)).toBe(900_000);
    expect(dueInMs(epochMs(NOW_MS + 900_001), NOW_MS)).toBe(900_000);
  });

  test("dueInMs() takes more than 24 h ahead for a clock that was set back", () => {
    expect(dueInMs(epochMs(NOW_MS + 24 * HOUR_MS), NOW_MS)).toBe(900_000);
    expect(dueInMs(epochMs(NOW_MS + 24 * HOUR_MS + 1), NOW_MS)).toBe(0);
  });
});

describe("parseRetryAfter()", () => {
  const cases: readonly (readonly [string, string | null, number | undefined])[] = [
    ["seconds", "120", 120_000],
    ["no wait", "0", 0],
    ["spaces around", " 7 ", 7000],
    ["at most 24 h", "999999999999999999999", 24 * HOUR_MS],
    ["a date ahead", "Mon, 02 Mar 2026 00:16:04 GMT", MINUTE_MS],
    ["a date behind as no wait", "Mon, 02 Mar 2020 00:16:04 GMT", 0],
    ["a date far ahead as 24 h", "Mon, 02 Mar 2099 00:16:04 GMT", 24 * HOUR_MS],
    ["nothing of an absent header", null, undefined],
    ["nothing of an empty one", "", undefined],
    ["nothing of a negative number", "-1", undefined],
    ["nothing of a fraction", "1.5", undefined],
    ["nothing of words", "soon", undefined],
    ["nothing of a date that does not exist", "Mon, 99 Xxx 2026 00:16:04 GMT", undefined],
    ["nothing of a date in another form", "2026-03-02T00:16:04Z", undefined],
  ];
  for (const [name, text, expected] of cases) {
    test(`parseRetryAfter() reads ${name}`, () => {
      expect(parseRetryAfter(text, NOW_MS)).toBe(expected);
    });
  }
});
