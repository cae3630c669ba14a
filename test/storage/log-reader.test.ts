/**
 * Aim: whatever is stored and asked for, pages, counts and totals of the logs are those of sorting,
 * filtering and cutting a list in memory, also when each is gathered from many small reads.
 */

import type { Database } from "bun:sqlite";
import { describe, expect, setDefaultTimeout, spyOn, test } from "bun:test";
import fc from "fast-check";
import { epochMs } from "#base/epoch.ts";
import { deviceId, punchId, userId } from "#domain/identifiers.ts";
import { ReadingTurns } from "#platform/reading-turns.ts";
import { LOG_BOUNDS, type LogBounds, LogReader } from "#storage/log-reader.ts";
import type { PunchFilter } from "#storage/storage.ts";
import { FakeClock } from "../support/fake-clock.ts";
import {
  databaseOf,
  inLogOrder,
  type TestRow,
  testRows,
  USERS,
  ZONES,
} from "../support/stored-rows.ts";

setDefaultTimeout(30_000);

/** Every look at it is a millisecond later, so that each read takes a turn. */
class HastyClock extends FakeClock {
  #looks = 0;
  override monotonicMs(): number {
    this.#looks += 1;
    return this.#looks * 2;
  }
}

function readerOf(database: Database, bounds: LogBounds): LogReader {
  return new LogReader(database, { turns: new ReadingTurns(), clock: new HastyClock(), bounds });
}

const optional = <Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 1 });

const instants = fc.oneof(
  fc.integer({ min: Date.UTC(2026, 2, 6), max: Date.UTC(2026, 3, 1) }),
  fc.constantFrom(Date.UTC(1, 0, 1), Date.UTC(2026, 2, 8, 7), Date.UTC(10_000, 0, 2), -7e13),
);

const filters: fc.Arbitrary<PunchFilter> = fc.record({
  deviceId: optional(fc.constantFrom(...Object.keys(ZONES), "NONE").map(deviceId)),
  userId: optional(fc.constantFrom(...USERS, "none").map(userId)),
  fromMs: optional(instants.map(epochMs)),
  beforeMs: optional(instants.map(epochMs)),
  direction: fc.constantFrom(undefined, undefined, "in", "out"),
});

const someBounds: fc.Arbitrary<LogBounds> = fc.oneof(
  fc.constant(LOG_BOUNDS),
  fc.record({
    userPunchesSorted: fc.integer({ min: 1, max: 20 }),
    devicePunchesSearched: fc.integer({ min: 1, max: 20 }),
    firstEntries: fc.integer({ min: 1, max: 5 }),
    chunkEntries: fc.integer({ min: 1, max: 20 }),
  }),
);

function filtered(rows: readonly TestRow[], filter: PunchFilter): readonly TestRow[] {
  return inLogOrder(rows).filter(
    (row) =>
      (filter.deviceId === undefined || row.deviceId === filter.deviceId) &&
      (filter.userId === undefined || row.userId === filter.userId) &&
      (filter.fromMs === undefined || row.instantMs >= filter.fromMs) &&
      (filter.beforeMs === undefined || row.instantMs < filter.beforeMs) &&
      (filter.direction === undefined || row.direction === filter.direction),
  );
}

const idsOf = (rows: readonly { readonly id: number }[]): number[] => rows.map((row) => row.id);

