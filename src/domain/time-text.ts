/**
 * The ways an instant is written for people and programs. Fast enough to write every row of a full
 * page; it parses nothing.
 */

import type { EpochMs } from "#base/epoch.ts";
import { offsetMsAt } from "./wall-time.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const TWO_DIGITS = Array.from({ length: 100 }, (_, value) => String(value).padStart(2, "0"));

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
  const localMs = instantMs + offsetMinutes * MINUTE_MS;
  const day = Math.floor(localMs / DAY_MS);
  if (day !== lastDay.day || offsetMinutes !== lastDay.offsetMinutes) {
    const dateText = new Date(localMs).toISOString().slice(0, -14);
    lastDay = { day, offsetMinutes, dateText, offsetText: offsetText(offsetMinutes) };
  }
  const dayMs = localMs - day * DAY_MS;
  const [hours, minutes] = [Math.floor(dayMs / HOUR_MS), Math.floor(dayMs / MINUTE_MS) % 60];
  const seconds = Math.floor(dayMs / 1000) % 60;
  const time = `${twoDigits(hours)}:${twoDigits(minutes)}:${twoDigits(seconds)}`;
  const fraction = dayMs % 1000 === 0 ? "" : `.${String(dayMs % 1000).padStart(3, "0")}`;
  return `${lastDay.dateText}T${time}${fraction}${lastDay.offsetText}`;
}

/** Written last: of the rows of a list most are of one day, and to write it anew is the larger part. */
let lastDay = { day: Number.NaN, offsetMinutes: 0, dateText: "", offsetText: "" };

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

/** `value` from 0 to 99. */
function twoDigits(value: number): string {
  return TWO_DIGITS[value] ?? "";
}
