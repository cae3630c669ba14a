/**
 * Reads the parameters of the log lists as leniently as the original did, except for dates, which it
 * refused too.
 */

import { type DeviceId, deviceId } from "#domain/identifiers.ts";
import type { LeadingZeros } from "#domain/punch-identity.ts";
import { parseSiteDate, type SiteDate, type SiteDayRange, siteDayRange } from "#domain/site-day.ts";
import type { PunchFilter } from "#storage/storage.ts";
import { ApiFailure } from "../../errors.ts";
import { lenientFlag, nonEmpty } from "../../query-text.ts";
import { readCount, readUserId } from "../list-query.ts";

/** Which records are asked for. */
export interface LogSelection {
  readonly filter: PunchFilter;
  /** Undefined: all of them. */
  readonly limit: number | undefined;
  readonly offset: number;
}

/** What a site adds to the meaning of a query. */
export interface LogSite {
  /** IANA zone that the dates of a query are in. */
  readonly siteTimeZone: string;
  readonly primaryDeviceId: DeviceId;
  readonly leadingZeros: LeadingZeros;
}

/**
 * The parameters of a request that are among `known`: the original passed over the others. Of a
 * repeated one the first counts wherever it is read, as for the original.
 */
export function lenientParameters(requestUrl: string, known: readonly string[]): URLSearchParams {
  const given = new URL(requestUrl).searchParams;
  return new URLSearchParams([...given].filter(([name]) => known.includes(name)));
}

/** @throws ApiFailure `parameter-invalid` for a date that is none, or an end before the start. */
export function readLogQuery(query: URLSearchParams, site: LogSite): LogSelection {
  return {
    filter: {
      deviceId: readDevice(query, site.primaryDeviceId),
      userId: readUserId(query.get("user_id"), site.leadingZeros),
      ...readDays(query, site.siteTimeZone),
    },
    limit: readCount(query.get("limit")),
    offset: readCount(query.get("offset")) ?? 0,
  };
}

/**
 * The time from the start of `start_date` to the end of `end_date`, both days of the site.
 * @throws ApiFailure `parameter-invalid` for a date that is none, or an end before the start.
 */
export function readDays(query: URLSearchParams, siteTimeZone: string): SiteDayRange {
  const start = readDate(query, "start_date");
  const end = readDate(query, "end_date");
  if (start !== undefined && end !== undefined && end < start) {
    throw badDate("End date must be after start date", ["start_date", "end_date"]);
  }
  return siteDayRange(start, end, siteTimeZone);
}

function readDate(query: URLSearchParams, name: string): SiteDate | undefined {
  const given = nonEmpty(query.get(name));
  if (given === undefined) return undefined;
  const date = parseSiteDate(given);
  if (date.ok) return date.value;
  const shown = given.length > 40 ? `${given.slice(0, 40)}...` : given;
  const problem =
    date.error.code === "malformed"
      ? `time data '${shown}' does not match format '%Y-%m-%d'`
      : `'${shown}' is not a day of the calendar`;
  throw badDate(problem, [name]);
}

/** The beginning of the text is the original's, to the letter. */
function badDate(problem: string, parameters: readonly string[]): ApiFailure {
  const message = `Invalid date format. Use YYYY-MM-DD format. Error: ${problem}`;
  return new ApiFailure("parameter-invalid", message, { parameters });
}

function readDevice(query: URLSearchParams, primaryDeviceId: DeviceId): DeviceId | undefined {
  if (lenientFlag(query.get("primary_only"))) return primaryDeviceId;
  const given = nonEmpty(query.get("device_id"));
  return given === undefined ? undefined : deviceId(given);
}
