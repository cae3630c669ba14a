/**
 * The punch rows: inserting, changing and finding them on the writer's connection, and what they
 * are to the rest of the program. Which direction a punch gets is not decided here.
 */

import type { Database } from "bun:sqlite";
import { and, asc, eq, getTableColumns, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/bun-sqlite";
import { assertDefined } from "#base/assert.ts";
import { brand } from "#base/brand.ts";
import { epochMs } from "#base/epoch.ts";
import { deviceId, feedPosition, punchId, userId } from "#domain/identifiers.ts";
import type { RawPunch } from "#domain/intake.ts";
import type {
  AcceptedPunch,
  Direction,
  DirectionSource,
  Punch,
  PunchOrigin,
} from "#domain/punch.ts";
import { hasSameContent } from "#domain/punch-identity.ts";
import { recordCodeBits } from "#domain/record-codes.ts";
import type { WallTime } from "#domain/wall-time.ts";
import { prepareInsert } from "./prepared-insert.ts";
import { punches } from "./schema.ts";

export type PunchRow = Readonly<typeof punches.$inferSelect>;

/** What tells a resend from another punch in the same second, and whether it is to be told of. */
export interface KnownPunch {
  readonly id: number;
  /** Null while the punch is held. */
  readonly feedPosition: number | null;
  readonly revision: number;
  readonly receivedAtMs: number;
  readonly isHistoric: boolean;
  readonly origin: PunchOrigin;
  readonly directionCode: string | null;
  readonly verifyModeCode: string | null;
  readonly workCode: string | null;
  readonly codeLibrary: string | null;
}

/** A direction as the row keeps it; null where the rules leave it undecided. */
export interface PlacedDirection {
  readonly direction: Direction | null;
  readonly directionSource: DirectionSource | null;
  readonly isRepeat: boolean;
}

/** What a held punch's wall time means by the rules of its terminal. */
export type ReleasedTime = Pick<
  PunchRow,
  "timeZone" | "instantMs" | "localTimeFlag" | "isHistoric"
>;

/** The writer's statements, prepared once. */
export class PunchTable {
  readonly #insert;
  readonly #listKnown;
  readonly #findLaterLive;
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
        receivedAtMs: punches.receivedAtMs,
        isHistoric: punches.isHistoric,
        origin: punches.origin,
        directionCode: punches.directionCode,
        verifyModeCode: punches.verifyModeCode,
        workCode: punches.workCode,
        codeLibrary: punches.codeLibrary,
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
    this.#findLaterLive = database.prepare<{ id: number }, [string, string, number]>(
      `SELECT id FROM punches
       WHERE device_id = ? AND wall_time > ? AND id > ? AND origin = 'live' LIMIT 1`,
    );
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
      .returning({
        deviceId: punches.deviceId,
        revision: punches.revision,
        isHistoric: punches.isHistoric,
      })
      .prepare();
    this.#release = orm
      .update(punches)
      .set({
        direction: sql`${sql.placeholder("direction")}`,
        directionSource: sql`${sql.placeholder("directionSource")}`,
        isRepeat: sql`${sql.placeholder("isRepeat")}`,
        feedPosition: sql`${sql.placeholder("feedPosition")}`,
        timeZone: sql`${sql.placeholder("timeZone")}`,
        instantMs: sql`${sql.placeholder("instantMs")}`,
        localTimeFlag: sql`${sql.placeholder("localTimeFlag")}`,
        isHistoric: sql`${sql.placeholder("isHistoric")}`,
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
      /** When a punch of doubtful time may have been. */
      readonly suggestedInstantMs?: number | undefined;
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
      suggestedInstantMs: row.suggestedInstantMs ?? null,
      isHistoric: punch.isHistoric,
      origin: row.origin,
      rawText: raw.rawText,
      recordNumber: raw.recordNumberText ?? null,
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

  /**
   * The stored punches of this one's user and second, of any clock episode: a log does not tell of
   * which one its record is.
   */
  listSameSecond(deviceIdText: string, punch: AcceptedPunch): readonly KnownPunch[] {
    const { wallTime, userId: user } = punch;
    return this.#listKnown.all({ deviceId: deviceIdText, wallTime, userId: user });
  }

  /** Whether the terminal itself sent another punch after `id`, of a time after `sinceWallTime`. */
  hasLaterLive(deviceIdText: string, id: number, sinceWallTime: string): boolean {
    return this.#findLaterLive.get(deviceIdText, sinceWallTime, id) !== null;
  }

  /** A device's held punches in the order they came. */
  listHeld(deviceIdText: string, limit: number): readonly PunchRow[] {
    return this.#listHeld.all({ deviceId: deviceIdText, limit });
  }

  /** Corrects a direction: a new revision at a new place in the feed. Returns what it made. */
  correctDirection(change: {
    readonly id: number;
    readonly direction: string;
    readonly isRepeat: boolean;
    readonly feedPosition: number;
  }): Pick<PunchRow, "deviceId" | "revision" | "isHistoric"> {
    const corrected = this.#setDirection.get({ ...change, isRepeat: Number(change.isRepeat) });
    return assertDefined(corrected, "A punch was corrected that is not stored");
  }

  /** Brings a held punch into the feed, with what the terminal's rules make of it by then. */
  release(
    row: ReleasedTime & PlacedDirection & { readonly id: number; readonly feedPosition: number },
  ): void {
    this.#release.run({
      id: row.id,
      feedPosition: row.feedPosition,
      direction: row.direction,
      directionSource: row.directionSource,
      isRepeat: Number(row.isRepeat),
      timeZone: row.timeZone,
      instantMs: row.instantMs,
      localTimeFlag: row.localTimeFlag,
      isHistoric: Number(row.isHistoric),
    });
  }
}

