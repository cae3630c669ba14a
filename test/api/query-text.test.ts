/** Aim: query text is read as leniently, or as strictly, as each API promises. */

import { describe, expect, test } from "bun:test";
import { ApiFailure } from "#api/errors.ts";
import {
  lenientFlag,
  lenientInteger,
  strictInstant,
  strictInteger,
  strictParameters,
} from "#api/query-text.ts";
import { epochMs } from "#base/epoch.ts";

describe("lenientInteger()", () => {
  test.each([
    ["7", 7n],
    ["-3", -3n],
    ["+5", 5n],
    [" 12 ", 12n],
    ["007", 7n],
    ["12345678901234567890", 12345678901234567890n],
  ])("reads %p", (text, value) => expect(lenientInteger(text)).toBe(value));

  test.each([null, "", "abc", "1.5", "1e3", "0x10", "1 2", "9".repeat(41)])(
    "takes %p for absent",
    (text) => expect(lenientInteger(text)).toBeUndefined(),
  );
});

test("lenientFlag() is true for true, 1 and yes alone", () => {
  expect(["true", "TRUE", "1", "yes", "Yes"].map(lenientFlag)).not.toContain(false);
  expect([null, "", "false", "0", "no", "on", "2", "truely"].map(lenientFlag)).not.toContain(true);
});

describe("strictInstant()", () => {
  const MORNING = epochMs(Date.UTC(2026, 2, 2, 0, 15, 4));

  test.each([
    "2026-03-02T00:15:04Z",
    "2026-03-02T08:15:04+08:00",
    "2026-03-02T08:15:04 08:00",
    "2026-03-01T19:15:04-05:00",
    "2026-03-02t00:15:04.000z",
  ])("reads %p", (text) => {
    expect(strictInstant("from", text)).toBe(MORNING);
  });

  test.each([
    "2026-03-02",
    "2026-03-02T08:15:04",
    "2026-02-31T08:15:04Z",
    "2026-13-01T08:15:04Z",
    "2026-03-02T25:15:04Z",
    "20260302081504",
    "now",
    "1772410504",
  ])("refuses %p", (text) => {
    expect(() => strictInstant("from", text)).toThrow(ApiFailure);
  });
});

describe("strictInteger()", () => {
  const range = { min: 1, max: 1000, fallback: 100 };

  test("takes the bounds, and the fallback when absent", () => {
    const read = ["1", "1000", undefined].map((text) => strictInteger("limit", text, range));
    expect(read).toEqual([1, 1000, 100]);
  });

  test.each(["0", "1001", "5000", "-1", "abc", "1.5", " 5", "1e2"])("refuses %p", (text) => {
    expect(() => strictInteger("limit", text, range)).toThrow('Query parameter "limit"');
  });
});

describe("strictParameters()", () => {
  test("gives the known ones", () => {
    const given = strictParameters("http://box/v1/x?a=1&b=%20", ["a", "b"]);
    expect([...given]).toEqual([
      ["a", "1"],
      ["b", " "],
    ]);
  });

  test("names every unknown one", () => {
    expect(() => strictParameters("http://box/v1/x?a=1&zz=1&yy", ["a"])).toThrow(
      'Unknown query parameters: "zz", "yy"',
    );
  });

  test.each(["a=1&a=2", "a=", "a"])("refuses %p: repeated or empty", (query) => {
    expect(() => strictParameters(`http://box/v1/x?${query}`, ["a"])).toThrow(
      'Query parameter "a" is empty or repeated',
    );
  });
});
