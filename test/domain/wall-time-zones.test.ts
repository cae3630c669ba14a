/**
 * Proves that a wall time becomes the right instant, and an instant the right wall time, where zones
 * change their clocks, their offset, or the date. Expectations are written by hand; a property
 * compares random wall times around every such change with Temporal's own rule.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { epochMs } from "#base/epoch.ts";
import { offsetMsAt, readInstants, resolveInstant, wallTimeAt } from "#domain/wall-time.ts";
import { instantOf, wallTimeOf } from "./domain-values.ts";

describe("resolveInstant()", () => {
  const cases: readonly (readonly [
    what: string,
    wallTime: string,
    timeZone: string,
    utc: string,
    flag: "skipped" | "doubled" | undefined,
  ])[] = [
    [
      "an ordinary time in Manila",
      "20260302081504",
      "Asia/Manila",
      "2026-03-02T00:15:04Z",
      undefined,
    ],
    ["a year end in Manila", "20260101075959", "Asia/Manila", "2025-12-31T23:59:59Z", undefined],
    ["a leap day in Manila", "20240229080000", "Asia/Manila", "2024-02-29T00:00:00Z", undefined],
    ["the year 2000 in UTC", "20000101000000", "UTC", "2000-01-01T00:00:00Z", undefined],
    [
      "the second before Berlin's gap",
      "20260329015959",
      "Europe/Berlin",
      "2026-03-29T00:59:59Z",
      undefined,
    ],
    [
      "the first skipped second of Berlin",
      "20260329020000",
      "Europe/Berlin",
      "2026-03-29T01:00:00Z",
      "skipped",
    ],
    [
      "a skipped half hour of Berlin",
      "20260329023000",
      "Europe/Berlin",
      "2026-03-29T01:30:00Z",
      "skipped",
    ],
    [
      "the last skipped second of Berlin",
      "20260329025959",
      "Europe/Berlin",
      "2026-03-29T01:59:59Z",
      "skipped",
    ],
    [
      "the second after Berlin's gap",
      "20260329030000",
      "Europe/Berlin",
      "2026-03-29T01:00:00Z",
      undefined,
    ],
    [
      "the second before Berlin's doubled hour",
      "20261025015959",
      "Europe/Berlin",
      "2026-10-24T23:59:59Z",
      undefined,
    ],
    [
      "the first doubled second of Berlin",
      "20261025020000",
      "Europe/Berlin",
      "2026-10-25T00:00:00Z",
      "doubled",
    ],
    [
      "the last doubled second of Berlin",
      "20261025025959",
      "Europe/Berlin",
      "2026-10-25T00:59:59Z",
      "doubled",
    ],
    [
      "the second after Berlin's doubled hour",
      "20261025030000",
      "Europe/Berlin",
      "2026-10-25T02:00:00Z",
      undefined,
    ],
    [
      "a skipped midnight of Sao Paulo",
      "20181104000000",
      "America/Sao_Paulo",
      "2018-11-04T03:00:00Z",
      "skipped",
    ],
    [
      "a doubled evening of Sao Paulo",
      "20180217233000",
      "America/Sao_Paulo",
      "2018-02-18T01:30:00Z",
      "doubled",
    ],
    [
      "Sao Paulo after it gave up summer time",
      "20261104003000",
      "America/Sao_Paulo",
      "2026-11-04T03:30:00Z",
      undefined,
    ],
    [
      "a skipped half hour of Lord Howe",
      "20261004021500",
      "Australia/Lord_Howe",
      "2026-10-03T15:45:00Z",
      "skipped",
    ],
    [
      "the end of Lord Howe's gap",
      "20261004023000",
      "Australia/Lord_Howe",
      "2026-10-03T15:30:00Z",
      undefined,
    ],
    [
      "a doubled half hour of Lord Howe",
      "20260405014500",
      "Australia/Lord_Howe",
      "2026-04-04T14:45:00Z",
      "doubled",
    ],
    [
      "the end of Lord Howe's doubling",
      "20260405020000",
      "Australia/Lord_Howe",
      "2026-04-04T15:30:00Z",
      undefined,
    ],
    ["a half-hour offset", "20260115120000", "America/St_Johns", "2026-01-15T15:30:00Z", undefined],
    [
      "a skipped hour of St John's",
      "20260308023000",
      "America/St_Johns",
      "2026-03-08T06:00:00Z",
      "skipped",
    ],
    [
      "a doubled hour of St John's",
      "20261101013000",
      "America/St_Johns",
      "2026-11-01T04:00:00Z",
      "doubled",
    ],
    [
      "the day that Apia skipped",
      "20111230120000",
      "Pacific/Apia",
      "2011-12-30T22:00:00Z",
      "skipped",
    ],
    [
      "the last second before that day",
      "20111229235959",
      "Pacific/Apia",
      "2011-12-30T09:59:59Z",
      undefined,
    ],
    [
      "the first second after that day",
      "20111231000000",
      "Pacific/Apia",
      "2011-12-30T10:00:00Z",
      undefined,
    ],
    ["the last year", "99991231235959", "UTC", "9999-12-31T23:59:59Z", undefined],
  ];
  for (const [what, wallTime, timeZone, utc, localTimeFlag] of cases) {
    test(`resolveInstant() resolves ${what}`, () => {
      expect(resolveInstant(wallTimeOf(wallTime), timeZone)).toEqual({
        instantMs: instantOf(utc),
        localTimeFlag,
      });
    });
  }

  test("resolveInstant() refuses an unknown zone", () => {
    expect(() => resolveInstant(wallTimeOf("20260302081504"), "Mars/Olympus")).toThrow(RangeError);
  });

  test("resolveInstant() equals Temporal's compatible rule, and flags exactly what it moved or chose", () => {
    fc.assert(
      fc.property(zoneAndLocalTime, ([timeZone, localMs]) => {
        const local = Temporal.Instant.fromEpochMilliseconds(localMs)
          .toZonedDateTimeISO("UTC")
          .toPlainDateTime();
        const wallTime = wallTimeAt(epochMs(localMs), "UTC");
        const compatible = local.toZonedDateTime(timeZone, { disambiguation: "compatible" });
        const { instantMs, localTimeFlag } = resolveInstant(wallTime, timeZone);
        expect(Number(instantMs)).toBe(compatible.epochMilliseconds);
        const isKept = compatible.toPlainDateTime().equals(local);
        expect(localTimeFlag === "skipped").toBe(!isKept);
        const later = local.toZonedDateTime(timeZone, { disambiguation: "later" });
        expect(localTimeFlag === "doubled").toBe(isKept && !later.equals(compatible));
      }),
      { numRuns: 2000 },
    );
  });
});

describe("readInstants()", () => {
  const cases: readonly (readonly [string, string, string, string])[] = [
    [
      "one instant twice for an ordinary time",
      "20260302081504",
      "2026-03-02T07:15:04Z",
      "2026-03-02T07:15:04Z",
    ],
    [
      "both passes of a doubled time",
      "20261025023000",
      "2026-10-25T00:30:00Z",
      "2026-10-25T01:30:00Z",
    ],
    ["both sides of a gap", "20260329023000", "2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z"],
  ];
  for (const [what, wallTime, earlier, later] of cases) {
    test(`readInstants() gives ${what}`, () => {
      expect(readInstants(wallTimeOf(wallTime), "Europe/Berlin")).toEqual({
        earlierMs: instantOf(earlier),
        laterMs: instantOf(later),
      });
    });
  }
});

describe("wallTimeAt()", () => {
  const cases: readonly (readonly [string, string, string, string])[] = [
    ["a time in Manila", "2026-03-02T00:15:04Z", "Asia/Manila", "20260302081504"],
    ["a time before the epoch", "1969-12-31T23:59:59Z", "UTC", "19691231235959"],
    ["a fraction, which it drops", "2026-03-02T00:15:04.999Z", "Asia/Manila", "20260302081504"],
    ["the first pass of a doubled hour", "2026-10-25T00:30:00Z", "Europe/Berlin", "20261025023000"],
    [
      "the second pass of a doubled hour",
      "2026-10-25T01:30:00Z",
      "Europe/Berlin",
      "20261025023000",
    ],
    ["the step over a gap", "2026-03-29T01:00:00Z", "Europe/Berlin", "20260329030000"],
    ["a half-hour zone", "2026-01-15T15:30:00Z", "America/St_Johns", "20260115120000"],
    ["an early year", "0001-01-01T00:00:00Z", "UTC", "00010101000000"],
  ];
  for (const [what, utc, timeZone, expected] of cases) {
    test(`wallTimeAt() shows ${what}`, () => {
      expect<string>(wallTimeAt(instantOf(utc), timeZone)).toBe(expected);
    });
  }

  test("wallTimeAt() gives back every wall time that its zone does not skip", () => {
    fc.assert(
      fc.property(zoneAndLocalTime, ([timeZone, localMs]) => {
        const wallTime = wallTimeAt(epochMs(localMs), "UTC");
        const { instantMs, localTimeFlag } = resolveInstant(wallTime, timeZone);
        expect(wallTimeAt(instantMs, timeZone) === wallTime).toBe(localTimeFlag !== "skipped");
      }),
      { numRuns: 1000 },
    );
  });
});

describe("offsetMsAt()", () => {
  test("offsetMsAt() says what Temporal says, in whatever order it is asked", () => {
    const ancient = fc.integer({ min: Date.UTC(1600, 0, 1), max: Date.UTC(9000, 0, 1) });
    const asked = fc.oneof(
      zoneAndLocalTime,
      fc.tuple(fc.constantFrom("Asia/Manila", "Europe/Berlin"), ancient),
    );
    fc.assert(
      fc.property(asked, ([timeZone, milliseconds]) => {
        const at = Temporal.Instant.fromEpochMilliseconds(milliseconds);
        const expected = at.toZonedDateTimeISO(timeZone).offsetNanoseconds / 1e6;
        expect(offsetMsAt(epochMs(milliseconds), timeZone)).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });

  test.each(["Europe/Berlin", "Australia/Lord_Howe", "Asia/Manila", "Pacific/Apia"])(
    "offsetMsAt() is right at each change of %s, and a millisecond before",
    (timeZone) => {
      let change = new Temporal.ZonedDateTime(0n, timeZone).getTimeZoneTransition("next");
      while (change !== null && change.year < 2040) {
        for (const ms of [change.epochMilliseconds, change.epochMilliseconds - 1]) {
          const at = Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(timeZone);
          expect(offsetMsAt(epochMs(ms), timeZone)).toBe(at.offsetNanoseconds / 1e6);
        }
        change = change.getTimeZoneTransition("next");
      }
    },
  );
});

/**
 * Local times within 25 hours of a change of the zone's clocks, where mistakes live, or anywhere
 * in the years 1970 to 2049. The number is the local time read as if it were UTC.
 */
