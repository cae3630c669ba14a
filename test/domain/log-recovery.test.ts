/** Aim: a log counts as read no further than it was asked for, and never over a gap. */

import { describe, expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import { nextReadingFrom, readThrough } from "#domain/log-recovery.ts";

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 1, 1);
const SENT_MS = Date.UTC(2026, 2, 2, 1);
const before = (hours: number) => epochMs(SENT_MS - hours * HOUR_MS);

function through(
  reading: { readonly fromHours?: number; readonly untilHours?: number },
  readThroughMs = before(24),
): number | undefined {
  const { fromHours, untilHours } = reading;
  const readings = { readThroughMs, startAtMs: epochMs(START_MS), timeZone: "Asia/Manila" };
  const throughMs = readThrough(readings, {
    fromMs: fromHours === undefined ? undefined : before(fromHours),
    untilMs: untilHours === undefined ? undefined : before(untilHours),
    sentAtMs: epochMs(SENT_MS),
    nowMs: before(-2),
  });
  return throughMs === undefined ? undefined : (SENT_MS - throughMs) / HOUR_MS;
}

describe("readThrough()", () => {
  test("is up to when it was asked for, and no later than the asking", () => {
    expect(through({})).toBe(0);
    expect(through({ fromHours: 48, untilHours: 5 })).toBe(5);
    expect(through({ fromHours: 48, untilHours: -1 })).toBe(0);
  });

  test("never goes back, nor over a gap", () => {
    expect(through({ untilHours: 30 })).toBe(24);
    expect(through({ fromHours: 24 })).toBe(0);
    expect(through({ fromHours: 23 })).toBe(24);
  });
});

test("nextReadingFrom() overlaps by a day, and begins with the start date", () => {
  const from = (readThroughMs: number | undefined, startAtMs = START_MS) =>
    nextReadingFrom({
      readThroughMs: readThroughMs === undefined ? undefined : epochMs(readThroughMs),
      startAtMs: epochMs(startAtMs),
      timeZone: "Asia/Manila",
    });
  expect(String(from(SENT_MS))).toBe("20260301090000");
  expect(String(from(START_MS + HOUR_MS))).toBe("20260201080000");
  expect(String(from(undefined))).toBe("20260201080000");
  expect(from(undefined, 0)).toBeUndefined();
});
