/**
 * Proves what is derived from one raw punch: who, when, how far the time is believed, what is old,
 * and which punches a person has to look at. Bounds are tested on both sides.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type AcceptContext, acceptPunch } from "#domain/accept-punch.ts";
import type { RawPunch } from "#domain/intake.ts";
import type { AcceptedPunch } from "#domain/punch.ts";
import { instantOf } from "./domain-values.ts";

const RAW: RawPunch = {
  userIdText: "00000033",
  wallTimeText: "20260302081504",
  directionCode: "16777216",
  verifyModeCode: "2415919104",
  codeLibrary: "FKDataHS103",
  workCode: undefined,
  rawText: '{"user_id":"00000033","io_time":"20260302081504"}',
};

const CONTEXT: AcceptContext = {
  timeZone: "Asia/Manila",
  leadingZeros: "drop",
  receivedAtMs: instantOf("2026-03-02T00:15:05Z"),
  ownClockTrusted: true,
  deviceStartAtMs: instantOf("2026-01-26T00:00:00Z"),
  clockEpisode: 4,
};

function accept(raw: Partial<RawPunch>, context: Partial<AcceptContext> = {}): AcceptedPunch {
  const result = acceptPunch({ ...RAW, ...raw }, { ...CONTEXT, ...context });
  if (!result.ok) throw new Error(`Expected an accepted punch, not "${result.error.code}"`);
  return result.value;
}

describe("acceptPunch()", () => {
  test("acceptPunch() derives person and instant, and keeps the raw punch as it is", () => {
    const result = acceptPunch(RAW, CONTEXT);
    expect<unknown>(result).toEqual({
      ok: true,
      value: {
        raw: RAW,
        userId: "33",
        wallTime: "20260302081504",
        timeZone: "Asia/Manila",
        instantMs: instantOf("2026-03-02T00:15:04Z"),
        localTimeFlag: undefined,
        doubtfulTime: undefined,
        clockEpisode: 0,
        isHistoric: false,
      },
    });
    expect(result.ok && result.value.raw).toBe(RAW);
  });

  test("acceptPunch() keeps leading zeros when told to", () => {
    expect<string>(accept({}, { leadingZeros: "keep" }).userId).toBe("00000033");
  });

  test('acceptPunch() takes "0" for a user like any other', () => {
    expect<string>(accept({ userIdText: "0" }).userId).toBe("0");
    expect<string>(accept({ userIdText: "00000000" }).userId).toBe("0");
  });

  test("acceptPunch() takes a user id of 64 characters", () => {
    expect<string>(accept({ userIdText: "u".repeat(64) }).userId).toBe("u".repeat(64));
  });

  test("acceptPunch() makes 14 digits of a punctuated time and leaves the text as sent", () => {
    const punch = accept({ wallTimeText: "2026-03-02 08:15:04" });
    expect<string>(punch.wallTime).toBe("20260302081504");
    expect(punch.raw.wallTimeText).toBe("2026-03-02 08:15:04");
  });

  test("acceptPunch() flags a skipped and a doubled local time", () => {
    const berlin = { timeZone: "Europe/Berlin", ownClockTrusted: false };
    expect(accept({ wallTimeText: "20260329023000" }, berlin)).toMatchObject({
      instantMs: instantOf("2026-03-29T01:30:00Z"),
      localTimeFlag: "skipped",
      doubtfulTime: undefined,
    });
    expect(accept({ wallTimeText: "20261025023000" }, berlin)).toMatchObject({
      instantMs: instantOf("2026-10-25T00:30:00Z"),
      localTimeFlag: "doubled",
      doubtfulTime: undefined,
    });
  });
});

describe("acceptPunch() on unreadable punches", () => {
  const NO_USER = "Punch has no user id";
  const cases: readonly (readonly [string, Partial<RawPunch>, string, string])[] = [
    ["an absent user", { userIdText: undefined }, "no-user", NO_USER],
    ["an empty user", { userIdText: "" }, "no-user", NO_USER],
    ["a blank user", { userIdText: "  \0" }, "no-user", NO_USER],
    ["a blank user of 100 characters", { userIdText: " ".repeat(100) }, "no-user", NO_USER],
    [
      "a user id of 65 characters",
      { userIdText: "7".repeat(65) },
      "user-too-long",
      `User id "${"7".repeat(40)}…" has 65 characters: at most 64 are accepted`,
    ],
    ["an absent time", { wallTimeText: undefined }, "no-time", "Punch has no time"],
    ["an empty time", { wallTimeText: "" }, "no-time", "Punch has no time"],
    [
      "a time of 12 digits",
      { wallTimeText: "260302081504" },
      "bad-time",
      'Punch time "260302081504" is not of the form YYYYMMDDhhmmss',
    ],
    [
      "a time with control characters",
      { wallTimeText: "now\n\u0007" },
      "bad-time",
      'Punch time "now\\n\\u0007" is not of the form YYYYMMDDhhmmss',
    ],
    [
      "February 30",
      { wallTimeText: "20260230081504" },
      "bad-time",
      'Punch time "20260230081504" names a date or time of day that does not exist',
    ],
    ["neither user nor time", { userIdText: "", wallTimeText: "" }, "no-user", NO_USER],
  ];
  for (const [what, raw, code, reason] of cases) {
    test(`acceptPunch() refuses ${what}`, () => {
      expect<unknown>(acceptPunch({ ...RAW, ...raw }, CONTEXT)).toEqual({
        ok: false,
        error: { code, reason },
      });
    });
  }

  test("acceptPunch() never throws, whatever a terminal sent", () => {
    const text = fc.option(fc.string({ unit: "binary", maxLength: 80 }), { nil: undefined });
    const digits = fc.stringMatching(/^\d{14}$/);
    fc.assert(
      fc.property(text, fc.oneof(text, digits), (userIdText, wallTimeText) => {
        const result = acceptPunch({ ...RAW, userIdText, wallTimeText }, CONTEXT);
        if (!result.ok) expect(result.error.reason.length).toBeLessThan(400);
      }),
    );
  });
});

describe("acceptPunch() on doubtful and old times", () => {
  // The punch arrives at 08:15:05 in Manila on 2 March, from a device that starts on 26 January.
  const cases: readonly (readonly [
    what: string,
    wallTimeText: string,
    context: Partial<AcceptContext>,
    expected: Pick<AcceptedPunch, "doubtfulTime" | "clockEpisode" | "isHistoric">,
  ])[] = [
    [
      "a clock after power loss, which is not history",
      "20000101000010",
      {},
      { doubtfulTime: "before-2020", clockEpisode: 4, isHistoric: false },
    ],
    [
      "the last second of 2019",
      "20191231235959",
      { deviceStartAtMs: instantOf("2019-01-01T00:00:00Z") },
      { doubtfulTime: "before-2020", clockEpisode: 4, isHistoric: false },
    ],
    [
      "the first local second of 2020",
      "20200101000000",
      { deviceStartAtMs: instantOf("2019-01-01T00:00:00Z") },
      { doubtfulTime: undefined, clockEpisode: 0, isHistoric: false },
    ],
    [
      "2019 also while the own clock is not trusted",
      "20191231235959",
      { ownClockTrusted: false },
      { doubtfulTime: "before-2020", clockEpisode: 4, isHistoric: false },
    ],
    [
      "24 hours after arrival",
      "20260303081505",
      {},
      { doubtfulTime: undefined, clockEpisode: 0, isHistoric: false },
    ],
    [
      "24 hours and a second after arrival",
      "20260303081506",
      {},
      { doubtfulTime: "future", clockEpisode: 4, isHistoric: false },
    ],
    [
      "the year 2099",
      "20990101000000",
      {},
      { doubtfulTime: "future", clockEpisode: 4, isHistoric: false },
    ],
    [
      "the year 2099 while the own clock is not trusted",
      "20990101000000",
      { ownClockTrusted: false },
      { doubtfulTime: undefined, clockEpisode: 0, isHistoric: false },
    ],
    [
      "a future before the start date, which is not history",
      "20260305081506",
      { deviceStartAtMs: instantOf("2027-01-01T00:00:00Z") },
      { doubtfulTime: "future", clockEpisode: 4, isHistoric: false },
    ],
    [
      "the second before the start date",
      "20260126075959",
      {},
      { doubtfulTime: undefined, clockEpisode: 0, isHistoric: true },
    ],
    [
      "the start date itself",
      "20260126080000",
      {},
      { doubtfulTime: undefined, clockEpisode: 0, isHistoric: false },
    ],
  ];
  for (const [what, wallTimeText, context, expected] of cases) {
    test(`acceptPunch() judges ${what}`, () => {
      expect(accept({ wallTimeText }, context)).toMatchObject(expected);
    });
  }
});
