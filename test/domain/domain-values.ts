/**
 * Branded values for the tests of the rules, from the texts a person writes.
 */

import { type EpochMs, epochMs } from "#base/epoch.ts";
import { parseSiteDate, type SiteDate } from "#domain/site-day.ts";
import { parseWallTime, type WallTime } from "#domain/wall-time.ts";

/** A wall time from text that must be readable. @throws Error when it is not. */
export function wallTimeOf(text: string): WallTime {
  const result = parseWallTime(text);
  if (!result.ok) throw new Error(`Test value "${text}" is no wall time: ${result.error.code}`);
  return result.value;
}

/** A date from text that must be readable. @throws Error when it is not. */
export function siteDateOf(text: string): SiteDate {
  const result = parseSiteDate(text);
  if (!result.ok) throw new Error(`Test value "${text}" is no date: ${result.error.code}`);
  return result.value;
}

/** An instant from RFC 3339 text. @throws RangeError when it is none. */
export function instantOf(text: string): EpochMs {
  return epochMs(Temporal.Instant.from(text).epochMilliseconds);
}
