/**
 * The ways an instant is written for people and programs. Fast enough to write every row of a full
 * page; it parses nothing.
 */

import type { EpochMs } from "#base/epoch.ts";
import { offsetMsAt } from "./wall-time.ts";

const MINUTE_MS = 60_000;

/**
 * `YYYY-MM-DD HH:MM:SS` in UTC; a fraction of a second is dropped. Beyond the year 9999, which a
 * terminal's wall time can just reach, the year is written `+010000`.
 */
export function utcText(instantMs: EpochMs): string {
  return spacedText(instantMs);
}

/**
 * `YYYY-MM-DD HH:MM:SS` in an IANA zone, otherwise like `utcText`.
 * @throws RangeError for an unknown zone.
 */
export function localText(instantMs: EpochMs, timeZone: string): string {
  return spacedText(instantMs + offsetMsAt(instantMs, timeZone));
}

/**
 * RFC 3339 in an IANA zone, always with a numeric offset: `2026-03-02T08:15:04+08:00`. Milliseconds
 * are written only where the instant has some. The text always means exactly `instantMs`: where the
 * zone's offset has seconds (local mean time, before about 1900) its whole minutes are used.
 * @throws RangeError for an unknown zone.
 */
export function rfc3339WithOffset(instantMs: EpochMs, timeZone: string): string {
  const offsetMinutes = Math.trunc(offsetMsAt(instantMs, timeZone) / MINUTE_MS);
  const iso = new Date(instantMs + offsetMinutes * MINUTE_MS).toISOString();
  const local = instantMs % 1000 === 0 ? iso.slice(0, -5) : iso.slice(0, -1);
  return local + offsetText(offsetMinutes);
}

/** A duration of any length in the largest unit of which there are two: `95 s`, `3 min`, `26 years`. */
export function shownDuration(durationMs: number): string {
  const seconds = Math.round(durationMs / 1000);
  const unit = DURATION_UNITS.find(([size]) => seconds >= 2 * size) ?? ([1, "s"] as const);
  return `${Math.floor(seconds / unit[0])} ${unit[1]}`;
}

const DURATION_UNITS = [
  [31_557_600, "years"],
  [86_400, "days"],
  [3_600, "h"],
  [60, "min"],
] as const;

/** The date and time of day of `YYYY-MM-DDThh:mm:ss.sssZ`, whatever the length of its year. */
function spacedText(localMs: number): string {
  const iso = new Date(localMs).toISOString();
  return `${iso.slice(0, -14)} ${iso.slice(-13, -5)}`;
}

function offsetText(offsetMinutes: number): string {
  const sign = offsetMinutes < 0 ? "-" : "+";
  const size = Math.abs(offsetMinutes);
  return `${sign}${twoDigits(Math.floor(size / 60))}:${twoDigits(size % 60)}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}
