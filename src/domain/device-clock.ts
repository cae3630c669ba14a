/**
 * What a terminal's report of its own clock tells: how far it is off, and when it went back. It
 * never corrects a time.
 */

import type { EpochMs } from "#base/epoch.ts";
import {
  parseWallTime,
  readInstants,
  resolveInstant,
  trimPadding,
  type WallTime,
} from "./wall-time.ts";

/** How far a clock may go back between two reports before it counts as set, in milliseconds. */
const BACKWARD_TOLERANCE_MS = 60_000;

/**
 * Device clock minus the box's own, in milliseconds; undefined when the text cannot be read. The
 * report is 14 digits, a punctuated form of them, or 12 digits `YYMMDDhhmmss` of this century
 * (fkweb.md 6.1), local to an IANA zone. Where the zone doubles or skips that local time, the
 * reading nearer to the box's clock is meant, so that no hour of skew appears when the clocks
 * change.
 * @throws RangeError for an unknown zone.
 */
export function clockSkewMs(
  clockText: string | undefined,
  timeZone: string,
  receivedAtMs: EpochMs,
): number | undefined {
  const wallTime = readClock(clockText);
  if (wallTime === undefined) return undefined;
  const { earlierMs, laterMs } = readInstants(wallTime, timeZone);
  const earlierSkewMs = earlierMs - receivedAtMs;
  const laterSkewMs = laterMs - receivedAtMs;
  return Math.abs(laterSkewMs) < Math.abs(earlierSkewMs) ? laterSkewMs : earlierSkewMs;
}

/**
 * The clock episode after a report: one more when the clock went back by more than 60 s since the
 * report before, else the same. A report that cannot be read changes nothing.
 */
export function nextClockEpisode(options: {
  readonly episode: number;
  readonly previousClockText: string | undefined;
  readonly clockText: string | undefined;
}): number {
  const previous = readClock(options.previousClockText);
  const current = readClock(options.clockText);
  if (previous === undefined || current === undefined) return options.episode;
  // The clock is compared with itself, hand against hand: its zone does not matter.
  const backwardMs = handsMs(previous) - handsMs(current);
  return backwardMs > BACKWARD_TOLERANCE_MS ? options.episode + 1 : options.episode;
}

function readClock(text: string | undefined): WallTime | undefined {
  const trimmed = trimPadding(text ?? "");
  const wallTime = parseWallTime(/^\d{12}$/.test(trimmed) ? `20${trimmed}` : trimmed);
  return wallTime.ok ? wallTime.value : undefined;
}

function handsMs(wallTime: WallTime): number {
  return resolveInstant(wallTime, "UTC").instantMs;
}
