/**
 * The punch rows: inserting, changing and finding them on the writer's connection, and the pages
 * that readers ask for. Which direction a punch gets is not decided here.
 */

import type { Database } from "bun:sqlite";
import { and, asc, desc, eq, gt, gte, isNotNull, lt, type SQL, sql } from "drizzle-orm";
import { type BunSQLiteDatabase, drizzle } from "drizzle-orm/bun-sqlite";
import { brand } from "#base/brand.ts";
import { epochMs } from "#base/epoch.ts";
import {
  type DeviceId,
  deviceId,
  type FeedPosition,
  feedPosition,
  punchId,
  type UserId,
  userId,
} from "#domain/identifiers.ts";
import type {
  AcceptedPunch,
  Direction,
  DirectionSource,
  Punch,
  PunchOrigin,
} from "#domain/punch.ts";
import type { WallTime } from "#domain/wall-time.ts";
import { prepareInsert } from "./prepared-insert.ts";
import { punches } from "./schema.ts";
import type { FeedPage, LogCursor, PunchFilter } from "./storage.ts";

export type PunchRow = Readonly<typeof punches.$inferSelect>;

/** What tells a resend from another punch in the same second, and whether it is to be told of. */
export interface KnownPunch {
  readonly id: number;
  /** Null while the punch is held. */
  readonly feedPosition: number | null;
  readonly revision: number;
  readonly isHistoric: boolean;
  readonly origin: PunchOrigin;
  readonly directionCode: string | null;
  readonly verifyModeCode: string | null;
  readonly workCode: string | null;
}

/** A direction as the row keeps it; null where the rules leave it undecided. */
export interface PlacedDirection {
  readonly direction: Direction | null;
  readonly directionSource: DirectionSource | null;
  readonly isRepeat: boolean;
}

/** The writer's statements, prepared once. */
export class PunchTable {
  readonly #insert;
  readonly #listKnown;
  readonly #listHeld;
  readonly #setDirection;
  readonly #release;

  constructor(database: Database) {
    const orm = drizzle(database);
    this.#insert = prepareInsert(database, punches);
    this.#listKnown = orm
      .select({
        id: punches.id,
        feedPosition: punches.feedPosition,
        revision: punches.revision,
        isHistoric: punches.isHistoric,
        origin: punches.origin,
        directionCode: punches.directionCode,
        verifyModeCode: punches.verifyModeCode,
        workCode: punches.workCode,
        clockEpisode: punches.clockEpisode,
        doubtfulTime: punches.doubtfulTime,
        rawText: punches.rawText,
      })
      .from(punches)
      .where(
        and(
          eq(punches.deviceId, sql.placeholder("deviceId")),
          eq(punches.wallTime, sql.placeholder("wallTime")),
          eq(punches.userId, sql.placeholder("userId")),
        ),
      )
      .prepare();
    this.#listHeld = orm
      .select()
      .from(punches)
      .where(
        and(
          eq(punches.deviceId, sql.placeholder("deviceId")),
          sql`${punches.feedPosition} IS NULL`,
        ),
      )
      .orderBy(asc(punches.id))
      .limit(sql.placeholder("limit"))
      .prepare();
    this.#setDirection = orm
      .update(punches)
      .set({
        direction: sql`${sql.placeholder("direction")}`,
        isRepeat: sql`${sql.placeholder("isRepeat")}`,
        feedPosition: sql`${sql.placeholder("feedPosition")}`,
        revision: sql`${punches.revision} + 1`,
      })
      .where(eq(punches.id, sql.placeholder("id")))
      .prepare();
    this.#release = orm
      .update(punches)
      .set({
        direction: sql`${sql.placeholder("direction")}`,
        directionSource: sql`${sql.placeholder("directionSource")}`,
        isRepeat: sql`${sql.placeholder("isRepeat")}`,
        feedPosition: sql`${sql.placeholder("feedPosition")}`,
      })
      .where(eq(punches.id, sql.placeholder("id")))
      .prepare();
  }

