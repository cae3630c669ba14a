/**
 * Punches written straight into a database, with whatever zone, place in the feed and direction a
 * test wants, and random ones: several terminals with zones of their own, times that a zone skips
 * or doubles, times nobody believes, and many ties.
 */

import { Database } from "bun:sqlite";
import fc from "fast-check";
import { epochMs } from "#base/epoch.ts";
import { userId } from "#domain/identifiers.ts";
import type { Direction } from "#domain/punch.ts";
import { parseWallTime, resolveInstant } from "#domain/wall-time.ts";
import { applyMigrations, MIGRATIONS } from "#storage/migrations.ts";
import { PunchTable } from "#storage/punches.ts";

/** A row of a test. */
export interface TestRow {
  readonly id: number;
  /** Undefined while it is held. */
  readonly feedPosition: number | undefined;
  readonly deviceId: string;
  readonly userId: string;
  /** 14 digits. */
  readonly wallTime: string;
  readonly timeZone: string;
  readonly instantMs: number;
  readonly direction: Direction | undefined;
}

/** Every terminal of the random rows, and its zone. */
export const ZONES: Readonly<Record<string, string>> = {
  MANILA: "Asia/Manila",
  YORK: "America/New_York",
  LONDON: "Europe/London",
  APIA: "Pacific/Apia",
};
export const USERS = ["1", "2", "33", "007", "E-7"] as const;

/** A database in memory with the product's schema, and these rows. */
export function databaseOf(rows: readonly TestRow[]): Database {
  const database = new Database(":memory:", { strict: true });
  applyMigrations(database, MIGRATIONS, epochMs(0));
  writeRows(database, rows);
  return database;
}

/** Writes rows in one transaction. */
export function writeRows(database: Database, rows: readonly TestRow[]): void {
  const table = new PunchTable(database);
  database.transaction(() => {
    for (const row of rows) writeRow(table, row);
  })();
}

function writeRow(table: PunchTable, row: TestRow): void {
  const wallTime = parseWallTime(row.wallTime);
  if (!wallTime.ok) throw new Error(`No wall time: ${row.wallTime}`);
  const raw = {
    userIdText: row.userId,
    wallTimeText: row.wallTime,
    directionCode: "1",
    verifyModeCode: "3",
    codeLibrary: undefined,
    workCode: undefined,
    rawText: "{}",
  };
  table.insertAccepted(
    {
      raw,
      userId: userId(row.userId),
      wallTime: wallTime.value,
      timeZone: row.timeZone,
      instantMs: epochMs(row.instantMs),
      localTimeFlag: undefined,
      doubtfulTime: undefined,
      // Lets the same person be at the same terminal twice in a second.
      clockEpisode: row.id,
      isHistoric: false,
    },
    {
      id: row.id,
      deviceId: row.deviceId,
      origin: "live",
      receivedAtMs: Date.UTC(2026, 3, 1),
      feedPosition: row.feedPosition ?? null,
      placed:
        row.feedPosition === undefined
          ? undefined
          : { direction: row.direction ?? null, directionSource: "alternate", isRepeat: false },
    },
  );
}

/** Days around which clocks change in some of the zones. */
const DAYS = ["20260307", "20260308", "20260309", "20260328", "20260329", "20260330"];
/** Times that no zone, or hardly a calendar, has. */
const FAR_TIMES = ["00010101000000", "20000101000000", "20991231235959", "99991231235959"];

const wallTimes = fc.oneof(
  {
    weight: 20,
    arbitrary: fc
      .tuple(fc.constantFrom(...DAYS), fc.nat(23), fc.constantFrom("0000", "3000", "5959"))
      .map(([day, hour, rest]) => `${day}${String(hour).padStart(2, "0")}${rest}`),
  },
  { weight: 1, arbitrary: fc.constantFrom(...FAR_TIMES) },
);

const rowSeeds = fc.record({
  deviceId: fc.constantFrom(...Object.keys(ZONES)),
  userId: fc.constantFrom(...USERS),
  wallTime: wallTimes,
  direction: fc.constantFrom<Direction | undefined>("in", "out", "in", "out", undefined),
  isHeld: fc.nat(9).map((value) => value === 0),
  /** Decides the place in the feed. */
  rank: fc.nat(),
});

/** At most `maxLength` rows; their places in the feed follow no other order, and have gaps. */
export function testRows(maxLength: number): fc.Arbitrary<readonly TestRow[]> {
  return fc.array(rowSeeds, { maxLength, size: "max" }).map((seeds) => {
    const ranks = seeds.map((seed, index) => ({ rank: seed.rank, index }));
    ranks.sort((left, right) => left.rank - right.rank || left.index - right.index);
    const places = new Map(ranks.map(({ index, rank }, place) => [index, 2 * place + (rank % 2)]));
    return seeds.map(({ rank: _, isHeld, ...seed }, index) => {
      const timeZone = ZONES[seed.deviceId] ?? "UTC";
      const wallTime = parseWallTime(seed.wallTime);
      if (!wallTime.ok) throw new Error(`No wall time: ${seed.wallTime}`);
      return {
        ...seed,
        id: 1_000_001 + index,
        feedPosition: isHeld ? undefined : 1 + (places.get(index) ?? 0),
        timeZone,
        instantMs: resolveInstant(wallTime.value, timeZone).instantMs,
      };
    });
  });
}

/** The order of logs: latest wall time first, ties by id, highest first. */
export function inLogOrder(rows: readonly TestRow[]): readonly TestRow[] {
  return rows
    .filter((row) => row.feedPosition !== undefined)
    .toSorted((left, right) => {
      if (left.wallTime !== right.wallTime) return left.wallTime < right.wallTime ? 1 : -1;
      return right.id - left.id;
    });
}
