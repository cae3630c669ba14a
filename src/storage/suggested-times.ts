/**
 * The suggested times of punches whose own time nobody believes: found where they are missing, and
 * written. What is suggested is decided elsewhere.
 */

import type { Database } from "bun:sqlite";
import { eq, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/bun-sqlite";
import type { PunchRow } from "./punches.ts";
import { punches } from "./schema.ts";

/** A punch of doubtful time without a suggested one. */
export type UnsuggestedPunch = Pick<PunchRow, "id" | "feedPosition" | "instantMs" | "receivedAtMs">;

/** Which punches are looked for. */
export interface UnsuggestedQuery {
  readonly deviceId: string;
  readonly clockEpisode: number;
  /** What a right clock of the terminal shows: doubtful times are after it, or before 2020. */
  readonly nowWallTime: string;
  readonly limit: number;
}

/** Reads the identity's index at both its ends, where doubtful times are. */
const LIST = `SELECT id, feed_position AS feedPosition, instant_ms AS instantMs,
  received_at_ms AS receivedAtMs FROM punches
  WHERE device_id = $deviceId AND (wall_time < '20200101000000' OR wall_time > $nowWallTime)
  AND clock_episode = $clockEpisode AND doubtful_time IS NOT NULL AND suggested_instant_ms IS NULL
  LIMIT $limit`;

export class SuggestedTimes {
  readonly #list;
  readonly #write;

  constructor(database: Database) {
    this.#list = database.prepare<UnsuggestedPunch, [Record<string, string | number>]>(LIST);
    this.#write = drizzle(database)
      .update(punches)
      .set({
        suggestedInstantMs: sql`${sql.placeholder("suggestedInstantMs")}`,
        feedPosition: sql`${sql.placeholder("feedPosition")}`,
        revision: sql`${punches.revision} + (${punches.feedPosition} IS NOT NULL)`,
      })
      .where(eq(punches.id, sql.placeholder("id")))
      .prepare();
  }

  /** Punches of doubtful time, of one terminal and clock episode, without a suggested time. */
  listMissing(query: UnsuggestedQuery): readonly UnsuggestedPunch[] {
    return this.#list.all({ ...query });
  }

  /** Gives a punch its suggested time: in the feed a new revision, at a new place. */
  write(change: {
    readonly id: number;
    readonly suggestedInstantMs: number;
    /** Null while the punch is held. */
    readonly feedPosition: number | null;
  }): void {
    this.#write.run({ ...change });
  }
}
