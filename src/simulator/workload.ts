/**
 * Says who punches where and when in a simulated run, so that no two punches of a run are the same
 * one (device, user and second) to the server. Pure.
 */

import type { SimulatedPunch } from "./encode-fkweb.ts";

/** The people and the time of one terminal's punches. */
export interface WorkloadOptions {
  readonly deviceId: string;
  /** This terminal's place in the fleet, from 0: each terminal has people of its own. */
  readonly terminalIndex: number;
  /** How many people use the terminal; each punches once, then all again a second later. */
  readonly users: number;
  /** The terminal's local time at the first punch. */
  readonly start: Temporal.PlainDateTime;
}

/** A card, held against a door used for entering, in the plain codes of `FKDataHS101` (section 8.1). */
const IO_MODE_CODE = 1;
const VERIFY_MODE_CODE = 3;

/** Returns a function that gives the punch at `index` (from 0). Fast when asked in order. */
export function planPunches(options: WorkloadOptions): (index: number) => SimulatedPunch {
  const firstUser = options.terminalIndex * options.users + 1;
  let plannedSecond = 0;
  let wallTime = formatWallTime(options.start);
  return (index) => {
    const second = Math.floor(index / options.users);
    if (second !== plannedSecond) {
      plannedSecond = second;
      wallTime = formatWallTime(options.start.add({ seconds: second }));
    }
    return {
      deviceId: options.deviceId,
      userId: String(firstUser + (index % options.users)),
      wallTime,
      ioModeCode: IO_MODE_CODE,
      verifyModeCode: VERIFY_MODE_CODE,
    };
  };
}

/** Formats a local time as terminals do: 14 digits `YYYYMMDDhhmmss`. */
export function formatWallTime(time: Temporal.PlainDateTime): string {
  return time.toString({ smallestUnit: "second" }).replace(/[-:T]/g, "");
}