  /** Writes a punch; without `placed` it is held, and has no direction yet. */
  insertAccepted(
    punch: AcceptedPunch,
    row: {
      readonly id: number;
      readonly deviceId: string;
      readonly receivedAtMs: number;
      readonly feedPosition: number | null;
      readonly origin: PunchOrigin;
      readonly placed: PlacedDirection | undefined;
    },
  ): void {
    const { raw } = punch;
    this.#insert({
      id: row.id,
      feedPosition: row.feedPosition,
      revision: 1,
      deviceId: row.deviceId,
      userId: punch.userId,
      userIdText: raw.userIdText ?? "",
      wallTime: punch.wallTime,
      wallTimeText: raw.wallTimeText ?? "",
      timeZone: punch.timeZone,
      instantMs: punch.instantMs,
      receivedAtMs: row.receivedAtMs,
      clockEpisode: punch.clockEpisode,
      direction: row.placed?.direction ?? null,
      directionSource: row.placed?.directionSource ?? null,
      isRepeat: row.placed?.isRepeat ?? false,
      directionCode: raw.directionCode ?? null,
      verifyModeCode: raw.verifyModeCode ?? null,
      codeLibrary: raw.codeLibrary ?? null,
      workCode: raw.workCode ?? null,
      localTimeFlag: punch.localTimeFlag ?? null,
      doubtfulTime: punch.doubtfulTime ?? null,
      isHistoric: punch.isHistoric,
      origin: row.origin,
      rawText: raw.rawText,
    });
  }

  /**
   * The stored punch that this one is, or undefined. The clock episode that tells two punches of a
   * reset clock apart must not tell a resend from its first sending: where a time in the future is
   * involved, the clock may have been set between the two, and the verbatim record decides.
   */
  findKnown(deviceIdText: string, punch: AcceptedPunch): KnownPunch | undefined {
    const { wallTime, userId: user } = punch;
    const sameSecond = this.#listKnown.all({ deviceId: deviceIdText, wallTime, userId: user });
    return sameSecond.find(
      (stored) =>
        stored.clockEpisode === punch.clockEpisode ||
        (stored.rawText === punch.raw.rawText &&
          (stored.doubtfulTime === "future" || punch.doubtfulTime === "future")),
    );
  }

  /** A device's held punches in the order they came. */
  listHeld(deviceIdText: string, limit: number): readonly PunchRow[] {
    return this.#listHeld.all({ deviceId: deviceIdText, limit });
  }

  /** Corrects a direction: a new revision at a new place in the feed. */
  correctDirection(change: {
    readonly id: number;
    readonly direction: string;
    readonly isRepeat: boolean;
    readonly feedPosition: number;
  }): void {
    this.#setDirection.run({ ...change, isRepeat: Number(change.isRepeat) });
  }

  /** Brings a held punch into the feed. */
  release(change: {
    readonly id: number;
    readonly direction: string | null;
    readonly directionSource: string | null;
    readonly isRepeat: boolean;
    readonly feedPosition: number;
  }): void {
    this.#release.run({ ...change, isRepeat: Number(change.isRepeat) });
  }
}

/** Rows behind a place in the feed, in feed order. */
export function readFeedPage(
  orm: BunSQLiteDatabase,
  after: FeedPosition,
  query: { readonly limit: number; readonly filter: PunchFilter },
): FeedPage {
  const rows = orm
    .select()
    .from(punches)
    .where(and(gt(punches.feedPosition, after), ...filterConditions(query.filter)))
    .orderBy(asc(punches.feedPosition))
    .limit(query.limit + 1)
    .all();
  const page = rows.slice(0, query.limit);
  const last = page.at(-1)?.feedPosition;
  return {
    punches: page.map(punchFromRow),
    nextAfter: last === undefined || last === null ? after : feedPosition(last),
    hasMore: rows.length > query.limit,
  };
}

/** Released rows, latest wall time first, ties by id, latest first. */
export function readLogs(
  orm: BunSQLiteDatabase,
  filter: PunchFilter,
  page: { readonly limit: number; readonly offset: number; readonly before: LogCursor | undefined },
): readonly Punch[] {
  const { before } = page;
  return orm
    .select()
    .from(punches)
    .where(
      and(
        isNotNull(punches.feedPosition),
        ...filterConditions(filter),
        ...wallTimeBounds(filter),
        before === undefined
          ? undefined
          : sql`(${punches.wallTime}, ${punches.id}) < (${before.wallTime}, ${before.id})`,
      ),
    )
    .orderBy(desc(punches.wallTime), desc(punches.id))
    .limit(page.limit)
    .offset(page.offset)
    .all()
    .map(punchFromRow);
}

