/**
 * Proves over random histories that corrections make arrival order irrelevant: whatever the order and
 * however the later rows are paged, the stored directions are those of sorting everything and
 * alternating once. The expected result comes from a second, plainer statement of the rule.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { epochMs } from "#base/epoch.ts";
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
import type { Direction } from "#domain/punch.ts";

/** A punch that will arrive: `kind` is its device's policy, or an imported direction. */
interface Arrival {
  readonly second: number;
  readonly device: number;
  readonly id: number;
  readonly kind:
    | "alternate"
    | "device-in"
    | "device-out"
    | "fixed-in"
    | "fixed-out"
    | "imported-in"
    | "imported-out";
}

interface StoredRow extends DirectionRow {
  readonly arrival: Arrival;
}

const kinds = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Arrival["kind"]>("alternate") },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Arrival["kind"]>(
      "device-in",
      "device-out",
      "fixed-in",
      "fixed-out",
      "imported-in",
      "imported-out",
    ),
  },
);

/** Few seconds and short bounds, so that ties, repeats and new shifts are frequent. */
const histories = fc
  .array(
    fc.record({
      second: fc.integer({ min: 0, max: 60 }),
      device: fc.integer({ min: 1, max: 3 }),
      kind: kinds,
    }),
    { maxLength: 24 },
  )
  .map((punches) => punches.map((punch, index): Arrival => ({ ...punch, id: index + 1 })));

const rules = fc
  .record({ maxShift: fc.constantFrom(0, 1, 3, 7, 20), minimumGap: fc.constantFrom(0, 1, 2, 4, 9) })
  .map(
    (seconds): DirectionRule => ({
      maxShiftMs: seconds.maxShift * 1000,
      minimumGapMs: seconds.minimumGap * 1000,
    }),
  );

const arrivalOrders = histories.chain((history) =>
  fc.shuffledSubarray([...history], { minLength: history.length }),
);

describe("direction rules over random histories", () => {
  test("resolveDirection() without bounds gives the original's alternation to in-order punches", () => {
    const seconds = fc.array(fc.integer({ min: 0, max: 1000 }), { maxLength: 50 });
    fc.assert(
      fc.property(seconds, (unsorted) => {
        // contract.md 5: previous in gives out; out or none gives in. Time plays no part.
        let original: Direction | undefined;
        let previous: DirectionState | undefined;
        for (const second of unsorted.toSorted((left, right) => left - right)) {
          original = original === "in" ? "out" : "in";
          const instantMs = epochMs(second * 1000);
          const rule = { maxShiftMs: 0, minimumGapMs: 0 };
          const resolved = resolveDirection({ policy: "alternate", previous, instantMs, rule });
          expect(resolved).toEqual({ direction: original, source: "alternate", isRepeat: false });
          previous = nextState(previous, { direction: original, isRepeat: false, instantMs });
        }
      }),
    );
  });

  test("correctDirections() gives the same rows in any order of arrival and any page size", () => {
    fc.assert(
      fc.property(arrivalOrders, rules, fc.integer({ min: 1, max: 5 }), (order, rule, pageSize) => {
        const rows: StoredRow[] = [];
        for (const arrival of order) {
          insert(rows, arrival, { rule, pageSize });
          // After every arrival, so that a later correction cannot hide an earlier mistake.
          expect<readonly string[]>(rows.map(summaryOf)).toEqual(
            fromScratch(
              rows.map((row) => row.arrival),
              rule,
            ),
          );
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("correctDirections() changes nothing the second time", () => {
    fc.assert(
      fc.property(arrivalOrders, rules, fc.nat(), (order, rule, seed) => {
        const rows: StoredRow[] = [];
        for (const arrival of order) insert(rows, arrival, { rule, pageSize: 200 });
        const from = rows.length === 0 ? 0 : seed % rows.length;
        const state = stateBefore(rows, from);
        expect(correctDirections({ state, rows: rows.slice(from), rule }).changes).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});

/** Stores one arrival as the shell does: resolve, insert, correct behind it page by page. */
function insert(
  rows: StoredRow[],
  arrival: Arrival,
  options: { readonly rule: DirectionRule; readonly pageSize: number },
): void {
  const found = rows.findIndex((row) => compareArrivals(arrival, row.arrival) < 0);
  const place = found === -1 ? rows.length : found;
  const inserted = storedRow(arrival, stateBefore(rows, place), options.rule);
  rows.splice(place, 0, inserted);
  let state = nextState(stateBefore(rows, place), inserted);
  for (let from = place + 1; from < rows.length; from += options.pageSize) {
    const page = rows.slice(from, from + options.pageSize);
    const result = correctDirections({ state, rows: page, rule: options.rule });
    applyChanges(rows, result.changes);
    if (result.settled) return;
    state = result.state;
  }
}

function storedRow(
  arrival: Arrival,
  previous: DirectionState | undefined,
  rule: DirectionRule,
): StoredRow {
  const id = punchId(arrival.id);
  const instantMs = epochMs(arrival.second * 1000);
  if (arrival.kind === "imported-in" || arrival.kind === "imported-out") {
    const direction = arrival.kind === "imported-in" ? "in" : "out";
    return { id, instantMs, direction, source: "imported", isRepeat: false, arrival };
  }
  const told = arrival.kind === "device-in" ? "in" : "out";
  const policy =
    arrival.kind === "device-in" || arrival.kind === "device-out" ? "device" : arrival.kind;
  const resolved = resolveDirection({ policy, previous, instantMs, rule, told });
  if (resolved === undefined) throw new Error("A told direction was not taken");
  return { id, instantMs, ...resolved, arrival };
}

function stateBefore(rows: readonly StoredRow[], place: number): DirectionState | undefined {
  const row = rows.slice(0, place).findLast((candidate) => !candidate.isRepeat);
  return row === undefined ? undefined : { direction: row.direction, instantMs: row.instantMs };
}

function applyChanges(rows: StoredRow[], changes: readonly DirectionChange[]): void {
  for (const change of changes) {
    const place = rows.findIndex((row) => row.id === change.id);
    const row = rows[place];
    if (row === undefined) throw new Error(`Punch ${change.id} was changed and does not exist`);
    expect(row.source).toBe("alternate");
    expect([row.direction, row.isRepeat]).not.toEqual([change.direction, change.isRepeat]);
    rows[place] = { ...row, ...change };
  }
}

/** The rule once more, over a sorted list and in whole seconds: `5 out`, `6 out repeat`. */
function fromScratch(arrivals: readonly Arrival[], rule: DirectionRule): readonly string[] {
  let lastDirection = "none";
  let lastSecond = 0;
  return arrivals.toSorted(compareArrivals).map(({ id, second, kind }) => {
    const pause = second - lastSecond;
    if (kind === "alternate" && lastDirection !== "none" && pause * 1000 < rule.minimumGapMs) {
      return `${id} ${lastDirection} repeat`;
    }
    const isFirstOfShift = rule.maxShiftMs !== 0 && pause * 1000 > rule.maxShiftMs;
    if (kind.endsWith("-in")) lastDirection = "in";
    else if (kind.endsWith("-out")) lastDirection = "out";
    else lastDirection = lastDirection === "in" && !isFirstOfShift ? "out" : "in";
    lastSecond = second;
    return `${id} ${lastDirection}`;
  });
}

function summaryOf(row: StoredRow): string {
  return `${row.id} ${row.direction}${row.isRepeat ? " repeat" : ""}`;
}

function compareArrivals(left: Arrival, right: Arrival): number {
  return left.second - right.second || left.device - right.device || left.id - right.id;
}
