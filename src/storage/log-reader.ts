/**
 * Answers what readers ask of the logs: pages in the order of wall times, counts, users and their
 * totals. Whatever is asked, a turn of the event loop sees a bounded piece of the work.
 */

import type { Database } from "bun:sqlite";
import { assert } from "#base/assert.ts";
import { type DeviceId, type UserId, userId } from "#domain/identifiers.ts";
import type { Punch } from "#domain/punch.ts";
import type { Clock } from "#platform/clock.ts";
import type { ReadingTurns } from "#platform/reading-turns.ts";
import { type Chunk, fromStretch, IndexWalk, type Stretch } from "./index-walk.ts";
import {
  countingStretches,
  deviceStretch,
  filterMatch,
  justBehind,
  userStretch,
  wallTimeStretches,
} from "./log-stretches.ts";
import { type Clause, joinClauses, PreparedReads } from "./prepared-reads.ts";
import { PUNCH_COLUMNS, punchFromRow, type StoredRow } from "./punches.ts";
import { ReadingPace } from "./reading-pace.ts";
import type { LogCursor, LogPeriod, LogSlice, PunchFilter, UserLogs } from "./storage.ts";

/** How much is looked at in one read. */
export interface LogBounds {
  /** Up to so many of a user's punches are sorted for one page: their index has another order. */
  readonly userPunchesSorted: number;
  /** Up to so many of a device's punches are looked at for one page, row by row. */
  readonly devicePunchesSearched: number;
  /** Entries looked at first for a page that takes only some of them; doubled until it is full. */
  readonly firstEntries: number;
  /** Entries passed at most: a millisecond. */
  readonly chunkEntries: number;
}

/** Where measurements at a million rows put them. */
export const LOG_BOUNDS: LogBounds = {
  userPunchesSorted: 4_000,
  devicePunchesSearched: 2_000,
  firstEntries: 1_000,
  chunkEntries: 10_000,
};

/** What a reader shares with others, and its bounds. */
export interface LogReaderOptions {
  readonly turns: ReadingTurns;
  readonly clock: Clock;
  readonly bounds: LogBounds;
}

const LOG_ORDER = "ORDER BY wall_time DESC, id DESC";

/** What is still wanted of a page. */
interface PageWish {
  readonly limit: number;
  readonly skip: number;
  readonly before: LogCursor | undefined;
}

/** The readers' statements, on their own connection. */
export class LogReader {
  readonly #options: LogReaderOptions;
  readonly #walk: IndexWalk;
  readonly #rows: PreparedReads<StoredRow>;
  readonly #users: PreparedReads<{ readonly userId: string }>;
  readonly #totals: PreparedReads<{ readonly logCount: number; readonly outCount: number }>;
  readonly #exists: PreparedReads<{ readonly found: 1 }>;

  constructor(database: Database, options: LogReaderOptions) {
    this.#options = options;
    this.#walk = new IndexWalk(database);
    this.#rows = new PreparedReads(database);
    this.#users = new PreparedReads(database);
    this.#totals = new PreparedReads(database);
    this.#exists = new PreparedReads(database);
  }

  /** See `Storage.listLogs`. */
  async list(filter: PunchFilter, page: LogSlice): Promise<readonly Punch[]> {
    assert(page.offset === 0 || page.before === undefined, "An offset counts from the beginning");
    const rows = this.#listNarrow(filter, page) ?? (await this.#listWide(filter, page));
    return rows.map(punchFromRow);
  }

