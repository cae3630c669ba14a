/**
 * Proves the direction of one punch at every bound of the rule, and the correction of later rows case
 * by case. `direction-properties.test.ts` proves both over random histories.
 */

import { describe, expect, test } from "bun:test";
import { AssertionError } from "#base/assert.ts";
import { epochMs } from "#base/epoch.ts";
import type { DirectionPolicy } from "#domain/device.ts";
import {
  correctDirections,
  type DirectionChange,
  type DirectionRow,
  type DirectionRule,
  type DirectionState,
  nextState,
  resolveDirection,
} from "#domain/direction.ts";
import { punchId } from "#domain/identifiers.ts";
import type { Direction, DirectionSource } from "#domain/punch.ts";

const HOUR_MS = 3_600_000;
const PLAIN: DirectionRule = { maxShiftMs: 0, minimumGapMs: 0 };
const BOUNDED: DirectionRule = { maxShiftMs: 14 * HOUR_MS, minimumGapMs: 60_000 };

const state = (direction: Direction, instantMs: number): DirectionState => ({
  direction,
  instantMs: epochMs(instantMs),
});

describe("resolveDirection()", () => {
  const cases: readonly (readonly [
    what: string,
    policy: DirectionPolicy,
    previous: DirectionState | undefined,
    instantMs: number,
    rule: DirectionRule,
    direction: Direction,
    source: DirectionSource,
    isRepeat: boolean,
  ])[] = [
    ["begins with in", "alternate", undefined, 0, PLAIN, "in", "alternate", false],
    ["begins with in under bounds", "alternate", undefined, 0, BOUNDED, "in", "alternate", false],
    ["follows in with out", "alternate", state("in", 0), HOUR_MS, PLAIN, "out", "alternate", false],
    ["follows out with in", "alternate", state("out", 0), HOUR_MS, PLAIN, "in", "alternate", false],
    [
      "has no longest shift at 0",
      "alternate",
      state("in", 0),
      9999 * HOUR_MS,
      PLAIN,
      "out",
      "alternate",
      false,
    ],
    ["has no repeat at 0", "alternate", state("in", 5), 5, PLAIN, "out", "alternate", false],
    [
      "ends a shift of exactly the maximum",
      "alternate",
      state("in", 0),
      14 * HOUR_MS,
      BOUNDED,
      "out",
      "alternate",
      false,
    ],
    [
      "begins a shift 1 ms later",
      "alternate",
      state("in", 0),
      14 * HOUR_MS + 1,
      BOUNDED,
      "in",
      "alternate",
      false,
    ],
    [
      "follows out with in after a long pause",
      "alternate",
      state("out", 0),
      15 * HOUR_MS,
      BOUNDED,
      "in",
      "alternate",
      false,
    ],
    [
      "calls the same instant a repeat",
      "alternate",
      state("in", 5),
      5,
      BOUNDED,
      "in",
      "alternate",
      true,
    ],
    [
      "calls a touch 1 ms short of the gap a repeat",
      "alternate",
      state("out", 0),
      59_999,
      BOUNDED,
      "out",
      "alternate",
      true,
    ],
    [
      "counts a touch after exactly the gap",
      "alternate",
      state("out", 0),
      60_000,
      BOUNDED,
      "in",
      "alternate",
      false,
    ],
    ["keeps a fixed in", "fixed-in", state("in", 0), HOUR_MS, BOUNDED, "in", "fixed", false],
    [
      "keeps a fixed out without history",
      "fixed-out",
      undefined,
      0,
      BOUNDED,
      "out",
      "fixed",
      false,
    ],
    [
      "calls no fixed touch a repeat",
      "fixed-out",
      state("in", 0),
      1,
      BOUNDED,
      "out",
      "fixed",
      false,
    ],
  ];
  for (const [what, policy, previous, instantMs, rule, direction, source, isRepeat] of cases) {
    test(`resolveDirection() ${what}`, () => {
      expect(resolveDirection({ policy, previous, instantMs: epochMs(instantMs), rule })).toEqual({
        direction,
        source,
        isRepeat,
      });
    });
  }

  test("resolveDirection() takes what the terminal told, and decides nothing where it told nothing", () => {
    const options = { previous: state("in", 0), instantMs: epochMs(1), rule: BOUNDED };
    const policy = "device";
    expect(resolveDirection({ policy, told: "in", ...options })).toEqual({
      direction: "in",
      source: "device",
      isRepeat: false,
    });
    expect(resolveDirection({ policy, told: undefined, ...options })).toBeUndefined();
    const out = resolveDirection({ policy: "alternate", told: "in", ...options, rule: PLAIN });
    expect(out?.direction).toBe("out");
  });

  test("resolveDirection() asserts that the punch before is not later", () => {
    const options = { previous: state("in", 6), instantMs: epochMs(5), rule: PLAIN };
    expect(() => resolveDirection({ policy: "alternate", ...options })).toThrow(AssertionError);
  });
});

describe("nextState()", () => {
  const before = state("in", 0);
  test("nextState() takes a counting punch", () => {
    const row = { ...state("out", 5), isRepeat: false };
    expect(nextState(before, row)).toEqual(state("out", 5));
    expect(nextState(undefined, row)).toEqual(state("out", 5));
  });
  test("nextState() passes over a repeat", () => {
    const row = { ...state("in", 5), isRepeat: true };
    expect(nextState(before, row)).toBe(before);
    expect(nextState(undefined, row)).toBeUndefined();
  });
});

