/**
 * Days as people name them, and the stretch of time a day covers in a zone. A day may have 23 or 25
 * hours, begin at 01:00, or not exist at all.
 */

import { type Brand, brand } from "#base/brand.ts";
import { type EpochMs, epochMs } from "#base/epoch.ts";
import { fail, ok, type Result } from "#base/result.ts";
import { isCalendarDate, wallTimeAt } from "./wall-time.ts";

/** `YYYY-MM-DD`, a date that exists on a calendar; no zone. Texts compare as their dates do. */
export type SiteDate = Brand<string, "SiteDate">;

/** `malformed`: not year-month-day in digits. `impossible`: no such date exists. */
export interface SiteDateError {
  readonly code: "malformed" | "impossible";
}

/** A stretch of time with an inclusive start and an exclusive end; undefined: open on that side. */
export interface SiteDayRange {
  readonly fromMs: EpochMs | undefined;
  readonly beforeMs: EpochMs | undefined;
}

const YEAR_MONTH_DAY = /^(\d{4})-(\d{1,2})-(\d{1,2})$/;

/** Reads `YYYY-MM-DD`; months and days without a leading zero pass too (contract.md 3.1). */
export function parseSiteDate(text: string): Result<SiteDate, SiteDateError> {
  const match = YEAR_MONTH_DAY.exec(text);
  if (match === null) return fail({ code: "malformed" });
  const [, year = "", month = "", day = ""] = match;
  if (!isCalendarDate(Number(year), Number(month), Number(day))) {
    return fail({ code: "impossible" });
  }
  return ok(brand<SiteDate>(`${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`));
}

/**
 * The day that a clock of an IANA zone shows at an instant between the years 0001 and 9999.
 * @throws RangeError for an unknown zone.
 */
export function siteDateAt(instantMs: EpochMs, timeZone: string): SiteDate {
  const digits = wallTimeAt(instantMs, timeZone);
  return brand<SiteDate>(`${digits.slice(0, 4)}-${digits.slice(4, 6)}-${digits.slice(6, 8)}`);
}

/**
 * The time from the first instant of `startDate` to the first instant after `endDate`, both days
 * included, in an IANA zone. Dates in the wrong order give an end before the start.
 * @throws RangeError for an unknown zone.
 */
export function siteDayRange(
  startDate: SiteDate | undefined,
  endDate: SiteDate | undefined,
  timeZone: string,
): SiteDayRange {
  return {
    fromMs: startDate === undefined ? undefined : dayStartMs(calendarDay(startDate), timeZone),
    beforeMs:
      endDate === undefined
        ? undefined
        : dayStartMs(calendarDay(endDate).add({ days: 1 }), timeZone),
  };
}

function calendarDay(date: SiteDate): Temporal.PlainDate {
  return Temporal.PlainDate.from(date);
}

/**
 * Without a time of day Temporal gives the first instant of the day, also where midnight is
 * skipped.
 */
function dayStartMs(day: Temporal.PlainDate, timeZone: string): EpochMs {
  return epochMs(day.toZonedDateTime(timeZone).epochMilliseconds);
}