export function countReleased(orm: BunSQLiteDatabase, filter: PunchFilter): number {
  const row = orm
    .select({ count: sql<number>`count(*)` })
    .from(punches)
    .where(
      and(isNotNull(punches.feedPosition), ...filterConditions(filter), ...wallTimeBounds(filter)),
    )
    .get();
  return row?.count ?? 0;
}

export function findReleasedPunch(orm: BunSQLiteDatabase, id: number): Punch | undefined {
  const row = orm
    .select()
    .from(punches)
    .where(and(eq(punches.id, id), isNotNull(punches.feedPosition)))
    .get();
  return row === undefined ? undefined : punchFromRow(row);
}

/** The users with a released punch, on one device or on any: one step in the index per user. */
export function readPunchedUsers(
  orm: BunSQLiteDatabase,
  device: DeviceId | undefined,
): readonly UserId[] {
  const onDevice = device === undefined ? sql`` : sql`AND p.device_id = ${device}`;
  const rows = orm.all<{ user_id: string }>(sql`
    WITH RECURSIVE known(user_id) AS (
      SELECT min(user_id) FROM punches
      UNION ALL
      SELECT (SELECT min(p.user_id) FROM punches AS p WHERE p.user_id > known.user_id)
      FROM known WHERE known.user_id IS NOT NULL
    )
    SELECT user_id FROM known WHERE user_id IS NOT NULL AND EXISTS (
      SELECT 1 FROM punches AS p
      WHERE p.user_id = known.user_id AND p.feed_position IS NOT NULL ${onDevice}
    )
  `);
  return rows.map((row) => userId(row.user_id));
}

/** The row as the rest of the program sees it. */
export function punchFromRow(row: PunchRow): Punch {
  return {
    id: punchId(row.id),
    feedPosition: row.feedPosition === null ? undefined : feedPosition(row.feedPosition),
    revision: row.revision,
    deviceId: deviceId(row.deviceId),
    userId: userId(row.userId),
    userIdText: row.userIdText,
    wallTime: brand<WallTime>(row.wallTime),
    wallTimeText: row.wallTimeText,
    timeZone: row.timeZone,
    instantMs: epochMs(row.instantMs),
    receivedAtMs: epochMs(row.receivedAtMs),
    direction: row.direction ?? undefined,
    directionSource: row.directionSource ?? undefined,
    isRepeat: row.isRepeat,
    directionCode: row.directionCode ?? undefined,
    verifyModeCode: row.verifyModeCode ?? undefined,
    codeLibrary: row.codeLibrary ?? undefined,
    workCode: row.workCode ?? undefined,
    localTimeFlag: row.localTimeFlag ?? undefined,
    doubtfulTime: row.doubtfulTime ?? undefined,
    isHistoric: row.isHistoric,
    origin: row.origin,
    rawText: row.rawText,
  };
}

function filterConditions(filter: PunchFilter): (SQL | undefined)[] {
  return [
    filter.deviceId === undefined ? undefined : eq(punches.deviceId, filter.deviceId),
    filter.userId === undefined ? undefined : eq(punches.userId, filter.userId),
    filter.fromMs === undefined ? undefined : gte(punches.instantMs, filter.fromMs),
    filter.beforeMs === undefined ? undefined : lt(punches.instantMs, filter.beforeMs),
    filter.direction === undefined ? undefined : eq(punches.direction, filter.direction),
  ];
}

/** No zone on earth is further from UTC than this, in milliseconds. */
const ZONE_OFFSET_MAX_MS = 26 * 3_600_000;

/**
 * Instants decide; these wider bounds on the wall time let the index of the order find them. A
 * wall time of any zone lies within 26 hours of its instant's UTC reading.
 */
function wallTimeBounds(filter: PunchFilter): (SQL | undefined)[] {
  return [
    filter.fromMs === undefined
      ? undefined
      : gte(punches.wallTime, utcDigits(filter.fromMs - ZONE_OFFSET_MAX_MS)),
    filter.beforeMs === undefined
      ? undefined
      : lt(punches.wallTime, utcDigits(filter.beforeMs + ZONE_OFFSET_MAX_MS)),
  ];
}

function utcDigits(instantMs: number): string {
  return new Date(instantMs).toISOString().replace(/\D/g, "").slice(0, 14);
}
