/**
 * Proves that an instant is written with the right digits and offset, also in the two passes of a
 * doubled hour, at year ends, and in zones whose offset has odd minutes or seconds.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { localText, rfc3339WithOffset, utcText } from "#domain/time-text.ts";
import { instantOf } from "./domain-values.ts";

describe("utcText()", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["an instant", "2026-03-02T00:15:04Z", "2026-03-02 00:15:04"],
    ["a fraction, which it drops", "2026-03-02T00:15:04.999Z", "2026-03-02 00:15:04"],
    ["a fraction before the epoch", "1969-12-31T23:59:58.500Z", "1969-12-31 23:59:58"],
    ["a leap day", "2024-02-29T23:59:59Z", "2024-02-29 23:59:59"],
    ["an early year", "0001-01-01T00:00:00Z", "0001-01-01 00:00:00"],
    ["a year beyond 9999", "+010000-01-01T07:59:59Z", "+010000-01-01 07:59:59"],
  ];
  for (const [what, utc, expected] of cases) {
    test(`utcText() writes ${what}`, () => expect(utcText(instantOf(utc))).toBe(expected));
  }
});

describe("localText()", () => {
  const cases: readonly (readonly [string, string, string, string])[] = [
    ["Manila", "2026-03-02T00:15:04Z", "Asia/Manila", "2026-03-02 08:15:04"],
    ["the next year of Manila", "2025-12-31T16:00:00Z", "Asia/Manila", "2026-01-01 00:00:00"],
    [
      "the first pass of a doubled hour",
      "2026-10-25T00:30:00Z",
      "Europe/Berlin",
      "2026-10-25 02:30:00",
    ],
    [
      "the second pass of a doubled hour",
      "2026-10-25T01:30:00Z",
      "Europe/Berlin",
      "2026-10-25 02:30:00",
    ],
    [
      "the first second after a gap",
      "2026-03-29T01:00:00Z",
      "Europe/Berlin",
      "2026-03-29 03:00:00",
    ],
    [
      "an offset of half an hour",
      "2026-01-15T15:30:00Z",
      "America/St_Johns",
      "2026-01-15 12:00:00",
    ],
    ["an offset with seconds", "1700-01-01T00:00:00Z", "Asia/Manila", "1699-12-31 08:03:52"],
    [
      "a day before the one Apia skipped",
      "2011-12-30T09:59:59Z",
      "Pacific/Apia",
      "2011-12-29 23:59:59",
    ],
    [
      "the day after the one Apia skipped",
      "2011-12-30T10:00:00Z",
      "Pacific/Apia",
      "2011-12-31 00:00:00",
    ],
  ];
  for (const [what, utc, timeZone, expected] of cases) {
    test(`localText() writes ${what}`, () => {
      expect(localText(instantOf(utc), timeZone)).toBe(expected);
    });
  }
});

describe("rfc3339WithOffset()", () => {
  const cases: readonly (readonly [string, string, string, string])[] = [
    ["Manila", "2026-03-02T00:15:04Z", "Asia/Manila", "2026-03-02T08:15:04+08:00"],
    [
      "milliseconds only where there are some",
      "2026-03-02T00:15:04.07Z",
      "Asia/Manila",
      "2026-03-02T08:15:04.070+08:00",
    ],
    ["UTC with a numeric offset", "2026-03-02T00:15:04Z", "UTC", "2026-03-02T00:15:04+00:00"],
    [
      "the first pass of a doubled hour",
      "2026-10-25T00:30:00Z",
      "Europe/Berlin",
      "2026-10-25T02:30:00+02:00",
    ],
    [
      "the second pass of a doubled hour",
      "2026-10-25T01:30:00Z",
      "Europe/Berlin",
      "2026-10-25T02:30:00+01:00",
    ],
    [
      "an offset of half an hour, west",
      "2026-01-15T15:30:00Z",
      "America/St_Johns",
      "2026-01-15T12:00:00-03:30",
    ],
    [
      "an offset of half an hour, summer",
      "2026-07-15T15:30:00Z",
      "Australia/Lord_Howe",
      "2026-07-16T02:00:00+10:30",
    ],
    [
      "an offset below one hour, west",
      "1960-01-01T00:00:00Z",
      "Africa/Monrovia",
      "1959-12-31T23:16:00-00:44",
    ],
    [
      "an offset with seconds by its whole minutes",
      "1700-01-01T00:00:00Z",
      "Asia/Manila",
      "1699-12-31T08:04:00-15:56",
    ],
  ];
  for (const [what, utc, timeZone, expected] of cases) {
    test(`rfc3339WithOffset() writes ${what}`, () => {
      expect(rfc3339WithOffset(instantOf(utc), timeZone)).toBe(expected);
    });
  }

  test("rfc3339WithOffset() writes a text that means exactly its instant", () => {
    const zones = fc.constantFrom(
      "Asia/Manila",
      "Europe/Berlin",
      "America/St_Johns",
      "Australia/Lord_Howe",
      "Pacific/Apia",
      "Africa/Monrovia",
    );
    // The years in which every one of these zones writes four digits.
    const instants = fc.integer({ min: Date.UTC(1000, 0, 1), max: Date.UTC(9999, 11, 30) });
    fc.assert(
      fc.property(zones, instants, (timeZone, milliseconds) => {
        const instantMs = instantOf(new Date(milliseconds).toISOString());
        expect(instantOf(rfc3339WithOffset(instantMs, timeZone))).toBe(instantMs);
      }),
      { numRuns: 1000 },
    );
  });

  test("rfc3339WithOffset() writes the same whatever was written before", () => {
    const day = { min: Date.UTC(2026, 9, 24), max: Date.UTC(2026, 9, 27) };
    const times = fc.tuple(
      fc.integer(day),
      fc.constantFrom("Asia/Manila", "Europe/Berlin", "UTC", "America/St_Johns"),
    );
    fc.assert(
      fc.property(fc.array(times, { maxLength: 20 }), (list) => {
        for (const [milliseconds, timeZone] of list) {
          const temporal = Temporal.Instant.fromEpochMilliseconds(milliseconds)
            .toZonedDateTimeISO(timeZone)
            .toString({
              timeZoneName: "never",
              ...(milliseconds % 1000 === 0 ? {} : { fractionalSecondDigits: 3 }),
            });
          const instantMs = instantOf(new Date(milliseconds).toISOString());
          expect(rfc3339WithOffset(instantMs, timeZone)).toBe(temporal);
        }
      }),
    );
  });
});
