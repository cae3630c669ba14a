/**
 * A terminal's own reading of its clock, and the instant it means in a time zone. Temporal does all
 * zone arithmetic; nothing here knows what the time is now.
 */

import { type Brand, brand } from "#base/brand.ts";
import { type EpochMs, epochMs } from "#base/epoch.ts";
import { fail, ok, type Result } from "#base/result.ts";

/** 14 digits `YYYYMMDDhhmmss`, a date and time that exist on a calendar; no zone. */
export type WallTime = Brand<string, "WallTime">;

/** A local time that the zone skips, or passes twice, and that a rule resolved. */
export type LocalTimeFlag = "skipped" | "doubled";

/**
 * Why a text is no wall time. `missing`: absent or blank. `malformed`: not one of the accepted
 * forms. `impossible`: well formed, but no such date or time of day exists.
 */
export interface WallTimeError {
  readonly code: "missing" | "malformed" | "impossible";
}

/** A wall time in a zone. */
export interface ResolvedInstant {
  readonly instantMs: EpochMs;
  /** Set when the zone skips this local time, or passes it twice, and a rule had to decide. */
  readonly localTimeFlag: LocalTimeFlag | undefined;
}

/**
 * Both readings of a local time: with the offset before and after a change of the zone's clocks.
 * They are equal except where the zone skips or doubles the local time.
 */
export interface InstantReadings {
  readonly earlierMs: EpochMs;
  readonly laterMs: EpochMs;
}

const FOURTEEN_DIGITS = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})$/;
/** Sent by clones of the FKWeb terminals (fkweb.md 6.2). */
const PUNCTUATED = /^(\d{4})-(\d{2})-(\d{2})[ T](\d{2}):(\d{2}):(\d{2})$/;

/**
 * Reads `YYYYMMDDhhmmss`, `YYYY-MM-DD hh:mm:ss` or `YYYY-MM-DDThh:mm:ss`. Spaces and NULs around
 * the text are padding of fixed-width fields and are dropped; nothing else is forgiven. Year 0000,
 * hour 24 and second 60 are impossible.
 */
export function parseWallTime(text: string | undefined): Result<WallTime, WallTimeError> {
  const trimmed = trimPadding(text ?? "");
  if (trimmed === "") return fail({ code: "missing" });
  const match = FOURTEEN_DIGITS.exec(trimmed) ?? PUNCTUATED.exec(trimmed);
  if (match === null) return fail({ code: "malformed" });
  const digits = match.slice(1).join("");
  if (!isCalendarDate(numberAt(digits, 0, 4), numberAt(digits, 4, 6), numberAt(digits, 6, 8))) {
    return fail({ code: "impossible" });
  }
  const isTimeOfDay =
    numberAt(digits, 8, 10) <= 23 &&
    numberAt(digits, 10, 12) <= 59 &&
    numberAt(digits, 12, 14) <= 59;
  return isTimeOfDay ? ok(brand<WallTime>(digits)) : fail({ code: "impossible" });
}

/**
 * The instant of a wall time in an IANA zone. A skipped local time counts on from before the gap
 * (the later reading), a doubled one is its first pass (the earlier reading): the rule that
 * Temporal calls `compatible`. Either is flagged.
 * @throws RangeError for an unknown zone.
 */
export function resolveInstant(wallTime: WallTime, timeZone: string): ResolvedInstant {
  const { earlierMs, laterMs } = readInstants(wallTime, timeZone);
  if (earlierMs === laterMs) return { instantMs: earlierMs, localTimeFlag: undefined };
  // In a gap no instant reads as the wall time, so the earlier reading shows another one.
  return wallTimeAt(earlierMs, timeZone) === wallTime
    ? { instantMs: earlierMs, localTimeFlag: "doubled" }
    : { instantMs: laterMs, localTimeFlag: "skipped" };
}

/**
 * Both readings of a wall time in an IANA zone, for callers that know better than a fixed rule
 * which is meant.
 * @throws RangeError for an unknown zone.
 */
export function readInstants(wallTime: WallTime, timeZone: string): InstantReadings {
  const local = new Temporal.PlainDateTime(
    numberAt(wallTime, 0, 4),
    numberAt(wallTime, 4, 6),
    numberAt(wallTime, 6, 8),
    numberAt(wallTime, 8, 10),
    numberAt(wallTime, 10, 12),
    numberAt(wallTime, 12, 14),
  );
  const earlier = local.toZonedDateTime(timeZone, { disambiguation: "earlier" });
  const later = local.toZonedDateTime(timeZone, { disambiguation: "later" });
  return {
    earlierMs: epochMs(earlier.epochMilliseconds),
    laterMs: epochMs(later.epochMilliseconds),
  };
}

/**
 * What a clock of an IANA zone shows at an instant between the years 0001 and 9999; a fraction of a
 * second is dropped.
 * @throws RangeError for an unknown zone.
 */
export function wallTimeAt(instantMs: EpochMs, timeZone: string): WallTime {
  const iso = new Date(instantMs + offsetMsAt(instantMs, timeZone)).toISOString();
  return brand<WallTime>(iso.slice(0, -5).replaceAll(/[-T:]/g, ""));
}

/**
 * Local time minus UTC in an IANA zone at an instant, in milliseconds.
 * @throws RangeError for an unknown zone.
 */
export function offsetMsAt(instantMs: EpochMs, timeZone: string): number {
  const spans = knownSpans.get(timeZone) ?? [];
  for (const { fromMs, beforeMs, offsetMs } of spans) {
    if (fromMs <= instantMs && instantMs < beforeMs) return offsetMs;
  }
  const found = findOffsetSpan(instantMs, timeZone);
  knownSpans.set(timeZone, [found, ...spans.slice(0, KNOWN_SPANS_MAX - 1)]);
  return found.offsetMs;
}

/** A time in which a zone's clocks are not changed. */
interface OffsetSpan {
  readonly fromMs: number;
  /** Exclusive. */
  readonly beforeMs: number;
  readonly offsetMs: number;
}

/** Of a zone that changes its clocks: fifteen years. */
const KNOWN_SPANS_MAX = 30;
/** By zone, found last first: to ask Temporal for every row of a list takes five times as long. */
const knownSpans = new Map<string, readonly OffsetSpan[]>();

function findOffsetSpan(instantMs: EpochMs, timeZone: string): OffsetSpan {
  const at = Temporal.Instant.fromEpochMilliseconds(instantMs).toZonedDateTimeISO(timeZone);
  // A change of the clocks at this very instant is not among those before it.
  const from = at.add({ nanoseconds: 1 }).getTimeZoneTransition("previous");
  const before = at.getTimeZoneTransition("next");
  return {
    fromMs: from?.epochMilliseconds ?? Number.NEGATIVE_INFINITY,
    beforeMs: before?.epochMilliseconds ?? Number.POSITIVE_INFINITY,
    offsetMs: at.offsetNanoseconds / 1_000_000,
  };
}

/** Whether year 1 to 9999, month and day name a day of the Gregorian calendar. */
export function isCalendarDate(year: number, month: number, day: number): boolean {
  if (year < 1 || month < 1 || month > 12 || day < 1) return false;
  return day <= new Temporal.PlainDate(year, month, 1).daysInMonth;
}

/** Drops the spaces and NULs with which terminals fill fixed-width text fields. */
export function trimPadding(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isPadding(text.charCodeAt(start))) start += 1;
  while (end > start && isPadding(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isPadding(characterCode: number): boolean {
  return characterCode === 0x20 || characterCode === 0x00;
}

function numberAt(digits: string, start: number, end: number): number {
  return Number(digits.slice(start, end));
}