const zoneAndLocalTime = fc
  .constantFrom(
    "Europe/Berlin",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Asia/Manila",
    "America/St_Johns",
    "Pacific/Apia",
    "Africa/Casablanca",
  )
  .chain((timeZone) => {
    const anySecond = fc.integer({ min: 0, max: Date.UTC(2050, 0, 1) / 1000 - 1 });
    const nearChange = fc
      .tuple(
        fc.constantFrom(...localChangeSeconds(timeZone)),
        fc.integer({ min: -90_000, max: 90_000 }),
      )
      .map(([changeSecond, offset]) => Math.max(0, changeSecond + offset));
    return fc.tuple(
      fc.constant(timeZone),
      fc.oneof(anySecond, nearChange).map((second) => second * 1000),
    );
  });

/** The local times at which a zone changed its clocks since 1970, in seconds read as if UTC. */
function localChangeSeconds(timeZone: string): readonly number[] {
  const seconds: number[] = [];
  let change = new Temporal.ZonedDateTime(0n, timeZone).getTimeZoneTransition("next");
  while (change !== null && change.year < 2030) {
    seconds.push((change.epochMilliseconds + change.offsetNanoseconds / 1e6) / 1000);
    change = change.getTimeZoneTransition("next");
  }
  return seconds;
}
