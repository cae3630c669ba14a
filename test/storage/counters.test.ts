/**
 * Aim: a counter that would give out a second time what it gave out before is noticed at the start.
 */

import type { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { drizzle } from "drizzle-orm/bun-sqlite";
import { Counters } from "#storage/counters.ts";
import { databaseOf } from "../support/stored-rows.ts";

/** One punch at the place 5 of the feed, and counters that stand at `lastFeedPosition`. */
function databaseAt(lastFeedPosition: number): Database {
  const database = databaseOf([
    {
      id: 1_000_001,
      feedPosition: 5,
      deviceId: "GATE1",
      userId: "7",
      wallTime: "20260302080000",
      timeZone: "Asia/Manila",
      instantMs: Date.UTC(2026, 2, 2),
      direction: "in",
    },
  ]);
  database.run(
    `INSERT INTO counters VALUES (1, 1000001, ${lastFeedPosition}, 1, 0, 0, 0, 0, 0, 0, 0, '{}', 0)`,
  );
  return database;
}

describe("Counters", () => {
  test("go on behind the last place in the feed", () => {
    using database = databaseAt(5);
    expect<number>(new Counters(drizzle(database)).nextFeedPosition()).toBe(6);
  });

  test("are refused when they stand before it", () => {
    using database = databaseAt(4);
    expect(() => new Counters(drizzle(database))).toThrow("the feed reaches 5");
  });
});