  /** See `Storage.countLogs`. */
  async count(filter: PunchFilter): Promise<number> {
    const pace = this.#startPace();
    let count = 0;
    for (const whole of countingStretches(filter, (device) => this.#isHolding(device))) {
      for await (const chunk of this.#chunks(whole, pace)) count += this.#walk.count(chunk);
    }
    return count;
  }

  /** See `Storage.summarizeLogs`. */
  async summarize(filter: LogPeriod): Promise<readonly UserLogs[]> {
    const pace = this.#startPace();
    const users: UserLogs[] = [];
    for await (const user of this.#punchedUsers(pace)) {
      let [logCount, outCount] = [0, 0];
      for await (const chunk of this.#chunks(userStretch(user, filter), pace)) {
        const totals = this.#totals.find(
          joinClauses(
            "SELECT count(*) AS logCount, count(*) FILTER (WHERE direction = 'out') AS outCount",
            fromStretch(chunk.stretch),
          ),
        );
        logCount += totals?.logCount ?? 0;
        outCount += totals?.outCount ?? 0;
      }
      if (logCount > 0) users.push({ userId: user, logCount, outCount });
    }
    return users;
  }

  /** See `Storage.listPunchedUsers`. */
  async listUsers(device: DeviceId | undefined): Promise<readonly UserId[]> {
    if (
      device !== undefined &&
      this.#isShort(deviceStretch(device, {}), this.#options.bounds.devicePunchesSearched)
    )
      return this.#listUsersOf(device);
    const pace = this.#startPace();
    const users: UserId[] = [];
    for await (const user of this.#punchedUsers(pace)) {
      const stretch = userStretch(user, { deviceId: device });
      const isThere =
        device === undefined ||
        this.#exists.find(joinClauses("SELECT 1 AS found", fromStretch(stretch), "LIMIT 1"));
      if (isThere) users.push(user);
    }
    return users;
  }

  #listUsersOf(device: DeviceId): readonly UserId[] {
    const rows = this.#users.all(
      joinClauses(
        "SELECT DISTINCT user_id AS userId",
        fromStretch(deviceStretch(device, {})),
        "AND feed_position IS NOT NULL ORDER BY user_id",
      ),
    );
    return rows.map((row) => userId(row.userId));
  }

  /** A page of few candidates, in one read; undefined when they may be many. */
  #listNarrow(filter: PunchFilter, page: LogSlice): readonly StoredRow[] | undefined {
    const { userId: user, deviceId: device } = filter;
    const wish = { limit: page.limit, skip: page.offset, before: page.before };
    if (user !== undefined) {
      const stretch = userStretch(user, filter);
      if (this.#isShort(stretch, this.#options.bounds.userPunchesSorted))
        return this.#selectSorted(stretch, wish);
    }
    if (device !== undefined) {
      const stretch = deviceStretch(device, filter);
      if (this.#isShort(stretch, this.#options.bounds.devicePunchesSearched)) {
        const { deviceId: _, ...rest } = filter;
        return this.#select({ ...stretch, match: filterMatch(rest) }, wish);
      }
    }
    return undefined;
  }

  async #listWide(filter: PunchFilter, page: LogSlice): Promise<readonly StoredRow[]> {
    const { limit, before } = page;
    const pace = this.#startPace();
    const rows: StoredRow[] = [];
    let skip = page.offset;
    // What is skipped is many, what is taken is soon found.
    const { firstEntries, chunkEntries } = this.#options.bounds;
    let entries = skip > 0 ? chunkEntries : firstEntries;
    for (const whole of wallTimeStretches(filter)) {
      let rest = endAt(whole, before);
      while (rest !== undefined && rows.length < limit) {
        const chunk: Chunk = this.#nextChunk(rest, skip, entries);
        const count = skip === 0 ? undefined : this.#walk.count(chunk);
        if (count === undefined || count > skip) {
          const wish = { limit: limit - rows.length, skip, before };
          rows.push(...this.#select(chunk.stretch, wish));
          skip = 0;
        } else {
          skip -= count;
        }
        rest = chunk.rest;
        entries = Math.min(2 * entries, chunkEntries);
        await pace.keep();
      }
    }
    return rows;
  }

  /** Of a stretch that is wanted from its end on, no more is passed than is taken. */
  #nextChunk(stretch: Stretch, skip: number, entries: number): Chunk {
    const isTakenWhole = skip === 0 && stretch.match === undefined;
    return isTakenWhole
      ? { stretch, rest: undefined, end: undefined }
      : this.#walk.split(stretch, entries);
  }

  #select(stretch: Stretch, { limit, skip, before }: PageWish): readonly StoredRow[] {
    return this.#rows.all(
      joinClauses(
        `SELECT ${PUNCH_COLUMNS}`,
        fromStretch(stretch),
        "AND feed_position IS NOT NULL",
        behind(before),
        LOG_ORDER,
        { sql: "LIMIT +? OFFSET +?", values: [limit, skip] },
      ),
    );
  }

  /** Sorts what the index alone knows, and then looks up the rows of the page. */
  #selectSorted(stretch: Stretch, { limit, skip, before }: PageWish): readonly StoredRow[] {
    return this.#rows.all(
      joinClauses(
        `SELECT ${PUNCH_COLUMNS} FROM punches WHERE id IN (SELECT id`,
        fromStretch(stretch),
        behind(before),
        LOG_ORDER,
        { sql: "LIMIT +? OFFSET +?", values: [limit, skip] },
        `) ${LOG_ORDER}`,
      ),
    );
  }

  #isShort(stretch: Stretch, entries: number): boolean {
    return this.#walk.split(stretch, entries).rest === undefined;
  }

  /** Cuts a stretch into chunks, with other work between them. */
  async *#chunks(whole: Stretch, pace: ReadingPace): AsyncGenerator<Chunk> {
    for (let rest: Stretch | undefined = whole; rest !== undefined; ) {
      const chunk: Chunk = this.#walk.split(rest, this.#options.bounds.chunkEntries);
      yield chunk;
      await pace.keep();
      rest = chunk.rest;
    }
  }

  /** Every user with a released punch, ascending by text: one step in the index per user. */
  async *#punchedUsers(pace: ReadingPace): AsyncGenerator<UserId> {
    let last: string | undefined;
    for (;;) {
      const next = this.#users.find(
        joinClauses(
          "SELECT user_id AS userId FROM punches INDEXED BY punches_timeline",
          "WHERE feed_position IS NOT NULL",
          last === undefined ? "" : { sql: "AND user_id > ?", values: [last] },
          "ORDER BY user_id LIMIT 1",
        ),
      );
      if (next === undefined) return;
      last = next.userId;
      yield userId(last);
      await pace.keep();
    }
  }

  /** Whether punches of a device wait to be released. */
  #isHolding(device: DeviceId): boolean {
    const found = this.#exists.find({
      sql: `SELECT 1 AS found FROM punches INDEXED BY punches_held
        WHERE device_id = +? AND feed_position IS NULL LIMIT 1`,
      values: [device],
    });
    return found !== undefined;
  }

  #startPace(): ReadingPace {
    return new ReadingPace(this.#options.turns, this.#options.clock);
  }
}

/** The part of a stretch of wall times at and behind a cursor; undefined when there is none. */
function endAt(stretch: Stretch, before: LogCursor | undefined): Stretch | undefined {
  if (before === undefined) return stretch;
  const end = justBehind(before.wallTime);
  if (stretch.from !== undefined && stretch.from >= end) return undefined;
  const isEarlier = stretch.before !== undefined && stretch.before <= end;
  return isEarlier ? stretch : { ...stretch, before: end };
}

/** What is left of the punches that tie with a cursor's, and everything earlier. */
function behind(before: LogCursor | undefined): Clause | string {
  if (before === undefined) return "";
  const { wallTime, id } = before;
  return { sql: "AND (wall_time, id) < (?, ?)", values: [wallTime, id] };
}
