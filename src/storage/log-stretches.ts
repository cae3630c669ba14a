/**
 * Where in the indexes the punches of a filter lie. Pure: nothing is read here.
 *
 * Logs are ordered by wall time and filtered by instant. A wall time of any zone lies within 26
 * hours of its instant's UTC reading, so that only the entries that near to a bound of the filter
 * are compared by their instants, and all between them are known to be wanted.
 */

import type { EpochMs } from "#base/epoch.ts";
import type { DeviceId, UserId } from "#domain/identifiers.ts";
import type { Stretch } from "./index-walk.ts";
import type { Clause } from "./prepared-reads.ts";
import type { PunchFilter } from "./storage.ts";

/** No zone on earth is further from UTC than this, in milliseconds. */
const ZONE_OFFSET_MAX_MS = 26 * 3_600_000;
const YEAR_0_MS = Date.parse("0000-01-01T00:00:00Z");
const YEAR_10000_MS = Date.UTC(10_000, 0, 1);

/** Greater than every wall time that is not after this one, and no greater than any other. */
export function justBehind(wallTime: string): string {
  return `${wallTime}~`;
}

/** A stretch by wall time, still to be looked up in some index. */
interface WallStretch {
  /** 14 digits, inclusive. */
  readonly from: string | undefined;
  /** 14 digits, exclusive. */
  readonly before: string | undefined;
  /** Whether instants must be looked at. */
  readonly isEdge: boolean;
}

/** All that the filter lets through, in the order of logs: stretches of the wall times, latest first. */
export function wallTimeStretches(filter: PunchFilter): readonly Stretch[] {
  return splitByWallTime(filter).map((part) => wallTimeStretch(part, filter));
}

/** The same without an order, in the stretches that are counted soonest. */
export function countingStretches(
  filter: PunchFilter,
  isHolding: (device: DeviceId) => boolean,
): readonly Stretch[] {
  const { userId, deviceId, direction } = filter;
  if (userId !== undefined) return [userStretch(userId, filter)];
  // The index of a device says nothing of directions, and knows held punches too.
  if (deviceId === undefined || direction !== undefined || isHolding(deviceId)) {
    return wallTimeStretches(filter);
  }
  return splitByWallTime(filter).map((part) =>
    part.isEdge ? wallTimeStretch(part, filter) : identityStretch(part, deviceId),
  );
}

/** A user's punches that the filter lets through, by instant. */
export function userStretch(user: UserId, filter: PunchFilter): Stretch {
  return {
    index: "punches_timeline",
    fixed: { sql: "feed_position IS NOT NULL AND user_id = +?", values: [user] },
    from: filter.fromMs,
    before: filter.beforeMs,
    match: allOf(equals("device_id", filter.deviceId), equals("direction", filter.direction)),
  };
}

/** A device's punches around the filter's days, held ones and those just outside among them. */
export function deviceStretch(device: DeviceId, { fromMs, beforeMs }: PunchFilter): Stretch {
  const from = shifted(fromMs, -ZONE_OFFSET_MAX_MS);
  const before = shifted(beforeMs, ZONE_OFFSET_MAX_MS);
  return identityStretch({ from, before }, device);
}

/** Everything the filter asks for, for each row. */
export function filterMatch(filter: PunchFilter): Clause | undefined {
  return allOf(
    instantMatch(filter),
    equals("device_id", filter.deviceId),
    equals("user_id", filter.userId),
    equals("direction", filter.direction),
  );
}

function wallTimeStretch(part: WallStretch, filter: PunchFilter): Stretch {
  const { fromMs: _, beforeMs: __, ...rest } = filter;
  return {
    index: "punches_wall_time",
    fixed: { sql: "feed_position IS NOT NULL", values: [] },
    from: part.from,
    before: part.before,
    match: filterMatch(part.isEdge ? filter : rest),
  };
}

function identityStretch(part: Omit<WallStretch, "isEdge">, device: DeviceId): Stretch {
  return {
    index: "punches_identity",
    fixed: { sql: "device_id = +?", values: [device] },
    from: part.from,
    before: part.before,
    match: undefined,
  };
}

/** Latest first: the edge at the end, what lies between, the edge at the start. */
function splitByWallTime({ fromMs, beforeMs }: PunchFilter): readonly WallStretch[] {
  const outerFrom = shifted(fromMs, -ZONE_OFFSET_MAX_MS);
  const innerFrom = shifted(fromMs, ZONE_OFFSET_MAX_MS);
  const innerBefore = shifted(beforeMs, -ZONE_OFFSET_MAX_MS);
  const outerBefore = shifted(beforeMs, ZONE_OFFSET_MAX_MS);
  if (innerFrom !== undefined && innerBefore !== undefined && innerFrom >= innerBefore) {
    return [{ from: outerFrom, before: outerBefore, isEdge: true }];
  }
  const parts: WallStretch[] = [{ from: innerFrom, before: innerBefore, isEdge: false }];
  if (innerBefore !== undefined) {
    parts.unshift({ from: innerBefore, before: outerBefore, isEdge: true });
  }
  if (innerFrom !== undefined) parts.push({ from: outerFrom, before: innerFrom, isEdge: true });
  return parts;
}

/**
 * The UTC reading as 14 digits. Beyond the years 0 to 9999 it is less or greater than every wall
 * time.
 */
function shifted(instantMs: EpochMs | undefined, shiftMs: number): string | undefined {
  if (instantMs === undefined) return undefined;
  const shiftedMs = instantMs + shiftMs;
  if (shiftedMs < YEAR_0_MS) return "";
  if (shiftedMs >= YEAR_10000_MS) return "99999999999999";
  return new Date(shiftedMs).toISOString().replace(/\D/g, "").slice(0, 14);
}

function instantMatch({ fromMs, beforeMs }: PunchFilter): Clause | undefined {
  return allOf(
    fromMs === undefined ? undefined : { sql: "instant_ms >= ?", values: [fromMs] },
    beforeMs === undefined ? undefined : { sql: "instant_ms < ?", values: [beforeMs] },
  );
}

function equals(column: string, value: string | undefined): Clause | undefined {
  return value === undefined ? undefined : { sql: `${column} = +?`, values: [value] };
}

function allOf(...conditions: readonly (Clause | undefined)[]): Clause | undefined {
  const given = conditions.filter((condition) => condition !== undefined);
  if (given.length === 0) return undefined;
  return {
    sql: given.map((condition) => condition.sql).join(" AND "),
    values: given.flatMap((condition) => condition.values),
  };
}