describe("LogReader", () => {
  test("lists and counts what a list in memory holds", async () => {
    await fc.assert(
      fc.asyncProperty(
        testRows(60),
        filters,
        fc.record({
          limit: fc.integer({ min: 1, max: 30 }),
          offset: fc.nat(70),
          bounds: someBounds,
        }),
        async (rows, filter, { limit, offset, bounds }) => {
          using database = databaseOf(rows);
          const reader = readerOf(database, bounds);
          const expected = idsOf(filtered(rows, filter));
          expect(await reader.count(filter)).toBe(expected.length);
          const page = await reader.list(filter, { limit, offset, before: undefined });
          expect(idsOf(page)).toEqual(expected.slice(offset, offset + limit));
        },
      ),
      { numRuns: 300 },
    );
  });

  test("leads on from any row", async () => {
    await fc.assert(
      fc.asyncProperty(
        testRows(60),
        filters,
        fc.record({ limit: fc.integer({ min: 1, max: 9 }), bounds: someBounds }),
        async (rows, filter, { limit, bounds }) => {
          using database = databaseOf(rows);
          const reader = readerOf(database, bounds);
          const ids: number[] = [];
          let before: { wallTime: string; id: ReturnType<typeof punchId> } | undefined;
          for (;;) {
            const page = await reader.list(filter, { limit, offset: 0, before });
            ids.push(...idsOf(page));
            const last = page.at(-1);
            if (last === undefined || ids.length > rows.length) break;
            before = { wallTime: last.wallTime, id: last.id };
          }
          expect(ids).toEqual(idsOf(filtered(rows, filter)));
        },
      ),
    );
  });

  test("gives rows as they were stored", async () => {
    await fc.assert(
      fc.asyncProperty(testRows(20), async (rows) => {
        using database = databaseOf(rows);
        const page = { limit: 100, offset: 0, before: undefined };
        const punches = await readerOf(database, LOG_BOUNDS).list({}, page);
        const shown = punches.map((punch) => ({
          id: punch.id as number,
          feedPosition: punch.feedPosition as number | undefined,
          deviceId: punch.deviceId as string,
          userId: punch.userId as string,
          wallTime: punch.wallTime as string,
          timeZone: punch.timeZone,
          instantMs: punch.instantMs as number,
          direction: punch.direction,
        }));
        expect(shown).toEqual([...inLogOrder(rows)]);
        for (const punch of punches)
          expect([punch.isRepeat, punch.isHistoric]).toEqual([false, false]);
      }),
    );
  });

  test("counts by user, and names the users of a terminal", async () => {
    await fc.assert(
      fc.asyncProperty(testRows(60), filters, someBounds, async (rows, filter, bounds) => {
        using database = databaseOf(rows);
        const reader = readerOf(database, bounds);
        const { fromMs, beforeMs, deviceId: device } = filter;
        const byUser = Map.groupBy(filtered(rows, { fromMs, beforeMs }), (row) => row.userId);
        const expected = [...byUser.entries()]
          .map(([user, own]) => ({
            userId: userId(user),
            logCount: own.length,
            outCount: own.filter((row) => row.direction === "out").length,
          }))
          .sort((left, right) => (left.userId < right.userId ? -1 : 1));
        expect(await reader.summarize({ fromMs, beforeMs })).toEqual(expected);
        const users = new Set(filtered(rows, { deviceId: device }).map((row) => row.userId));
        expect(await reader.listUsers(device)).toEqual([...users].sort().map(userId));
      }),
    );
  });

  test("takes a turn for each read, and lets another reader have its own between", async () => {
    const rows = fc.sample(testRows(60), { numRuns: 20, seed: 7 }).find((list) => list.length > 50);
    using database = databaseOf(rows ?? []);
    const turns = new ReadingTurns();
    const bounds = { ...LOG_BOUNDS, chunkEntries: 5 };
    const reader = new LogReader(database, { turns, clock: new HastyClock(), bounds });
    let turnsOfOthers = 0;
    let isCounting = true;
    const counted = reader.count({}).finally(() => {
      isCounting = false;
    });
    while (isCounting) {
      await turns.next();
      turnsOfOthers += 1;
    }
    expect(await counted).toBe(inLogOrder(rows ?? []).length);
    expect(turnsOfOthers).toBeGreaterThan(5);
  });
});

describe("the statements of LogReader", () => {
  /** Every statement that a reader prepares for all the kinds of questions there are. */
  async function preparedSql(database: Database): Promise<readonly string[]> {
    const prepare = spyOn(database, "prepare");
    const fromMs = epochMs(Date.UTC(2026, 2, 1));
    const beforeMs = epochMs(Date.UTC(2026, 3, 1));
    const device = { deviceId: deviceId("YORK") };
    const user = { userId: userId("1") };
    const before = { wallTime: "20260329000000", id: punchId(1_000_020) };
    for (const bounds of [LOG_BOUNDS, { ...LOG_BOUNDS, ...SMALL }]) {
      const reader = readerOf(database, bounds);
      for (const period of [{}, { fromMs }, { beforeMs }, { fromMs, beforeMs }]) {
        for (const filter of [period, { ...period, ...device }, { ...period, ...user }]) {
          await reader.count(filter);
          await reader.list(filter, { limit: 3, offset: 20, before: undefined });
          await reader.list(filter, { limit: 3, offset: 0, before });
        }
        await reader.summarize(period);
      }
    }
    return [...new Set(prepare.mock.calls.map(([sql]) => sql))];
  }

  const SMALL = { userPunchesSorted: 2, devicePunchesSearched: 2, chunkEntries: 5 };

  test("read the table for the rows of a page alone, and sort few", async () => {
    const [rows = []] = fc.sample(testRows(60), { numRuns: 1, seed: 7 });
    using database = databaseOf(rows);
    const statements = await preparedSql(database);
    expect(statements.length).toBeGreaterThan(40);
    const table = database
      .query<{ rootpage: number }, []>("SELECT rootpage FROM sqlite_schema WHERE name = 'punches'")
      .get();
    for (const sql of statements) {
      const isOfRows = sql.includes('"wall_time_text"');
      const isSorted = sql.includes("id IN (SELECT id");
      const plan = database
        .query<{ detail: string }, []>(`EXPLAIN QUERY PLAN ${sql}`)
        .all()
        .map((step) => step.detail);
      const sorts = plan.filter((detail) => detail === "USE TEMP B-TREE FOR ORDER BY");
      if (!isSorted) expect([sql, sorts]).toEqual([sql, []]);
      const steps = database
        .query<{ opcode: string; p1: number; p2: number }, []>(`EXPLAIN ${sql}`)
        .all();
      const tableCursors = steps
        .filter((step) => step.opcode === "OpenRead" && step.p2 === table?.rootpage)
        .map((step) => step.p1);
      const looks = steps.filter(
        (step) => step.opcode === "Column" && tableCursors.includes(step.p1),
      );
      if (!isOfRows && !sql.includes("punches_held")) expect([sql, looks]).toEqual([sql, []]);
    }
  });
});
