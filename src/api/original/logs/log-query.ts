/**
 * Reads the parameters of `GET /api/biometric/logs` as leniently as the original did, except for
 * dates, which it refused too.
 */

import { type DeviceId, deviceId, type UserId, userId } from "#domain/identifiers.ts";
import { parseSiteDate, type SiteDate, siteDayRange } from "#domain/site-day.ts";
import type { PunchFilter } from "#storage/storage.ts";
import { ApiFailure } from "../../errors.ts";
import { lenientFlag, lenientInteger, nonEmpty } from "../../query-text.ts";

/** The parameters as they came. */
export interface LogQueryText {
  readonly limit?: string;
  readonly offset?: string;
  readonly user_id?: string;
  readonly device_id?: string;
  readonly primary_only?: string;
  readonly start_date?: string;
  readonly end_date?: string;
}

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
}

/** @throws ApiFailure `parameter-invalid` for a date that is none, or an end before the start. */
export function readLogQuery(query: LogQueryText, site: LogSite): LogSelection {
  const start = readDate(query.start_date, "start_date");
  const end = readDate(query.end_date, "end_date");
  if (start !== undefined && end !== undefined && end < start) {
    throw badDate("End date must be after start date", ["start_date", "end_date"]);
  }
  return {
    filter: {
      deviceId: readDevice(query, site.primaryDeviceId),
      userId: readUser(query.user_id),
      ...siteDayRange(start, end, site.siteTimeZone),
    },
    limit: readCount(query.limit),
    offset: readCount(query.offset) ?? 0,
  };
}

function readDate(text: string | undefined, name: string): SiteDate | undefined {
  const given = nonEmpty(text);
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

function readDevice(query: LogQueryText, primaryDeviceId: DeviceId): DeviceId | undefined {
  if (lenientFlag(query.primary_only)) return primaryDeviceId;
  const given = nonEmpty(query.device_id);
  return given === undefined ? undefined : deviceId(given);
}

function readUser(text: string | undefined): UserId | undefined {
  const value = lenientInteger(text);
  return value === undefined || value === 0n ? undefined : userId(String(value));
}

/** A positive number of records; undefined for anything else. */
function readCount(text: string | undefined): number | undefined {
  const value = lenientInteger(text);
  if (value === undefined || value <= 0n) return undefined;
  return Number(value < BigInt(Number.MAX_SAFE_INTEGER) ? value : Number.MAX_SAFE_INTEGER);
}
