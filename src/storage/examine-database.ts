/**
 * Looks over a database for a person, beside whatever may be at work on it: on a connection that only
 * reads, a table at a time, so that no state of it is held for long and its log can be emptied.
 */

import { Database } from "bun:sqlite";
import { type EpochMs, epochMs } from "#base/epoch.ts";
import { fileBytes } from "#platform/files.ts";
import { nextTurn } from "#platform/next-turn.ts";
import { BUSY_TIMEOUT_MS, isEngineNewEnough } from "./database.ts";
import { engineCode } from "./engine-error.ts";

/** `quick`: every page and row; `full`: every index entry against its row, too, ten times as long. */
export type ExaminationDepth = "quick" | "full";

/** What was found. */
export interface DatabaseExamination {
  /** SQLite's words on what is damaged, a few of each table; none: it is sound. */
  readonly damage: readonly string[];
  readonly tableCount: number;
  /** `wal` where it is one of ours. */
  readonly journalMode: string;
  readonly engineVersion: string;
  readonly isEngineNewEnough: boolean;
  /** The schema it was brought to; 0: it is none of ours. */
  readonly schema: number;
  /** The lowest schema that an executable must know to work on it. */
  readonly minReader: number;
  /** When its first migration was applied; undefined: nothing tells. */
  readonly madeAtMs: EpochMs | undefined;
  readonly bytes: number;
  readonly walBytes: number;
}

/** So many lines of SQLite are enough to know. */
const DAMAGE_LINES_MAX = 3;

/**
 * Reads all of the file. Blocks for the time of one table at a time.
 * @throws the engine's error when the file cannot be opened, or is no database, or damaged at its root.
 */
export async function examineDatabase(
  path: string,
  depth: ExaminationDepth,
): Promise<DatabaseExamination> {
  using database = new Database(path, { readonly: true, strict: true });
  database.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
  const engineVersion = readText(database, "SELECT sqlite_version() AS value");
  const tables = listTables(database);
  const damage: string[] = [];
  for (const table of tables) {
    damage.push(...checkTable(database, table, depth));
    // Whoever waits for this process is served between two tables.
    await nextTurn();
  }
  return {
    damage,
    tableCount: tables.length,
    journalMode: readText(database, "SELECT journal_mode AS value FROM pragma_journal_mode"),
    engineVersion,
    isEngineNewEnough: isEngineNewEnough(engineVersion),
    bytes: fileBytes(path),
    walBytes: fileBytes(`${path}-wal`),
    ...readSchema(database),
  };
}

const NO_SCHEMA = { schema: 0, minReader: 0, madeAtMs: undefined } as const;

function listTables(database: Database): readonly string[] {
  const rows = database
    .query<{ name: string }, []>("SELECT name FROM sqlite_schema WHERE type = 'table'")
    .all();
  return ["sqlite_schema", ...rows.map(({ name }) => name)];
}

function checkTable(database: Database, table: string, depth: ExaminationDepth): readonly string[] {
  const pragma = depth === "full" ? "integrity_check" : "quick_check";
  const quoted = `"${table.replaceAll('"', '""')}"`;
  try {
    const rows = database.query<Record<string, string>, []>(`PRAGMA ${pragma}(${quoted})`).all();
    return rows
      .flatMap((row) => Object.values(row))
      .filter((line) => line !== "ok")
      .slice(0, DAMAGE_LINES_MAX);
  } catch (error) {
    // A table can be damaged so that not even the check gets through it.
    const code = engineCode(error);
    if (code?.startsWith("SQLITE_CORRUPT") !== true) throw error;
    return [`table ${table}: ${code}`];
  }
}

function readSchema(database: Database): Pick<DatabaseExamination, keyof typeof NO_SCHEMA> {
  const isOurs = database
    .query("SELECT 1 FROM sqlite_schema WHERE name = 'schema_migrations'")
    .get();
  if (isOurs === null) return NO_SCHEMA;
  const row = database
    .query<{ schema: number; minReader: number | null; madeAtMs: number | null }, []>(
      `SELECT count(*) AS schema, max(min_reader) AS minReader, min(applied_at_ms) AS madeAtMs
       FROM schema_migrations`,
    )
    .get();
  const madeAtMs = row?.madeAtMs ?? undefined;
  return {
    schema: row?.schema ?? 0,
    minReader: row?.minReader ?? 0,
    madeAtMs: madeAtMs === undefined ? undefined : epochMs(madeAtMs),
  };
}

function readText(database: Database, sql: string): string {
  return database.query<{ value: string }, []>(sql).get()?.value ?? "";
}
