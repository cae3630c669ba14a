/**
 * Aim: the file is opened the durable way or not at all, for one server at a time, and migrations
 * that were edited, are missing or come from a newer executable are refused.
 */

import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { AppError, type AppErrorCode } from "#base/app-error.ts";
import { epochMs } from "#base/epoch.ts";
import { ReadingTurns } from "#platform/reading-turns.ts";
import { closeDatabase, openDatabase } from "#storage/database.ts";
import { lockInstance } from "#storage/instance-lock.ts";
import { LOG_BOUNDS, LogReader } from "#storage/log-reader.ts";
import { applyMigrations, MIGRATIONS, type Migration } from "#storage/migrations.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { databaseOf, inLogOrder, testRows } from "../support/stored-rows.ts";

const NOW = epochMs(0);
let folder = "";
let path = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "biometric-database-"));
  path = join(folder, "biometric.db");
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function codeOf(run: () => unknown): AppErrorCode | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
  return undefined;
}

describe("openDatabase()", () => {
  test("writes ahead, flushes fully, and keeps the file to its owner", () => {
    const opened = openDatabase(path, NOW);
    expect(opened.writer.query("PRAGMA journal_mode").values()).toEqual([["wal"]]);
    expect(opened.writer.query("PRAGMA synchronous").values()).toEqual([[2]]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(() => opened.reader.run("DELETE FROM punches")).toThrow("readonly");
    closeDatabase(opened);
    closeDatabase(openDatabase(path, NOW));
  });

  test("leaves no log behind when it has brought the schema up to date", () => {
    const opened = openDatabase(path, NOW);
    expect(statSync(`${path}-wal`).size).toBe(0);
    closeDatabase(opened);
  });

  test("refuses another program's database and a file that is none", () => {
    const foreign = new Database(path, { create: true });
    foreign.run("CREATE TABLE attendance_logs (id INTEGER)");
    foreign.close();
    expect(codeOf(() => openDatabase(path, NOW))).toBe("storage-open-failed");
    const text = join(folder, "text.db");
    writeFileSync(text, "this is a text file, and longer than the header of a database file is");
    expect(codeOf(() => openDatabase(text, NOW))).toBe("storage-open-failed");
  });
});

describe("lockInstance()", () => {
  test("lets one hold the folder, and the next after it", () => {
    const lock = lockInstance(join(folder, "lock"));
    expect(codeOf(() => lockInstance(join(folder, "lock")))).toBe("storage-open-failed");
    lock.release();
    lockInstance(join(folder, "lock")).release();
  });
});

describe("applyMigrations()", () => {
  const first: Migration = {
    number: 1,
    name: "0000_first",
    sql: "CREATE TABLE a (x);\n--> statement-breakpoint\nCREATE TABLE b (x);",
    minReader: 1,
  };
  const second: Migration = {
    number: 2,
    name: "0001_second",
    sql: "CREATE TABLE c (x);",
    minReader: 1,
  };

  function tables(database: Database): readonly unknown[] {
    return database
      .query("SELECT name FROM sqlite_master WHERE name IN ('a', 'b', 'c') ORDER BY name")
      .values()
      .flat();
  }

  test("runs every statement once, in order", () => {
    const database = new Database(path, { create: true });
    applyMigrations(database, [first], NOW);
    applyMigrations(database, [first, second], NOW);
    applyMigrations(database, [first, second], NOW);
    expect(tables(database)).toEqual(["a", "b", "c"]);
  });

  test("leaves the database as it was when a statement fails", () => {
    const database = new Database(path, { create: true });
    applyMigrations(database, [first], NOW);
    const broken = { ...second, sql: "CREATE TABLE c (x);\n--> statement-breakpoint\nNONSENSE;" };
    expect(() => applyMigrations(database, [first, broken], NOW)).toThrow();
    expect(tables(database)).toEqual(["a", "b"]);
    applyMigrations(database, [first, second], NOW);
    expect(tables(database)).toEqual(["a", "b", "c"]);
  });

  test("refuses an edited or a missing migration", () => {
    const database = new Database(path, { create: true });
    applyMigrations(database, [first, second], NOW);
    const edited = { ...first, sql: `${first.sql} -- edited` };
    expect(codeOf(() => applyMigrations(database, [edited, second], NOW))).toBe("storage-damaged");
    database.run("DELETE FROM schema_migrations WHERE number = 1");
    expect(codeOf(() => applyMigrations(database, [first, second], NOW))).toBe("storage-damaged");
  });

  test("works on a newer database that still serves it, and refuses one that does not", () => {
    const database = new Database(path, { create: true });
    applyMigrations(database, [first, second], NOW);
    applyMigrations(database, [first], NOW);
    const demanding: Migration = { number: 3, name: "0002_third", sql: "SELECT 1;", minReader: 3 };
    applyMigrations(database, [first, second, demanding], NOW);
    expect(codeOf(() => applyMigrations(database, [first], NOW))).toBe("storage-too-new");
  });
});

describe("MIGRATIONS", () => {
  test("keep every punch of a database of the first schema", async () => {
    const [rows = []] = fc.sample(testRows(60), { numRuns: 1, seed: 11 });
    using database = new Database(":memory:", { strict: true });
    applyMigrations(database, MIGRATIONS.slice(0, 1), NOW);
    copyPunches(databaseOf(rows), database);
    applyMigrations(database, MIGRATIONS, NOW);
    const options = { turns: new ReadingTurns(), clock: new FakeClock(), bounds: LOG_BOUNDS };
    const page = { limit: 100, offset: 0, before: undefined };
    const listed = await new LogReader(database, options).list({}, page);
    expect(listed.map((punch) => punch.id as number)).toEqual(inLogOrder(rows).map(({ id }) => id));
  });

  test("are the files of the folder, numbered without a gap", () => {
    const files = readdirSync(join(import.meta.dir, "../../src/storage/migrations"))
      .filter((name) => name.endsWith(".sql"))
      .sort();
    expect(MIGRATIONS.map((step) => `${step.name}.sql`)).toEqual(files);
    expect(MIGRATIONS.map((step) => step.number)).toEqual(files.map((_, index) => index + 1));
  });
});

/** Copies what the columns of an older schema hold. */
function copyPunches(from: Database, to: Database): void {
  const names = to
    .query<{ name: string }, []>("SELECT name FROM pragma_table_info('punches')")
    .all()
    .map(({ name }) => name);
  const list = names.join(", ");
  const insert = to.prepare(
    `INSERT INTO punches (${list}) VALUES (${names.map(() => "?").join(", ")})`,
  );
  for (const row of from.query(`SELECT ${list} FROM punches`).values())
    insert.run(...bindable(row));
}

function bindable(row: readonly unknown[]): (string | number | null)[] {
  return row.map((value) =>
    typeof value === "string" || typeof value === "number" ? value : null,
  );
}
