/**
 * A user's released punches in time order, over all devices: what alternation looks at and what a
 * late punch corrects. The rules themselves are in `domain/direction.ts`.
 */

import type { Database } from "bun:sqlite";
import { asc, eq, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/bun-sqlite";
import { type EpochMs, epochMs } from "#base/epoch.ts";
import type { DirectionRow, DirectionState } from "#domain/direction.ts";
import { punchId } from "#domain/identifiers.ts";
import type { Direction, DirectionSource } from "#domain/punch.ts";
import { directionCorrections } from "./schema.ts";

/**
 * SQLite 3.54 compiles an ordered statement anew at every call when a bare parameter stands behind
 * "=" or LIMIT, which costs ten times the search. Hence "+$userId", and no LIMIT: rows are read one
 * by one and no further than needed.
 */
const IN_TIMELINE = `FROM punches WHERE user_id = +$userId
  AND feed_position IS NOT NULL AND doubtful_time IS NULL AND direction IS NOT NULL`;
const PLACE = "($instantMs, $deviceId, $punchId)";
const FIND_BEFORE = `SELECT direction, instant_ms AS instantMs ${IN_TIMELINE}
  AND is_repeat = 0 AND (instant_ms, device_id, id) < ${PLACE}
  ORDER BY instant_ms DESC, device_id DESC, id DESC`;
const LIST_AFTER = `SELECT id, device_id AS deviceId, instant_ms AS instantMs, direction,
  direction_source AS source, is_repeat AS isRepeat, feed_position AS feedPosition ${IN_TIMELINE}
  AND (instant_ms, device_id, id) > ${PLACE}
  ORDER BY instant_ms, device_id, id`;

/** A place in the order (instant, device, id) of one user's timeline. */
export interface TimelinePlace {
  readonly userId: string;
  readonly instantMs: EpochMs;
  readonly deviceId: string;
  readonly punchId: number;
}

/** A row of a user's timeline, and where it stands. */
export interface TimelineRow {
  readonly row: DirectionRow;
  readonly place: TimelinePlace;
  readonly feedPosition: number;
}

export class Timeline {
  readonly #findBefore;
  readonly #listAfter;
  readonly #defer;
  readonly #findDeferred;
  readonly #dropDeferred;

  constructor(database: Database) {
    const orm = drizzle(database);
    this.#findBefore = database.prepare<StoredState, PlaceBindings>(FIND_BEFORE);
    this.#listAfter = database.prepare<StoredDirection, PlaceBindings>(LIST_AFTER);
    this.#defer = orm
      .insert(directionCorrections)
      .values({
        userId: sql.placeholder("userId"),
        afterInstantMs: sql.placeholder("instantMs"),
        afterDeviceId: sql.placeholder("deviceId"),
        afterPunchId: sql.placeholder("punchId"),
      })
      .onConflictDoNothing()
      .prepare();
    this.#findDeferred = orm
      .select()
      .from(directionCorrections)
      .orderBy(asc(directionCorrections.id))
      .limit(1)
      .prepare();
    this.#dropDeferred = orm
      .delete(directionCorrections)
      .where(eq(directionCorrections.id, sql.placeholder("id")))
      .prepare();
  }

  /** The last counting punch strictly before a place. */
  findStateBefore(place: TimelinePlace): DirectionState | undefined {
    const row = this.#findBefore.get({ ...place });
    return row === null
      ? undefined
      : { direction: row.direction, instantMs: epochMs(row.instantMs) };
  }

  /** Whether any row is behind a place: cheaper than to begin a walk. */
  hasAfter(place: TimelinePlace): boolean {
    return this.#listAfter.get({ ...place }) !== null;
  }

  /** The first row behind a place. */
  findAfter(place: TimelinePlace): TimelineRow | undefined {
    const stored = this.#listAfter.get({ ...place });
    return stored === null ? undefined : timelineRow(place.userId, stored);
  }

  /** Walks over the rows behind a place, in time order; reads only as far as it is asked. */
  *walkAfter(place: TimelinePlace, rowsMax: number): Generator<TimelineRow, void> {
    let count = 0;
    for (const stored of this.#listAfter.iterate({ ...place })) {
      yield timelineRow(place.userId, stored);
      count += 1;
      if (count === rowsMax) return;
    }
  }

  /** Notes that the rows behind a place are still to be corrected. */
  defer(place: TimelinePlace): void {
    this.#defer.run({ ...place });
  }

  /** Takes one noted correction off the list. */
  takeDeferred(): TimelinePlace | undefined {
    const row = this.#findDeferred.get();
    if (row === undefined) return undefined;
    this.#dropDeferred.run({ id: row.id });
    return {
      userId: row.userId,
      instantMs: epochMs(row.afterInstantMs),
      deviceId: row.afterDeviceId,
      punchId: row.afterPunchId,
    };
  }

  hasDeferred(): boolean {
    return this.#findDeferred.get() !== undefined;
  }
}

/** A place as the two statements take it. */
type PlaceBindings = Record<keyof TimelinePlace, string | number>;

interface StoredState {
  readonly direction: Direction;
  readonly instantMs: number;
}

interface StoredDirection extends StoredState {
  readonly id: number;
  readonly deviceId: string;
  readonly source: DirectionSource;
  /** 0 or 1. */
  readonly isRepeat: number;
  readonly feedPosition: number;
}

function timelineRow(userId: string, stored: StoredDirection): TimelineRow {
  const { deviceId, feedPosition } = stored;
  const instantMs = epochMs(stored.instantMs);
  return {
    row: {
      id: punchId(stored.id),
      instantMs,
      direction: stored.direction,
      source: stored.source,
      isRepeat: stored.isRepeat === 1,
    },
    place: { userId, instantMs, deviceId, punchId: stored.id },
    feedPosition,
  };
}
