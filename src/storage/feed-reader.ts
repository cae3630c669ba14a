/**
 * Answers pages of the feed. Where a filter is looked for, a page ends after a bounded part of the
 * feed, so that no request grows with the table.
 */

import type { Database } from "bun:sqlite";
import { type FeedPosition, feedPosition, type PunchId } from "#domain/identifiers.ts";
import type { Punch } from "#domain/punch.ts";
import type { ReadingTurns } from "#platform/reading-turns.ts";
import { filterMatch } from "./log-stretches.ts";
import { joinClauses, PreparedReads } from "./prepared-reads.ts";
import { PUNCH_COLUMNS, punchFromRow, type StoredRow } from "./punches.ts";
import type { FeedPage, PunchFilter } from "./storage.ts";

/** Feed positions looked at in one read: a millisecond, and two more when most rows are found. */
export const FEED_POSITIONS_PER_READ = 5_000;
/** Reads for one page, unless it gets a fair part of what is wanted sooner. */
const READS_MAX = 8;
const FAIR_PART = 1 / 4;

/** What is wanted of the feed. */
interface FeedWish {
  readonly limit: number;
  readonly filter: PunchFilter;
}

/** The readers' statements, on their own connection. */
export class FeedReader {
  readonly #options: { readonly turns: ReadingTurns; readonly positionsPerRead: number };
  readonly #rows: PreparedReads<StoredRow>;
  readonly #last: PreparedReads<{ readonly position: number }>;

  constructor(
    database: Database,
    options: { readonly turns: ReadingTurns; readonly positionsPerRead: number },
  ) {
    this.#options = options;
    this.#rows = new PreparedReads(database);
    this.#last = new PreparedReads(database);
  }

  /** See `Storage.listPunchesAfter`. */
  async page(after: FeedPosition, wish: FeedWish): Promise<FeedPage> {
    let page = this.#read(after, wish);
    for (let reads = 1; reads < READS_MAX && page.hasMore; reads += 1) {
      const found = page.punches;
      if (found.length >= wish.limit * FAIR_PART) break;
      await this.#options.turns.next();
      const limit = wish.limit - found.length;
      const further = this.#read(page.nextAfter, { ...wish, limit });
      page = { ...further, punches: [...found, ...further.punches] };
    }
    return page;
  }

  /** See `Storage.findPunch`. */
  find(id: PunchId): Punch | undefined {
    const row = this.#rows.find({
      sql: `SELECT ${PUNCH_COLUMNS} FROM punches WHERE id = +?`,
      values: [id],
    });
    return row === undefined ? undefined : punchFromRow(row);
  }

  #read(after: FeedPosition, { limit, filter }: FeedWish): FeedPage {
    // Read first: what is stored between the two reads is told by the next page.
    const last = this.#findLast();
    const match = filterMatch(filter);
    const end = match === undefined ? last : Math.min(last, after + this.#options.positionsPerRead);
    const rows = this.#rows.all(
      joinClauses(
        `SELECT ${PUNCH_COLUMNS} FROM punches INDEXED BY punches_feed`,
        { sql: "WHERE feed_position > ? AND feed_position <= ?", values: [after, end] },
        ...(match === undefined ? [] : ["AND", match]),
        { sql: "ORDER BY feed_position LIMIT +?", values: [limit + 1] },
      ),
    );
    const found = rows.slice(0, limit);
    const isFull = rows.length > limit;
    const lastFound = found.at(-1)?.feedPosition ?? after;
    return {
      punches: found.map(punchFromRow),
      nextAfter: isFull ? feedPosition(lastFound) : feedPosition(Math.max(after, end)),
      hasMore: isFull || end < last,
    };
  }

  /** The highest position in the feed; 0 when it is empty. */
  #findLast(): number {
    const row = this.#last.find({
      sql: `SELECT feed_position AS position FROM punches INDEXED BY punches_feed
        WHERE feed_position IS NOT NULL ORDER BY feed_position DESC LIMIT 1`,
      values: [],
    });
    return row?.position ?? 0;
  }
}
