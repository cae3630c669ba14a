/**
 * Walks over an index of the punches from its end towards its beginning, in chunks of a bounded
 * number of entries, and counts them without a look at the table. Each chunk is a read of its own,
 * so that other work is done between two. A chunk ends between two values of the index's leading
 * column, never inside one, so that the next begins where this one ended.
 */

import type { Database } from "bun:sqlite";
import { assertDefined } from "#base/assert.ts";
import { type Clause, joinClauses, PreparedReads, type SqlValue } from "./prepared-reads.ts";

/** The indexes that can be walked, by name. */
const INDEXES = {
  punches_wall_time: { leading: "wall_time", following: ["id"] },
  punches_identity: { leading: "wall_time", following: ["user_id", "clock_episode"] },
  punches_timeline: { leading: "instant_ms", following: ["device_id", "id"] },
} as const;

/** A stretch of an index. */
export interface Stretch {
  readonly index: keyof typeof INDEXES;
  /** What stands before the leading column in the index, and the condition of a partial index. */
  readonly fixed: Clause;
  /** Bounds of the leading column; undefined where it is open. */
  readonly from: SqlValue | undefined;
  /** Exclusive. */
  readonly before: SqlValue | undefined;
  /** What else an entry must be; undefined when every entry is wanted. */
  readonly match: Clause | undefined;
}

/** The first chunk of a stretch. */
export interface Chunk {
  readonly stretch: Stretch;
  /** What is left behind the chunk. */
  readonly rest: Stretch | undefined;
  /** The last of the entries that were passed; undefined where the chunk is all that is left. */
  readonly end: { readonly entries: number; readonly place: Place } | undefined;
}

/** The place of an entry: the values of the index's columns behind the fixed ones. */
type Place = readonly SqlValue[];

/** `SELECT`ed from the punches by way of the stretch's index. Entries are not in a sure order. */
export function fromStretch(stretch: Stretch): Clause {
  const { leading } = INDEXES[stretch.index];
  return joinClauses(
    `FROM punches INDEXED BY ${stretch.index} WHERE`,
    stretch.fixed,
    bound(`AND ${leading} >=`, stretch.from),
    bound(`AND ${leading} <`, stretch.before),
    ...(stretch.match === undefined ? [] : ["AND", stretch.match]),
  );
}

function bound(condition: string, value: SqlValue | undefined): Clause | string {
  return value === undefined ? "" : { sql: `${condition} ?`, values: [value] };
}

/** Finds chunks and counts what is in them. */
export class IndexWalk {
  readonly #places: PreparedReads<Record<string, SqlValue>>;
  readonly #counts: PreparedReads<{ readonly count: number }>;

  constructor(database: Database) {
    this.#places = new PreparedReads(database);
    this.#counts = new PreparedReads(database);
  }

  /** Takes the first `entries` entries off a stretch, and those that tie with the last of them. */
  split(stretch: Stretch, entries: number): Chunk {
    const place = this.#findPlace(stretch, entries - 1);
    const leading = place?.[0];
    if (place === undefined || leading === undefined) {
      return { stretch, rest: undefined, end: undefined };
    }
    return {
      stretch: { ...stretch, from: leading },
      rest: { ...stretch, before: leading },
      end: { entries, place },
    };
  }

  /** How many entries of the chunk match. */
  count({ stretch, end }: Chunk): number {
    if (stretch.match !== undefined || end === undefined) {
      return this.#count(joinClauses("SELECT count(*) AS count", fromStretch(stretch)));
    }
    const { leading, following } = INDEXES[stretch.index];
    const [leadingValue, ...followingValues] = end.place;
    const ties = joinClauses(
      `SELECT count(*) AS count FROM punches INDEXED BY ${stretch.index} WHERE`,
      stretch.fixed,
      { sql: `AND ${leading} = +?`, values: [assertDefined(leadingValue, "A place has values")] },
      {
        sql: `AND (${following.join(", ")}) < (${following.map(() => "?").join(", ")})`,
        values: followingValues,
      },
    );
    return end.entries + this.#count(ties);
  }

  #count(clause: Clause): number {
    return this.#counts.find(clause)?.count ?? 0;
  }

  /** The place of the entry behind `skipped` others. */
  #findPlace(stretch: Stretch, skipped: number): Place | undefined {
    const { leading, following } = INDEXES[stretch.index];
    const columns = [leading, ...following];
    const row = this.#places.find(
      joinClauses(
        `SELECT ${columns.join(", ")}`,
        fromStretch({ ...stretch, match: undefined }),
        `ORDER BY ${columns.map((column) => `${column} DESC`).join(", ")}`,
        { sql: "LIMIT 1 OFFSET +?", values: [skipped] },
      ),
    );
    return row === undefined ? undefined : columns.map((column) => row[column] ?? "");
  }
}