/**
 * Whether nothing contradicts that a punch of the same user and second is the known one. `isRecord`:
 * it is a record of the terminal's log, and may keep less of a code than the live feed tells.
 */
export function isKnownPunch(known: KnownPunch, incoming: RawPunch, isRecord = false): boolean {
  const { directionCode, verifyModeCode, workCode, codeLibrary, origin } = known;
  const stored = {
    directionCode: directionCode ?? undefined,
    verifyModeCode: verifyModeCode ?? undefined,
    workCode: workCode ?? undefined,
  };
  if (isRecord) return hasSameContent(stored, incoming, recordCodeBits(incoming.codeLibrary));
  const isOfRecord = origin === "recovered";
  return hasSameContent(
    stored,
    incoming,
    isOfRecord ? recordCodeBits(codeLibrary ?? undefined) : {},
  );
}

/** The columns that readers are told of; the terminal's own record is a third of a row. */
const {
  rawText: _,
  recordNumber: __,
  clockEpisode: ___,
  ...TOLD_COLUMNS
} = getTableColumns(punches);
type ToldRow = Pick<PunchRow, keyof typeof TOLD_COLUMNS>;

/** A row as the engine hands it over to readers: truth as 0 or 1. */
export type StoredRow = Omit<ToldRow, "isRepeat" | "isHistoric"> & {
  readonly isRepeat: number;
  readonly isHistoric: number;
};

/** The columns of a `StoredRow`, under the schema's own names. */
export const PUNCH_COLUMNS = Object.entries(TOLD_COLUMNS)
  .map(([key, column]) => `"${column.name}" AS "${key}"`)
  .join(", ");

/** The row as the rest of the program sees it. */
export function punchFromRow(row: ToldRow | StoredRow): Punch {
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
    isRepeat: Boolean(row.isRepeat),
    directionCode: row.directionCode ?? undefined,
    verifyModeCode: row.verifyModeCode ?? undefined,
    codeLibrary: row.codeLibrary ?? undefined,
    workCode: row.workCode ?? undefined,
    localTimeFlag: row.localTimeFlag ?? undefined,
    doubtfulTime: row.doubtfulTime ?? undefined,
    suggestedInstantMs:
      row.suggestedInstantMs === null ? undefined : epochMs(row.suggestedInstantMs),
    isHistoric: Boolean(row.isHistoric),
    origin: row.origin,
  };
}
