/**
 * Gives a punch its direction on the user's timeline and corrects the rows behind it, at most
 * `ROWS_PER_STEP` at a time; the rest is noted and goes on in the background.
 */

import { type EpochMs, epochMs } from "#base/epoch.ts";
import type { DirectionPolicy } from "#domain/device.ts";
import { correctDirections, resolveDirection } from "#domain/direction.ts";
import { parseDirectionCodes, type ToldCode, toldDirection } from "#domain/direction-codes.ts";
import type { Direction } from "#domain/punch.ts";
import { announceCorrection } from "./announce-punch.ts";
import type { DeviceRow } from "./devices.ts";
import type { PlacedDirection } from "./punches.ts";
import type { StorageRules } from "./rules.ts";
import type { TimelinePlace } from "./timeline.ts";
import type { WriteParts } from "./write-parts.ts";

/** Rows of one user looked at in one transaction. */
const ROWS_PER_STEP = 200;

/** Of a punch that takes no part in alternation. */
export const UNDECIDED: PlacedDirection = {
  direction: null,
  directionSource: null,
  isRepeat: false,
};

/** How a terminal's punch gets its direction. */
export interface TerminalDirection {
  readonly policy: DirectionPolicy;
  /** What its own code says. */
  readonly told: Direction | undefined;
}

/** The rule of a terminal, and what a punch of it told. */
export function terminalDirection(
  device: DeviceRow,
  told: ToldCode,
  rules: StorageRules,
): TerminalDirection {
  const policy = device.directionPolicy ?? rules.directionPolicy;
  if (policy !== "device") return { policy, told: undefined };
  const { directionCodes, codeLibrary } = device;
  const codes = directionCodes === null ? undefined : parseDirectionCodes(directionCodes);
  // A table that this executable cannot read says nothing of any code.
  if (codes !== undefined && !codes.ok) return { policy, told: undefined };
  const library = told.library ?? codeLibrary ?? undefined;
  return { policy, told: toldDirection({ code: told.code, library }, codes?.value) };
}

/** Where punches are placed, and who is told of it. */
type PlacerParts = Pick<
  WriteParts,
  "timeline" | "punches" | "counters" | "endpoints" | "endpointFill" | "toldHistory" | "outbox"
>;

export class PunchPlacer {
  readonly #parts: PlacerParts;
  readonly #rules: Pick<StorageRules, "direction" | "correctionWindowMs">;

  constructor(parts: PlacerParts, rules: Pick<StorageRules, "direction" | "correctionWindowMs">) {
    this.#parts = parts;
    this.#rules = rules;
  }

  /** The direction of a punch at this place. One of doubtful time takes no part in alternation. */
  resolve(
    place: TimelinePlace,
    punch: TerminalDirection & { readonly isDoubtful: boolean },
  ): PlacedDirection {
    const { policy, told } = punch;
    if (punch.isDoubtful && policy === "alternate") return UNDECIDED;
    const resolved = resolveDirection({
      policy,
      previous: this.#parts.timeline.findStateBefore(place),
      instantMs: place.instantMs,
      rule: this.#rules.direction,
      told,
    });
    if (resolved === undefined) return UNDECIDED;
    return {
      direction: resolved.direction,
      directionSource: resolved.source,
      isRepeat: resolved.isRepeat,
    };
  }

  /**
   * Corrects the rows behind a punch that was just written. Rows older than the window stay, so
   * for a punch before it the correction begins at the window.
   */
  correctBehind(place: TimelinePlace, nowMs: EpochMs): void {
    const windowStartMs = epochMs(nowMs - this.#rules.correctionWindowMs);
    const isInWindow = place.instantMs >= windowStartMs;
    const windowStart = { ...place, instantMs: windowStartMs, deviceId: "", punchId: 0 };
    this.#correctStep(isInWindow ? place : windowStart, nowMs);
  }

  /**
   * Notes that the row behind an imported punch is to be corrected, for an import brings thousands
   * of punches in time order before the same row. Nothing is noted where that row cannot change.
   */
  deferBehind(place: TimelinePlace, nowMs: EpochMs): void {
    const next = this.#parts.timeline.findAfter(place);
    if (next === undefined || next.row.source !== "alternate") return;
    if (next.place.instantMs < nowMs - this.#rules.correctionWindowMs) return;
    // The place just before the row: the same note, whatever punch came before it.
    this.#parts.timeline.defer({ ...next.place, punchId: next.place.punchId - 1 });
  }

  /** Goes on with one correction that was put off; returns whether there was one. */
  continueCorrection(nowMs: EpochMs): boolean {
    const place = this.#parts.timeline.takeDeferred();
    if (place === undefined) return false;
    this.#correctStep(place, nowMs);
    return true;
  }

  #correctStep(place: TimelinePlace, nowMs: EpochMs): void {
    const { timeline, punches, counters } = this.#parts;
    // Most punches are the last of their user.
    if (!timeline.hasAfter(place)) return;
    // The first id above the place's own makes "before" include the place itself.
    const state = timeline.findStateBefore({ ...place, punchId: place.punchId + 1 });
    let read = 0;
    let last = place;
    const leftPositions = new Map<number, number>();
    const rows = timeline.walkAfter(place, ROWS_PER_STEP);
    const corrected = correctDirections({
      state,
      rows: rows.map((entry) => {
        read += 1;
        last = entry.place;
        leftPositions.set(entry.row.id, entry.feedPosition);
        return entry.row;
      }),
      rule: this.#rules.direction,
    });
    for (const change of corrected.changes) {
      const { id, direction, isRepeat } = change;
      const feedPosition = counters.nextFeedPosition();
      const made = punches.correctDirection({ id, direction, isRepeat, feedPosition });
      const leftPosition = leftPositions.get(id) ?? 0;
      announceCorrection(this.#parts, { ...made, punchId: id, leftPosition }, nowMs);
    }
    if (!corrected.settled && read === ROWS_PER_STEP) timeline.defer(last);
  }
}
