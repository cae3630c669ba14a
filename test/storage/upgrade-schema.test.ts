/**
 * Aim: before a migration changes a database there is a snapshot of it, which takes its place again
 * when the migration fails, also one that broke out of its transaction.
 */

import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { epochMs } from "#base/epoch.ts";
import { checkBackup } from "#storage/backup-file.ts";
import type { Migration } from "#storage/migrations.ts";
import { bringUpToDate } from "#storage/upgrade-schema.ts";

const NOW_MS = epochMs(Date.UTC(2026, 2, 2, 1, 15, 4));
const FIRST: Migration = {
  number: 1,
  name: "first",
  sql: "CREATE TABLE facts (id INTEGER PRIMARY KEY, text TEXT)",
  minReader: 1,
};
const step = (...statements: readonly string[]): Migration => ({
  number: 2,
  name: "second",
  sql: statements.join("\n--> statement-breakpoint\n"),
  minReader: 1,
});

class Box implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "upgrade-schema-"));
  readonly path = join(this.folder, "biometric.db");

  open(): Database {
    const database = new Database(this.path, { create: true, strict: true });
    database.run("PRAGMA journal_mode = WAL");
    return database;
  }

  /** What the database holds, as a process that comes later finds it. */
  read(): { readonly facts: readonly unknown[]; readonly tables: readonly unknown[] } {
    using database = new Database(this.path, { strict: true });
    const facts = database.query("SELECT text FROM facts").values().flat();
    const tables = database
      .query("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
      .values()
      .flat();
    return { facts, tables };
  }

  get snapshots(): readonly string[] {
    const folder = join(this.folder, "backups");
    return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}

function boxWithOneFact(): Box {
  const box = new Box();
  using database = box.open();
  expect(bringUpToDate(database, [FIRST], NOW_MS)).toBe(true);
  database.run("INSERT INTO facts (text) VALUES ('kept')");
  return box;
}

test("a new database and one that is up to date need no snapshot", () => {
  using box = boxWithOneFact();
  using database = box.open();
  expect(bringUpToDate(database, [FIRST], NOW_MS)).toBe(false);
  expect(box.snapshots).toEqual([]);
});

test("bringUpToDate() leaves a snapshot of what was there before", () => {
  using box = boxWithOneFact();
  using database = box.open();
  const second = step("UPDATE facts SET text = 'changed'");
  expect(bringUpToDate(database, [FIRST, second], NOW_MS)).toBe(true);
  expect(box.read().facts).toEqual(["changed"]);
  expect(box.snapshots).toEqual([
    join(box.folder, "backups", "before-schema-2-20260302T011504.000Z.backup"),
  ]);
  const [snapshot = ""] = box.snapshots;
  expect(checkBackup(snapshot, "full").madeAtMs).toBe(NOW_MS);
  using kept = new Database(snapshot, { readonly: true });
  expect(kept.query("SELECT text FROM facts").values()).toEqual([["kept"]]);
});

test.each([
  ["fails in its transaction", step("UPDATE facts SET text = 'half'", "UPDATE nothing SET x = 1")],
  [
    "fails behind a commit of its own",
    step("UPDATE facts SET text = 'half'", "COMMIT", "CREATE TABLE half (x)", "BEGIN", "SELECT x"),
  ],
])("a migration that %s leaves the database as it was", (_, second) => {
  using box = boxWithOneFact();
  const before = box.read();
  expect(() => bringUpToDate(box.open(), [FIRST, second], NOW_MS)).toThrow(
    /^Cannot bring database ".*" to schema 2: .*; it is again as it was before$/,
  );
  expect(box.read()).toEqual(before);
  expect(readdirSync(box.folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  // And the executable that ran before goes on with it.
  using database = box.open();
  expect(bringUpToDate(database, [FIRST], NOW_MS)).toBe(false);
});
