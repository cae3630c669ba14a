/**
 * Aim: a row of the replaced server becomes the punch it was, whatever SQLite let into its columns
 * (contract.md 6, rules 2 to 4). Expectations are written by hand.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { epochMs } from "#base/epoch.ts";
import { KEPT_ID_MAX, readImportedPunch } from "#domain/imported-punch.ts";
import type { OriginalRow } from "#domain/original-row.ts";

const CONTEXT = {
  timeZone: "Asia/Manila",
  leadingZeros: "drop",
  deviceStartAtMs: epochMs(Date.UTC(2026, 0, 1)),
} as const;

/** A row of the late revisions, as contract.md 6 shows one. */
const LATER: OriginalRow = {
  id: "17",
  device_id: "2401058352",
  user_id: "7",
  io_mode: "1",
  io_mode_str: "IN",
  verify_mode: "3",
  verify_mode_str: "ID Card",
  timestamp: "20250102081530",
  datetime: "2025-01-02 00:15:30",
  created_at: "2025-01-02 00:15:31",
  datetime_utc: "2025-01-02 00:15:30",
  datetime_local: "2025-01-02 08:15:30",
  timezone: "Asia/Manila",
};

/** A row of the prototype after the ALTER: local `datetime`, the terminal's own `io_mode`. */
const PROTOTYPE: OriginalRow = {
  ...LATER,
  io_mode: "5",
  io_mode_str: "Unknown (5)",
  datetime: "2025-01-02 08:15:30",
  datetime_utc: null,
  datetime_local: null,
  timezone: "UTC",
};

function read(change: OriginalRow, row = LATER) {
  return readImportedPunch({ ...row, ...change }, CONTEXT);
}

/** What came of a row that can be imported. */
function accepted(change: OriginalRow = {}, row = LATER) {
  const result = read(change, row);
  if (!result.ok) throw new Error(`Refused: ${result.error.code} ${result.error.reason}`);
  return result.value;
}

/** Why a row cannot be imported. */
function refusal(change: OriginalRow) {
  const result = read(change);
  if (result.ok) throw new Error("Accepted");
  return result.error;
}

describe("readImportedPunch()", () => {
  test("reads a row of the late revisions", () => {
    expect(accepted()).toEqual({
      keptId: 17,
      direction: "in",
      receivedAtMs: epochMs(Date.UTC(2025, 0, 2, 0, 15, 31)),
      flags: [],
      punch: {
        raw: {
          userIdText: "7",
          wallTimeText: "20250102081530",
          directionCode: undefined,
          verifyModeCode: "3",
          codeLibrary: undefined,
          workCode: undefined,
          rawText: JSON.stringify(LATER),
        },
        userId: "7",
        wallTime: "20250102081530",
        timeZone: "Asia/Manila",
        instantMs: Date.UTC(2025, 0, 2, 0, 15, 30),
        localTimeFlag: undefined,
        doubtfulTime: undefined,
        clockEpisode: 0,
        isHistoric: true,
      },
    } as unknown as ReturnType<typeof accepted>);
  });

  test("takes the instant from the terminal's time, whatever stands in the other columns", () => {
    const wrong = { datetime: "1999-01-01 00:00:00", datetime_utc: "2031-01-01 00:00:00" };
    const { punch } = accepted({ ...wrong, datetime_local: null, timezone: "Europe/Berlin" });
    expect(punch.instantMs).toBe(epochMs(Date.UTC(2025, 0, 2, 0, 15, 30)));
    expect(punch.doubtfulTime).toBeUndefined();
  });

  test("keeps the terminal's own code of a prototype row and leaves it undecided", () => {
    const { punch, direction, flags } = accepted({}, PROTOTYPE);
    expect(punch.instantMs).toBe(epochMs(Date.UTC(2025, 0, 2, 0, 15, 30)));
    expect(punch.raw.directionCode).toBe("5");
    expect(direction).toBeUndefined();
    expect(flags).toEqual(["no-direction"]);
  });

  const directions = [
    ["IN", "1", LATER, "in"],
    ["OUT", "0", LATER, "out"],
    // The word decides, and what it means is the same in both schemas.
    ["OUT", "1", LATER, "out"],
    [" in ", "0", LATER, "in"],
    ["OUT", "0", PROTOTYPE, "out"],
    ["IN", "1", PROTOTYPE, "in"],
    // Only the late revisions wrote their own in and out into the number.
    ["", "1", LATER, "in"],
    [null, "0", LATER, "out"],
    ["", "2", LATER, undefined],
    [null, null, LATER, undefined],
    ["", "1", PROTOTYPE, undefined],
  ] as const;
  for (const [word, code, row, wanted] of directions) {
    const schema = row === LATER ? "later" : "prototype";
    test(`reads io_mode_str "${word}" with io_mode "${code}" (${schema}) as ${wanted}`, () => {
      expect(accepted({ io_mode_str: word, io_mode: code }, row).direction).toBe(wanted);
    });
  }

  test("takes verify mode 0, which stood for whatever that server could not read, as absent", () => {
    expect(accepted({ verify_mode: "0" }).punch.raw.verifyModeCode).toBeUndefined();
    expect(accepted({ verify_mode: null }).punch.raw.verifyModeCode).toBeUndefined();
    expect(accepted({ verify_mode: "x'0102'" }).punch.raw.verifyModeCode).toBe("x'0102'");
  });

  test.each([
    ["E-0042", "E-0042"],
    ["7.5", "7.5"],
    ["x'4142'", "x'4142'"],
  ])("keeps the user id %p as text and says so", (text, userId) => {
    const { punch, flags } = accepted({ user_id: text });
    expect([punch.userId, punch.raw.userIdText]).toEqual([userId, text] as (typeof punch.userId)[]);
    expect(flags).toEqual(["text-user"]);
  });

  test("takes any whole number for a user id, also one that no number can hold exactly", () => {
    for (const text of ["0", "-3", "9223372036854775807"]) {
      const { punch, flags } = accepted({ user_id: text });
      expect([String(punch.userId), flags.length]).toEqual([text, 0]);
    }
  });

  test("refuses a row without a user, and one whose user id is too long", () => {
    for (const user of [null, "", "  "]) expect(refusal({ user_id: user }).code).toBe("no-user");
    expect(refusal({ user_id: "9".repeat(65) })).toEqual({
      code: "user-too-long",
      reason: `User id "${"9".repeat(40)}…" has 65 characters: at most 64 are accepted`,
    });
  });
});

