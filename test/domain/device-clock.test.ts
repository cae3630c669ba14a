/**
 * Proves how far off a device's clock is said to be, also while the zone changes its clocks, and when
 * a clock that went back begins a new episode.
 */

import { describe, expect, test } from "bun:test";
import { clockSkewMs, nextClockEpisode } from "#domain/device-clock.ts";
import { instantOf } from "./domain-values.ts";

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
