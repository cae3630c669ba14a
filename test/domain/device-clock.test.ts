/**
 * Proves how far off a device's clock is said to be, also while the zone changes its clocks, when a
 * clock that went back begins a new episode, and what a time nobody believes may have meant.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { epochMs } from "#base/epoch.ts";
import {
  type ClockSamples,
  clockSkewMs,
  isClockOff,
  isLivePunch,
  medianSkewMs,
  NO_SAMPLES,
  needsSetting,
  nextClockEpisode,
  SKEW_SAMPLES_MAX,
  showsReset,
  suggestInstant,
  withSample,
} from "#domain/device-clock.ts";
import { instantOf, wallTimeOf } from "./domain-values.ts";

describe("clockSkewMs()", () => {
  const cases: readonly (readonly [
    what: string,
    clockText: string | undefined,
    timeZone: string,
    receivedAt: string,
    expected: number | undefined,
  ])[] = [
    ["a right clock", "20260302081459", "Asia/Manila", "2026-03-02T00:14:59Z", 0],
    ["a slow clock", "20260302081459", "Asia/Manila", "2026-03-02T00:16:00.250Z", -61_250],
    ["a fast clock", "20260302091459", "Asia/Manila", "2026-03-02T00:14:59Z", 3_600_000],
    ["12 digits", "260302081459", "Asia/Manila", "2026-03-02T00:14:58Z", 1000],
    ["12 digits with padding", " 260302081459\0", "Asia/Manila", "2026-03-02T00:14:58Z", 1000],
    ["a punctuated clock", "2026-03-02 08:14:59", "Asia/Manila", "2026-03-02T00:14:59Z", 0],
    ["a clock after power loss", "20000101000000", "UTC", "2000-01-02T00:00:00Z", -86_400_000],
    [
      "a right clock in the first pass",
      "20261025023000",
      "Europe/Berlin",
      "2026-10-25T00:30:00Z",
      0,
    ],
    [
      "a right clock in the second pass",
      "20261025023000",
      "Europe/Berlin",
      "2026-10-25T01:30:00Z",
      0,
    ],
    [
      "a clock that missed the summer",
      "20260329023000",
      "Europe/Berlin",
      "2026-03-29T01:30:00Z",
      0,
    ],
    [
      "a clock a little fast into the gap",
      "20260329020005",
      "Europe/Berlin",
      "2026-03-29T00:59:58Z",
      7_000,
    ],
    ["no clock", undefined, "Asia/Manila", "2026-03-02T00:14:59Z", undefined],
    ["an empty clock", "", "Asia/Manila", "2026-03-02T00:14:59Z", undefined],
    ["13 digits", "2603020814599", "Asia/Manila", "2026-03-02T00:14:59Z", undefined],
    ["an impossible date", "20260230081459", "Asia/Manila", "2026-03-02T00:14:59Z", undefined],
    [
      "an impossible date in 12 digits",
      "260230081459",
      "Asia/Manila",
      "2026-03-02T00:14:59Z",
      undefined,
    ],
  ];
  for (const [what, clockText, timeZone, receivedAt, expected] of cases) {
    test(`clockSkewMs() measures ${what}`, () => {
      expect(clockSkewMs(clockText, timeZone, instantOf(receivedAt))).toBe(expected);
    });
  }
});

describe("nextClockEpisode()", () => {
  const cases: readonly (readonly [
    what: string,
    previousClockText: string | undefined,
    clockText: string | undefined,
    expected: number,
  ])[] = [
    ["stays while the clock goes on", "20260302081459", "20260302081659", 7],
    ["stays while the clock stands", "20260302081459", "20260302081459", 7],
    ["stays when the clock jumps ahead", "20000101000000", "20260302081459", 7],
    ["stays when the clock goes back by 60 s", "20260302081459", "20260302081359", 7],
    ["rises when the clock goes back by 61 s", "20260302081459", "20260302081358", 8],
    ["rises when the clock goes back over a year end", "20260101000030", "20251231235900", 8],
    ["rises after power loss", "20260302081459", "20000101000000", 8],
    ["compares 12 digits with 14", "20260302081459", "260302081300", 8],
    ["stays at a first report", undefined, "20260302081459", 7],
    ["stays at a report without a clock", "20260302081459", undefined, 7],
    ["stays at an unreadable report", "20260302081459", "20260230081459", 7],
    ["stays after an unreadable report", "noon", "20000101000000", 7],
  ];
  for (const [what, previousClockText, clockText, expected] of cases) {
    test(`nextClockEpisode() ${what}`, () => {
      expect(nextClockEpisode({ episode: 7, previousClockText, clockText })).toBe(expected);
    });
  }
});

const HOUR_MS = 3_600_000;

function polled(...skewsMs: number[]): ClockSamples {
  return skewsMs.reduce(
    (samples, skewMs) => withSample(samples, { skewMs, source: "poll" }),
    NO_SAMPLES,
  );
}

describe("medianSkewMs()", () => {
  test("is the middle of an odd number, and the lower middle of an even one", () => {
    expect(medianSkewMs(NO_SAMPLES)).toBeUndefined();
    expect(medianSkewMs(polled(7))).toBe(7);
    expect(medianSkewMs(polled(90_000, -5))).toBe(-5);
    expect(medianSkewMs(polled(3, 90_000, 1))).toBe(3);
    expect(medianSkewMs(polled(-1000, -900, -1100, 0))).toBe(-1000);
  });

  test("is of the last nine samples, with as many below it as above, whatever their order", () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1, maxLength: 40 }), (skewsMs) => {
        const samples = polled(...skewsMs);
        const last = skewsMs.slice(-9);
        expect(samples.skewsMs).toEqual(last);
        const median = medianSkewMs(samples) ?? Number.NaN;
        const below = last.filter((skewMs) => skewMs < median).length;
        const above = last.filter((skewMs) => skewMs > median).length;
        expect(last).toContain(median);
        expect(below).toBeLessThanOrEqual(last.length / 2);
        expect(above).toBeLessThanOrEqual(last.length / 2);
        expect(medianSkewMs(polled(...last.toReversed()))).toBe(median);
      }),
    );
  });

  test("is not moved by fewer outliers than half", () => {
    const count = Math.floor((SKEW_SAMPLES_MAX - 1) / 2);
    const outliers = fc.array(fc.integer(), { maxLength: count });
    fc.assert(
      fc.property(outliers, (wrong) => {
        const right = Array.from({ length: SKEW_SAMPLES_MAX - wrong.length }, () => 250);
        expect(medianSkewMs(polled(...wrong, ...right))).toBe(250);
      }),
    );
  });
});

describe("isLivePunch()", () => {
  const slow = polled(-HOUR_MS);
  const punched = withSample(NO_SAMPLES, { skewMs: 300_000, source: "punch" });
  const cases: readonly (readonly [string, number, ClockSamples, boolean])[] = [
    ["a punch of now, at a terminal nobody measured", -900, NO_SAMPLES, true],
    ["60 s old, at a terminal nobody measured", -60_000, NO_SAMPLES, true],
    ["61 s old, at a terminal nobody measured", -61_000, NO_SAMPLES, false],
    ["a day ahead, at a terminal nobody measured", 24 * HOUR_MS, NO_SAMPLES, true],
    ["right, where the clock polled an hour slow", 0, slow, false],
    ["as slow as the clock", -HOUR_MS - 2000, slow, true],
    ["61 s older than the slow clock", -HOUR_MS - 61_000, slow, false],
    ["right again, where punches alone told a fast clock", 0, punched, true],
    ["from the queue, where punches alone told a fast clock", -61_000, punched, false],
  ];
  for (const [what, skewMs, samples, expected] of cases) {
    test(what, () => expect(isLivePunch(skewMs, samples)).toBe(expected));
  }
});

test("isClockOff() raises above 60 s and clears at 30 s, whichever way it is off", () => {
  for (const sign of [1, -1]) {
    expect(isClockOff(false, 60_000 * sign)).toBe(false);
    expect(isClockOff(false, 60_001 * sign)).toBe(true);
    expect(isClockOff(true, 30_001 * sign)).toBe(true);
    expect(isClockOff(true, 30_000 * sign)).toBe(false);
  }
});

test("needsSetting() begins above 120 s", () => {
  expect([120_000, -120_000, 120_001, -120_001].map(needsSetting)).toEqual([
    false,
    false,
    true,
    true,
  ]);
});

describe("showsReset()", () => {
  const cases: readonly (readonly [string, string, string | undefined, boolean])[] = [
    ["2000 after a right clock", "20000101000010", "20260302081459", true],
    ["2015 after a right clock", "20150101000010", "20260302081459", true],
    ["the last second before 2020", "20191231235959", "20200101000000", true],
    ["a second of 2020", "20200101000000", "20260302081459", false],
    ["2000 after 2000", "20000101000010", "20000101000500", false],
    ["2000 without a report", "20000101000010", undefined, false],
    ["2000 after a report nobody can read", "20000101000010", "noon", false],
    ["an old punch of the queue", "20250302081459", "20260302081459", false],
  ];
  for (const [what, wallTime, previous, expected] of cases) {
    test(what, () => expect(showsReset(wallTimeOf(wallTime), previous)).toBe(expected));
  }
});

describe("suggestInstant()", () => {
  const receivedAtMs = instantOf("2026-03-02T00:14:59Z");
  const yearsMs = instantOf("2000-01-01T00:10:00Z") - receivedAtMs;

  test("takes the reading less the skew", () => {
    const instantMs = instantOf("2000-01-01T00:09:00Z");
    expect(suggestInstant({ instantMs, receivedAtMs, skewsMs: [yearsMs] })).toBe(
      epochMs(receivedAtMs - 60_000),
    );
  });

  test("passes over a skew by which the punch would be before 2020, or after its arrival", () => {
    const instantMs = instantOf("2000-01-01T00:09:00Z");
    const skewsMs = [0, yearsMs - 2 * HOUR_MS, yearsMs];
    expect(suggestInstant({ instantMs, receivedAtMs, skewsMs })).toBe(
      epochMs(receivedAtMs - 60_000),
    );
    expect(suggestInstant({ instantMs, receivedAtMs, skewsMs: [0] })).toBeUndefined();
    expect(suggestInstant({ instantMs, receivedAtMs, skewsMs: [] })).toBeUndefined();
  });

  test("never suggests what nobody would believe", () => {
    const instants = fc.integer({ min: 0, max: 4_102_444_800_000 });
    fc.assert(
      fc.property(instants, instants, fc.array(fc.integer()), (instant, received, skewsMs) => {
        const punch = { instantMs: epochMs(instant), receivedAtMs: epochMs(received) };
        const suggested = suggestInstant({ ...punch, skewsMs });
        if (suggested === undefined) return;
        expect(suggested).toBeGreaterThanOrEqual(Date.UTC(2020, 0, 1));
        expect(suggested).toBeLessThanOrEqual(received + 60_000);
        expect(skewsMs).toContain(instant - suggested);
      }),
    );
  });
});
