/**
 * Proves which texts are dates, and that a day covers exactly its own time in zones where days have
 * 23 or 25 hours, begin at 01:00, or are left out.
 */

import { describe, expect, test } from "bun:test";
import { parseSiteDate, siteDateAt, siteDayRange } from "#domain/site-day.ts";
import { instantOf, siteDateOf } from "./domain-values.ts";

describe("parseSiteDate()", () => {
  const readable: readonly (readonly [string, string])[] = [
    ["2026-03-02", "2026-03-02"],
    ["2025-1-2", "2025-01-02"],
    ["2025-01-2", "2025-01-02"],
    ["2025-1-02", "2025-01-02"],
    ["2024-02-29", "2024-02-29"],
    ["2025-12-31", "2025-12-31"],
    ["0001-01-01", "0001-01-01"],
    ["9999-12-31", "9999-12-31"],
  ];
  for (const [text, expected] of readable) {
    test(`parseSiteDate() reads "${text}"`, () => {
      expect<unknown>(parseSiteDate(text)).toEqual({ ok: true, value: expected });
    });
  }

  const unreadable: readonly (readonly [string, string])[] = [
    ["", "malformed"],
    [" 2026-03-02", "malformed"],
    ["2026-03-02\n", "malformed"],
    ["26-03-02", "malformed"],
    ["2026-003-02", "malformed"],
    ["2026/03/02", "malformed"],
    ["20260302", "malformed"],
    ["02-03-2026", "malformed"],
    ["2026-03", "malformed"],
    ["2026-03-02T00:00:00", "malformed"],
    ["-2026-03-02", "malformed"],
    ["today", "malformed"],
    ["2025-02-29", "impossible"],
    ["2026-04-31", "impossible"],
    ["2026-13-01", "impossible"],
    ["2026-0-1", "impossible"],
    ["2026-1-0", "impossible"],
    ["0000-01-01", "impossible"],
  ];
  for (const [text, code] of unreadable) {
    test(`parseSiteDate() calls ${JSON.stringify(text)} ${code}`, () => {
      expect<unknown>(parseSiteDate(text)).toEqual({ ok: false, error: { code } });
    });
  }
});

describe("siteDayRange()", () => {
  const cases: readonly (readonly [
    what: string,
    start: string,
    end: string,
    timeZone: string,
    from: string,
    before: string,
  ])[] = [
    [
      "one day of Manila",
      "2026-03-02",
      "2026-03-02",
      "Asia/Manila",
      "2026-03-01T16:00:00Z",
      "2026-03-02T16:00:00Z",
    ],
    [
      "a year end",
      "2025-12-31",
      "2026-01-01",
      "Asia/Manila",
      "2025-12-30T16:00:00Z",
      "2026-01-01T16:00:00Z",
    ],
    [
      "a leap day",
      "2024-02-29",
      "2024-02-29",
      "UTC",
      "2024-02-29T00:00:00Z",
      "2024-03-01T00:00:00Z",
    ],
    [
      "a day of 23 hours",
      "2026-03-29",
      "2026-03-29",
      "Europe/Berlin",
      "2026-03-28T23:00:00Z",
      "2026-03-29T22:00:00Z",
    ],
    [
      "a day of 25 hours",
      "2026-10-25",
      "2026-10-25",
      "Europe/Berlin",
      "2026-10-24T22:00:00Z",
      "2026-10-25T23:00:00Z",
    ],
    [
      "a day of 23.5 hours",
      "2026-10-04",
      "2026-10-04",
      "Australia/Lord_Howe",
      "2026-10-03T13:30:00Z",
      "2026-10-04T13:00:00Z",
    ],
    [
      "a day that begins at 01:00",
      "2018-11-04",
      "2018-11-04",
      "America/Sao_Paulo",
      "2018-11-04T03:00:00Z",
      "2018-11-05T02:00:00Z",
    ],
    [
      "a day that passes midnight twice",
      "2024-11-03",
      "2024-11-03",
      "America/Havana",
      "2024-11-03T04:00:00Z",
      "2024-11-04T05:00:00Z",
    ],
    [
      "a day that was left out, as empty",
      "2011-12-30",
      "2011-12-30",
      "Pacific/Apia",
      "2011-12-30T10:00:00Z",
      "2011-12-30T10:00:00Z",
    ],
    [
      "days around one that was left out",
      "2011-12-29",
      "2011-12-31",
      "Pacific/Apia",
      "2011-12-29T10:00:00Z",
      "2011-12-31T10:00:00Z",
    ],
    [
      "the last day of all",
      "9999-12-31",
      "9999-12-31",
      "UTC",
      "9999-12-31T00:00:00Z",
      "+010000-01-01T00:00:00Z",
    ],
    [
      "the wrong order as an end before the start",
      "2026-03-03",
      "2026-03-01",
      "UTC",
      "2026-03-03T00:00:00Z",
      "2026-03-02T00:00:00Z",
    ],
  ];
  for (const [what, start, end, timeZone, from, before] of cases) {
    test(`siteDayRange() covers ${what}`, () => {
      expect(siteDayRange(siteDateOf(start), siteDateOf(end), timeZone)).toEqual({
        fromMs: instantOf(from),
        beforeMs: instantOf(before),
      });
    });
  }

  test("siteDayRange() is open where a date is absent", () => {
    const day = siteDateOf("2026-03-02");
    expect(siteDayRange(day, undefined, "UTC")).toEqual({
      fromMs: instantOf("2026-03-02T00:00:00Z"),
      beforeMs: undefined,
    });
    expect(siteDayRange(undefined, day, "UTC")).toEqual({
      fromMs: undefined,
      beforeMs: instantOf("2026-03-03T00:00:00Z"),
    });
    expect(siteDayRange(undefined, undefined, "UTC")).toEqual({
      fromMs: undefined,
      beforeMs: undefined,
    });
  });
});

describe("siteDateAt()", () => {
  test.each([
    ["2026-03-01T15:59:59Z", "Asia/Manila", "2026-03-01"],
    ["2026-03-01T16:00:00Z", "Asia/Manila", "2026-03-02"],
    ["2026-03-01T00:00:00Z", "America/New_York", "2026-02-28"],
    ["2026-03-01T00:00:00Z", "UTC", "2026-03-01"],
  ])("at %s in %s is %s", (instant, timeZone, date) => {
    expect<string>(siteDateAt(instantOf(instant), timeZone)).toBe(date);
  });
});
