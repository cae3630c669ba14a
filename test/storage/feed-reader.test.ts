/**
 * Aim: a reader that follows the feed gets exactly what its filter lets through, in feed order and
 * once, and no page looks through more than a bounded part of the feed.
 */

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { epochMs } from "#base/epoch.ts";
import { deviceId, feedPosition, userId } from "#domain/identifiers.ts";
import { ReadingTurns } from "#platform/reading-turns.ts";
import { FeedReader } from "#storage/feed-reader.ts";
import type { PunchFilter } from "#storage/storage.ts";
import { databaseOf, type TestRow, testRows, USERS, ZONES } from "../support/stored-rows.ts";

setDefaultTimeout(30_000);

const optional = <Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 1 });

const filters: fc.Arbitrary<PunchFilter> = fc.record({
  deviceId: optional(fc.constantFrom(...Object.keys(ZONES), "NONE").map(deviceId)),
  userId: optional(fc.constantFrom(...USERS).map(userId)),
  fromMs: optional(fc.constant(epochMs(Date.UTC(2026, 2, 20)))),
  beforeMs: optional(fc.constant(epochMs(Date.UTC(2026, 2, 29, 12)))),
  direction: fc.constantFrom(undefined, undefined, "in", "out"),
});

function expectedIds(rows: readonly TestRow[], filter: PunchFilter): readonly number[] {
  return rows
    .filter(
      (row) =>
        row.feedPosition !== undefined &&
        (filter.deviceId === undefined || row.deviceId === filter.deviceId) &&
        (filter.userId === undefined || row.userId === filter.userId) &&
        (filter.fromMs === undefined || row.instantMs >= filter.fromMs) &&
        (filter.beforeMs === undefined || row.instantMs < filter.beforeMs) &&
        (filter.direction === undefined || row.direction === filter.direction),
    )
    .toSorted((left, right) => (left.feedPosition ?? 0) - (right.feedPosition ?? 0))
    .map((row) => row.id);
}

function lastPosition(rows: readonly TestRow[]): number {
  return Math.max(0, ...rows.map((row) => row.feedPosition ?? 0));
}

describe("FeedReader", () => {
  test("leads through all that a filter lets through, and ends at the end of the feed", async () => {
    await fc.assert(
      fc.asyncProperty(
        testRows(60),
        filters,
        fc.record({
          limit: fc.integer({ min: 1, max: 20 }),
          positionsPerRead: fc.constantFrom(1, 2, 7, 5_000),
        }),
        async (rows, filter, { limit, positionsPerRead }) => {
          using database = databaseOf(rows);
          const feed = new FeedReader(database, { turns: new ReadingTurns(), positionsPerRead });
          const ids: number[] = [];
          let after = feedPosition(0);
          for (;;) {
            const page = await feed.page(after, { limit, filter });
            expect(page.punches.length).toBeLessThanOrEqual(limit);
            ids.push(...page.punches.map((punch) => punch.id));
            if (!page.hasMore) {
              expect<number>(page.nextAfter).toBe(lastPosition(rows));
              break;
            }
            expect(page.nextAfter).toBeGreaterThan(after);
            after = page.nextAfter;
          }
          expect(ids).toEqual([...expectedIds(rows, filter)]);
        },
      ),
      { numRuns: 200 },
    );
  });

  test("ends a page early when nothing is found in a bounded part of the feed", async () => {
    const rows = manyRows(100);
    using database = databaseOf(rows);
    const options = { turns: new ReadingTurns(), positionsPerRead: 5 };
    const feed = new FeedReader(database, options);
    const filter = { deviceId: deviceId("NONE") };
    const page = await feed.page(feedPosition(10), { limit: 1000, filter });
    expect(page).toEqual({ punches: [], nextAfter: feedPosition(50), hasMore: true });
    const end = await feed.page(feedPosition(90), { limit: 1000, filter });
    expect(end).toEqual({ punches: [], nextAfter: feedPosition(100), hasMore: false });
  });

  test("stays where it is at the end of the feed, and beyond", async () => {
    using database = databaseOf(manyRows(3));
    const options = { turns: new ReadingTurns(), positionsPerRead: 5 };
    const feed = new FeedReader(database, options);
    for (const after of [feedPosition(3), feedPosition(9)]) {
      for (const filter of [{}, { direction: "in" as const }]) {
        const page = await feed.page(after, { limit: 10, filter });
        expect(page).toEqual({ punches: [], nextAfter: after, hasMore: false });
      }
    }
  });
});

/** Rows of one terminal at the feed positions from 1 on. */
function manyRows(count: number): readonly TestRow[] {
  return Array.from({ length: count }, (_, index) => ({
    id: index + 1,
    feedPosition: index + 1,
    deviceId: "MANILA",
    userId: "1",
    wallTime: "20260302080000",
    timeZone: "Asia/Manila",
    instantMs: Date.UTC(2026, 2, 2),
    direction: "in" as const,
  }));
}
