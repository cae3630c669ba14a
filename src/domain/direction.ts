/**
 * In or out: the rule for one punch, and the correction of later punches when one arrives late. All
 * of it runs per user over the order (instant, device, id), never over arrival. A punch counts when
 * it decides about the next; only repeats do not. Punches with a doubtful time never get here.
 */

import { assert, assertNever } from "#base/assert.ts";
import type { EpochMs } from "#base/epoch.ts";
import type { DirectionPolicy } from "./device.ts";
import type { PunchId } from "./identifiers.ts";
import type { Direction, DirectionSource } from "./punch.ts";

/** The site's settings of the alternation. */
export interface DirectionRule {
  /** The longest shift: after a longer pause the next punch is `in`. Milliseconds; 0: no limit. */
  readonly maxShiftMs: number;
  /** The shortest pause: a touch after a shorter one is a repeat. Milliseconds; 0: none is. */
  readonly minimumGapMs: number;
}

/** The last counting punch of a user: all that the next one depends on. */
export interface DirectionState {
  readonly direction: Direction;
  readonly instantMs: EpochMs;
}

/** What a policy makes of one punch. */
export interface ResolvedDirection {
  readonly direction: Direction;
  readonly source: DirectionSource;
  /** A double touch: it shows the direction it repeats, and does not count. */
  readonly isRepeat: boolean;
}

/** A stored punch as far as its direction goes. */
export interface DirectionRow extends ResolvedDirection {
  readonly id: PunchId;
  readonly instantMs: EpochMs;
}

/** A stored punch whose direction or repeat mark must be rewritten. */
export interface DirectionChange {
  readonly id: PunchId;
  readonly direction: Direction;
  readonly isRepeat: boolean;
}

/** What came of a correction. */
export interface DirectionCorrection {
  /** In the order of the rows. */
  readonly changes: readonly DirectionChange[];
  /**
   * True: no row behind the last one read can change. False: the given rows ran out first, so a
   * caller that gave only some goes on behind them with `state`; one that gave all is done.
   */
  readonly settled: boolean;
  /** The last counting punch up to and including the last row read. */
  readonly state: DirectionState | undefined;
}

/**
 * The direction of one punch; undefined where only the terminal could say it, and did not.
 * `previous` is the user's last counting punch before it in the order above, so never later than
 * `instantMs`. A direction that is fixed or told is never a repeat.
 */
export function resolveDirection(options: {
  readonly policy: DirectionPolicy;
  readonly previous: DirectionState | undefined;
  readonly instantMs: EpochMs;
  readonly rule: DirectionRule;
  /** What the terminal's own code says; only the policy `device` asks. */
  readonly told?: Direction | undefined;
}): ResolvedDirection | undefined {
  switch (options.policy) {
    case "alternate":
      return alternate(options.previous, options.instantMs, options.rule);
    case "device":
      if (options.told === undefined) return undefined;
      return { direction: options.told, source: "device", isRepeat: false };
    case "fixed-in":
      return { direction: "in", source: "fixed", isRepeat: false };
    case "fixed-out":
      return { direction: "out", source: "fixed", isRepeat: false };
    default:
      return assertNever(options.policy);
  }
}

/** The user's last counting punch after `row`, given the one before it. */
export function nextState(
  previous: DirectionState | undefined,
  row: Pick<DirectionRow, "direction" | "instantMs" | "isRepeat">,
): DirectionState | undefined {
  return row.isRepeat ? previous : { direction: row.direction, instantMs: row.instantMs };
}

/**
 * Works out which rows change behind a punch that was inserted or changed. `state` is the last
 * counting punch up to and including that one; `rows` are the user's stored punches behind it, in
 * order, and are read lazily and no further than needed. Only `alternate` rows change; fixed, told
 * and imported rows keep theirs and count as stored. Rows that may no longer change for their age are
 * left out at the front, with `state` then taken from the last counting one of them.
 *
 * Relies on the stored rows agreeing with each other under `rule`: each follows from those before.
 */
export function correctDirections(options: {
  readonly state: DirectionState | undefined;
  readonly rows: Iterable<DirectionRow>;
  readonly rule: DirectionRule;
}): DirectionCorrection {
  const changes: DirectionChange[] = [];
  let state = options.state;
  // The state that the stored values of the rows read so far lead to. It stays unknown until a row
  // counts as stored, because the last counting punch before the change is not given.
  let storedState: DirectionState | undefined;
  for (const row of options.rows) {
    const resolved =
      row.source === "alternate" ? alternate(state, row.instantMs, options.rule) : row;
    if (resolved.direction !== row.direction || resolved.isRepeat !== row.isRepeat) {
      changes.push({ id: row.id, direction: resolved.direction, isRepeat: resolved.isRepeat });
    }
    state = nextState(state, { ...resolved, instantMs: row.instantMs });
    storedState = nextState(storedState, row);
    // A row depends on the state alone, so from equal states on the stored values are right. The
    // same row need not count on both sides: a repeat may have become the punch that counts.
    if (storedState !== undefined && isSameState(state, storedState)) {
      return { changes, settled: true, state };
    }
  }
  return { changes, settled: false, state };
}

/**
 * Both bounds belong to the ordinary case: a pause of exactly the minimum gap is no repeat, and one
 * of exactly the maximum shift ends the shift.
 */
function alternate(
  previous: DirectionState | undefined,
  instantMs: EpochMs,
  rule: DirectionRule,
): ResolvedDirection {
  if (previous === undefined) return { direction: "in", source: "alternate", isRepeat: false };
  const pauseMs = instantMs - previous.instantMs;
  assert(pauseMs >= 0, "A direction depends on a punch that comes after it");
  if (pauseMs < rule.minimumGapMs) {
    return { direction: previous.direction, source: "alternate", isRepeat: true };
  }
  const isNewShift = rule.maxShiftMs > 0 && pauseMs > rule.maxShiftMs;
  const direction = isNewShift || previous.direction === "out" ? "in" : "out";
  return { direction, source: "alternate", isRepeat: false };
}

function isSameState(left: DirectionState | undefined, right: DirectionState): boolean {
  return left?.direction === right.direction && left.instantMs === right.instantMs;
}