describe("readImportedPunch() of a time that is no time", () => {
  test("stands at datetime_utc, flagged, with its id in its identity", () => {
    const { punch, flags, direction } = accepted({ timestamp: "" });
    expect(punch.instantMs).toBe(epochMs(Date.UTC(2025, 0, 2, 0, 15, 30)));
    expect(String(punch.wallTime)).toBe("20250102081530");
    expect(punch.raw.wallTimeText).toBe("");
    expect([punch.doubtfulTime, punch.clockEpisode, direction]).toEqual(["unreadable", -17, "in"]);
    expect(punch.isHistoric).toBe(false);
    expect(flags).toEqual(["unreadable-time"]);
  });

  test("stands at created_at where there is no datetime_utc", () => {
    const { punch } = accepted({ timestamp: "20250230081530", datetime_utc: null });
    expect(punch.instantMs).toBe(epochMs(Date.UTC(2025, 0, 2, 0, 15, 31)));
  });

  test.each(["0000-00-00 00:00:00", "20250102", "20250102081530.0", "tomorrow", "x'00'", null])(
    "is %p",
    (timestamp) => {
      expect(accepted({ timestamp }).punch.doubtfulTime).toBe("unreadable");
    },
  );

  test("never meets another row of the same user and place, not even with ids past 2^53", () => {
    const ids = ["1", "2", "4503599627370496", "9223372036854775806", "9223372036854775807"];
    const episodes = ids.map((id) => accepted({ timestamp: "", id }).punch.clockEpisode);
    expect(new Set(episodes).size).toBe(ids.length);
    expect(episodes.every((episode) => Number.isSafeInteger(episode) && episode < 0)).toBe(true);
  });

  test("is refused where nothing else tells when it was", () => {
    const nothing = { timestamp: "", datetime_utc: null, created_at: null };
    expect(refusal(nothing)).toEqual({
      code: "no-time",
      reason: "Punch has no time, and neither datetime_utc nor created_at is a time",
    });
    // Eight hours on, in Manila, the year has five digits.
    expect(refusal({ ...nothing, created_at: "9999-12-31 23:59:59" }).code).toBe("no-time");
  });

  test("leaves a time alone that the terminal wrote with punctuation or padding", () => {
    for (const timestamp of ["2025-01-02 08:15:30", " 20250102081530\0"]) {
      const { punch, flags } = accepted({ timestamp });
      expect([String(punch.wallTime), flags.length]).toEqual(["20250102081530", 0]);
    }
  });
});

describe("readImportedPunch() of a time that is hard to believe", () => {
  test("flags a time before 2020, and one more than a day after its arrival", () => {
    const old = accepted({ timestamp: "20000101000010" });
    expect([old.punch.doubtfulTime, old.flags]).toEqual(["before-2020", ["doubtful-time"]]);
    const late = accepted({ timestamp: "20250103081532" });
    expect([late.punch.doubtfulTime, late.flags]).toEqual(["future", ["doubtful-time"]]);
    expect(accepted({ timestamp: "20250103081531" }).punch.doubtfulTime).toBeUndefined();
  });

  test("calls nothing future by an arrival that is missing, or that a reset clock wrote", () => {
    for (const created_at of [null, "1970-01-01 00:00:09", "soon"]) {
      expect(accepted({ created_at }).punch.doubtfulTime).toBeUndefined();
    }
    expect(accepted({ created_at: null }).receivedAtMs).toBe(
      epochMs(Date.UTC(2025, 0, 2, 0, 15, 30)),
    );
  });
});

describe("readImportedPunch() of an id", () => {
  test("keeps what can be ours", () => {
    expect(accepted({ id: "1" }).keptId).toBe(1);
    expect(accepted({ id: String(KEPT_ID_MAX) }).keptId).toBe(KEPT_ID_MAX);
  });

  test.each(["0", "-5", "4503599627370497", "9007199254740993", "9223372036854775807"])(
    "asks for a fresh one in place of %p",
    (id) => {
      expect(accepted({ id }).keptId).toBeUndefined();
    },
  );
});

test("readImportedPunch() takes any text in any column without a throw", () => {
  const value = fc.option(
    fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("", "0", "-1", "1e9", "NaN", "x'00'", "\0", "20250102081530", "9".repeat(99)),
      fc.constantFrom("2025-01-02 00:15:30.123456", "0001-01-01 00:00:00", "9999-12-31 23:59:59"),
    ),
    { nil: null },
  );
  const row = fc.record(Object.fromEntries(Object.keys(LATER).map((name) => [name, value])), {
    requiredKeys: [],
  });
  const property = fc.property(row, fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), (change, id) => {
    const result = readImportedPunch({ ...change, id: String(id) }, CONTEXT);
    if (!result.ok) return /^[a-z-]+$/.test(result.error.code);
    const { punch } = result.value;
    return /^\d{14}$/.test(punch.wallTime) && Number.isSafeInteger(punch.instantMs);
  });
  fc.assert(property, { numRuns: 500 });
});
