/**
 * Proves that a wall time is read in its documented forms only, and which dates exist.
 * `wall-time-zones.test.ts` proves what instants wall times mean.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { isCalendarDate, parseWallTime, trimPadding } from "#domain/wall-time.ts";

describe("parseWallTime()", () => {
  const readable: readonly (readonly [string, string, string])[] = [
    ["14 digits", "20260302081504", "20260302081504"],
    ["a space between date and time", "2026-03-02 08:15:04", "20260302081504"],
    ["a T between date and time", "2026-03-02T08:15:04", "20260302081504"],
    ["spaces around", "  20260302081504 ", "20260302081504"],
    ["NUL padding", "20260302081504\0\0\0", "20260302081504"],
    ["a leap day", "20240229000000", "20240229000000"],
    ["a leap day of a full century", "20000229120000", "20000229120000"],
    ["the last second of a year", "20251231235959", "20251231235959"],
    ["the first second of a year", "20260101000000", "20260101000000"],
    ["a clock after power loss", "20000101000000", "20000101000000"],
    ["the first year", "00010101000000", "00010101000000"],
    ["the last year", "99991231235959", "99991231235959"],
  ];
  for (const [what, text, expected] of readable) {
    test(`parseWallTime() reads ${what}`, () => {
      expect<unknown>(parseWallTime(text)).toEqual({ ok: true, value: expected });
    });
  }

  const unreadable: readonly (readonly [string, string | undefined, string])[] = [
    ["an absent text", undefined, "missing"],
    ["an empty text", "", "missing"],
    ["blanks and NULs", " \0 ", "missing"],
    ["13 digits", "2026030208150", "malformed"],
    ["15 digits", "202603020815040", "malformed"],
    ["12 digits", "260302081504", "malformed"],
    ["a tab around", "\t20260302081504", "malformed"],
    ["a NUL inside", "2026030208\x001504", "malformed"],
    ["a date alone", "2026-03-02", "malformed"],
    ["unpadded parts", "2026-3-2 8:15:04", "malformed"],
    ["slashes", "2026/03/02 08:15:04", "malformed"],
    ["mixed forms", "2026-03-02 081504", "malformed"],
    ["a zone", "2026-03-02T08:15:04Z", "malformed"],
    ["a fraction", "2026-03-02T08:15:04.5", "malformed"],
    ["a line behind", "20260302081504\n", "malformed"],
    ["a sign", "+0260302081504", "malformed"],
    ["digits of another script", "٢٠٢٦٠٣٠٢٠٨١٥٠٤", "malformed"],
    ["words", "yesterday", "malformed"],
    ["February 30", "20260230081504", "impossible"],
    ["February 29 of a common year", "20250229081504", "impossible"],
    ["February 29 of 1900", "19000229081504", "impossible"],
    ["April 31", "20260431081504", "impossible"],
    ["month 13", "20261301081504", "impossible"],
    ["month 0", "20260001081504", "impossible"],
    ["day 0", "20260300081504", "impossible"],
    ["year 0", "00000101000000", "impossible"],
    ["all zeros", "00000000000000", "impossible"],
    ["hour 24", "20260302240000", "impossible"],
    ["minute 60", "20260302086004", "impossible"],
    ["second 60", "20161231235960", "impossible"],
    ["February 30 with punctuation", "2026-02-30 08:15:04", "impossible"],
  ];
  for (const [what, text, code] of unreadable) {
    test(`parseWallTime() calls ${what} ${code}`, () => {
      expect<unknown>(parseWallTime(text)).toEqual({ ok: false, error: { code } });
    });
  }

  test("parseWallTime() never throws, and what it reads is 14 digits", () => {
    const texts = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.stringMatching(/^[ \0]?[0-3]\d{13}$/),
      fc.stringMatching(/^\d{4}-[01]\d-[0-3]\d[ T][0-2]\d:[0-6]\d:[0-6]\d$/),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const result = parseWallTime(text);
        if (result.ok) expect(result.value).toMatch(/^\d{14}$/);
      }),
    );
  });
});

describe("isCalendarDate()", () => {
  const cases: readonly (readonly [number, number, number, boolean])[] = [
    [2024, 2, 29, true],
    [2025, 2, 29, false],
    [1900, 2, 29, false],
    [2000, 2, 29, true],
    [2026, 12, 31, true],
    [2026, 11, 31, false],
    [2026, 13, 1, false],
    [2026, 0, 1, false],
    [2026, 1, 0, false],
    [0, 1, 1, false],
  ];
  for (const [year, month, day, expected] of cases) {
    test(`isCalendarDate() says ${expected} to ${year}-${month}-${day}`, () => {
      expect(isCalendarDate(year, month, day)).toBe(expected);
    });
  }
});

describe("trimPadding()", () => {
  test("trimPadding() drops spaces and NULs at both ends and nothing inside", () => {
    expect(trimPadding(" \0 a \0b\0 ")).toBe("a \0b");
  });
  test("trimPadding() keeps tabs, line ends and other spaces", () => {
    expect(trimPadding("\ta\n\u00a0")).toBe("\ta\n\u00a0");
  });
});