/**
 * Rows in a line of text: `8 in, 17 out` are punches at these hours. `*` marks a repeat, `!` a fixed
 * and `=` an imported one. Ids count up from 1.
 */
function rowsOf(text: string): readonly DirectionRow[] {
  if (text === "") return [];
  return text.split(", ").map((part, index) => {
    const [hour = "", word = ""] = part.split(" ");
    return {
      id: punchId(index + 1),
      instantMs: epochMs(Number(hour) * HOUR_MS),
      direction: word.startsWith("in") ? "in" : "out",
      source: word.endsWith("!") ? "fixed" : word.endsWith("=") ? "imported" : "alternate",
      isRepeat: word.endsWith("*"),
    };
  });
}

const change = (id: number, direction: Direction, isRepeat = false): DirectionChange => ({
  id: punchId(id),
  direction,
  isRepeat,
});

describe("correctDirections()", () => {
  const gapOfAnHour: DirectionRule = { maxShiftMs: 0, minimumGapMs: HOUR_MS };
  const shiftOf14Hours: DirectionRule = { maxShiftMs: 14 * HOUR_MS, minimumGapMs: 0 };
  const cases: readonly (readonly [
    what: string,
    rule: DirectionRule,
    state: DirectionState | undefined,
    rows: string,
    changes: readonly DirectionChange[],
    readCount: number,
    settled: boolean,
  ])[] = [
    ["has nothing to do without rows", PLAIN, state("in", 0), "", [], 0, false],
    [
      "stops at the first row that stays",
      PLAIN,
      state("in", 8 * HOUR_MS),
      "12 out, 13 in, 17 out",
      [],
      1,
      true,
    ],
    [
      "turns every later row when nothing bounds a shift",
      PLAIN,
      state("in", 8 * HOUR_MS),
      "12 in, 13 out, 17 in",
      [change(1, "out"), change(2, "in"), change(3, "out")],
      3,
      false,
    ],
    [
      "begins with in when the change left no punch before",
      PLAIN,
      undefined,
      "12 out, 13 in",
      [change(1, "in"), change(2, "out")],
      2,
      false,
    ],
    [
      "stops at the next shift",
      shiftOf14Hours,
      state("out", 12 * HOUR_MS),
      "13 out, 17 in, 32 in, 41 out",
      [change(1, "in"), change(2, "out")],
      3,
      true,
    ],
    [
      "stops behind a fixed row",
      PLAIN,
      state("out", 12 * HOUR_MS),
      "13 out, 17 out!, 18 in",
      [change(1, "in")],
      2,
      true,
    ],
    [
      "stops behind an imported row, right or wrong",
      PLAIN,
      state("out", 12 * HOUR_MS),
      "13 out, 17 out=, 18 in",
      [change(1, "in")],
      2,
      true,
    ],
    [
      "makes a row behind a new punch its repeat",
      gapOfAnHour,
      state("in", 8 * HOUR_MS),
      "8.5 in, 17 out",
      [change(1, "in", true)],
      2,
      true,
    ],
    [
      "makes a repeat count when its first touch became one",
      gapOfAnHour,
      state("in", 7.5 * HOUR_MS),
      "8 in, 8.6 in*, 17 out",
      [change(1, "in", true), change(2, "out"), change(3, "in")],
      3,
      false,
    ],
    [
      "turns repeats with what they repeat",
      gapOfAnHour,
      state("in", 8 * HOUR_MS),
      "12 in, 12.2 in*, 12.4 in*, 17 out!",
      [change(1, "out"), change(2, "out", true), change(3, "out", true)],
      4,
      true,
    ],
    [
      "reads on over repeats, which prove nothing",
      gapOfAnHour,
      state("out", 8 * HOUR_MS),
      "8.2 out*, 8.4 out*, 17 in, 18 out",
      [],
      3,
      true,
    ],
    [
      "turns repeats of the changed punch itself",
      gapOfAnHour,
      state("out", 8 * HOUR_MS),
      "8.2 in*, 17 out",
      [change(1, "out", true), change(2, "in")],
      2,
      false,
    ],
    [
      "settles where another punch at the same instant counts alike",
      gapOfAnHour,
      state("in", 8 * HOUR_MS),
      "8 in, 17 out",
      [change(1, "in", true)],
      1,
      true,
    ],
  ];
  for (const [what, rule, before, text, changes, readCount, settled] of cases) {
    test(`correctDirections() ${what}`, () => {
      let rowsRead = 0;
      function* readRows(): Generator<DirectionRow> {
        for (const row of rowsOf(text)) {
          rowsRead += 1;
          yield row;
        }
      }
      const result = correctDirections({ state: before, rows: readRows(), rule });
      expect(result.changes).toEqual(changes);
      expect(result.settled).toBe(settled);
      expect(rowsRead).toBe(readCount);
    });
  }

  test("correctDirections() gives the state to go on with", () => {
    const options = { state: state("in", 8 * HOUR_MS), rule: gapOfAnHour };
    const result = correctDirections({ ...options, rows: rowsOf("12 in, 12.2 in*") });
    expect(result.state).toEqual(state("out", 12 * HOUR_MS));
    expect(correctDirections({ ...options, rows: [] }).state).toEqual(state("in", 8 * HOUR_MS));
  });

  test("correctDirections() asserts that its rows are in order", () => {
    const rows = rowsOf("9 in, 8 out");
    expect(() => correctDirections({ state: state("in", 0), rows, rule: PLAIN })).toThrow(
      AssertionError,
    );
  });
});
