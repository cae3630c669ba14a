/**
 * Reads the replaced server's database file (contract.md 6), page by page, and writes nothing, not
 * even beside it. Works in the process of the verb, with the operator's rights. What a row means is
 * not known here.
 */

import { constants, Database } from "bun:sqlite";
import { closeSync, openSync, readSync, realpathSync, statSync } from "node:fs";
import { AppError } from "#base/app-error.ts";
import { KEPT_ID_MAX } from "#domain/imported-punch.ts";
import { ORIGINAL_TABLES, type OriginalRow, type OriginalTable } from "#domain/original-row.ts";
import { errorCode, fileBytes } from "#platform/files.ts";
import { engineCode, isEngineFailure } from "./engine-error.ts";
import type { RefusedRow } from "./import/import-report.ts";

/** The columns that are read, and those without which a table is another program's. */
const COLUMNS: Readonly<
  Record<OriginalTable, { readonly needed: readonly string[]; readonly further: readonly string[] }>
> = {
  devices: {
    needed: ["device_id", "status"],
    further: ["device_name", "last_seen", "created_at"],
  },
  enrolled_users: {
    needed: ["user_id"],
    further: [
      "privilege",
      "enabled",
      "password_flag",
      "card_flag",
      "face_flag",
      "fp_count",
      "vein_count",
      "enrolled_backups",
      "updated_at",
    ],
  },
  attendance_logs: {
    needed: ["device_id", "user_id", "timestamp"],
    further: [
      "io_mode",
      "io_mode_str",
      "verify_mode",
      "verify_mode_str",
      "datetime",
      "created_at",
      "datetime_utc",
      "datetime_local",
      "timezone",
    ],
  },
  webhook_queue: {
    needed: ["webhook_data"],
    further: ["created_at", "retry_count", "last_attempt", "status"],
  },
};

/** Bytes of one value. The longest that the server itself wrote are its messages, of about 1 KiB. */
const VALUE_BYTES_MAX = 16 * 1024;

/** How long a statement waits for the lock of a program that writes, in milliseconds. It blocks. */
const BUSY_TIMEOUT_MS = 1_000;

const MAGIC = "SQLite format 3\0";
const HEADER_BYTES = 100;
/** Where the header tells the journal mode (2 is WAL) and counts the changes of the file. */
const READ_VERSION_OFFSET = 19;
const CHANGE_COUNTER_OFFSET = 24;

/** A stretch of a table. */
export interface OriginalPage {
  readonly rows: readonly OriginalRow[];
  /** Rows with a value too long to be one of the server's. */
  readonly refused: readonly RefusedRow[];
  /** Where the next page starts; undefined behind the last row. */
  readonly next: bigint | undefined;
}

/** The opened file. */
export interface OriginalDatabase extends Disposable {
  /** `prototype`: without `datetime_utc`, `datetime_local` and `timezone`. */
  readonly schema: "prototype" | "later";
  /** The highest id that the server may have given to a punch, at most `KEPT_ID_MAX`. */
  readonly lastId: number;
  /** 0 for a table that the file does not have. */
  countRows(table: OriginalTable): number;
  /** Rows behind a place, by ascending id. @throws AppError `file-unreadable`. */
  readPage(table: OriginalTable, after: bigint | undefined, limit: number): OriginalPage;
  /** Whether another program has written into the file since it was opened. */
  hasChanged(): boolean;
}

/**
 * Opens the file and checks the structure of all of it, which takes about a second per million rows.
 * @throws AppError `file-unreadable` when it is not there, no SQLite, damaged, in use by a writer,
 * or not of that server.
 */
export function openOriginalDatabase(path: string): OriginalDatabase {
  return explained(path, () => {
    const file = realpathSync(path);
    const header = readHeader(path, file);
    refuseUnfinished(path, file);
    // Without its log beside it a file in WAL mode is whole, but SQLite would make that log again.
    const isWal = header[READ_VERSION_OFFSET] === 2;
    const database = isWal
      ? new Database(
          `${Bun.pathToFileURL(file).href}?immutable=1`,
          constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI,
        )
      : new Database(file, { readonly: true });
    try {
      database.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
      const columns = readColumns(path, database);
      refuseDamaged(path, database);
      return reader({ path, file, database, columns, stateBefore: stateOf(file, header) });
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

interface Opened {
  readonly path: string;
  /** The path without links. */
  readonly file: string;
  readonly database: Database;
  readonly columns: ReadonlyMap<OriginalTable, readonly string[]>;
  readonly stateBefore: string;
}

function reader({ path, file, database, columns, stateBefore }: Opened): OriginalDatabase {
  const hasUtc = columns.get("attendance_logs")?.includes("datetime_utc") === true;
  const queries = new Map(
    [...columns].map(([table, found]) => [table, pageQuery(database, table, found)]),
  );
  return {
    schema: hasUtc ? "later" : "prototype",
    lastId: columns.has("attendance_logs") ? readLastId(database) : 0,
    countRows: (table) => {
      if (!columns.has(table)) return 0;
      return explained(path, () => readNumber(database, `SELECT count(*) AS value FROM ${table}`));
    },
    readPage: (table, after, limit) => {
      const query = queries.get(table);
      if (query === undefined) return { rows: [], refused: [], next: undefined };
      return explained(path, () => toPage(query.all(after ?? LEAST_ROW_ID, BigInt(limit)), limit));
    },
    hasChanged: () => explained(path, () => stateOf(file, readHeader(path, file))) !== stateBefore,
    [Symbol.dispose]: () => database.close(),
  };
}

/** No row is before it. SQLite's least row id itself is never given. */
const LEAST_ROW_ID = -(2n ** 63n);

type PageRow = OriginalRow & { readonly id: string; readonly longest: string | null };

function pageQuery(database: Database, table: OriginalTable, columns: readonly string[]) {
  const values = columns.map(
    (name) => `CASE WHEN octet_length("${name}") > ${VALUE_BYTES_MAX} THEN NULL
      WHEN typeof("${name}") = 'blob' THEN 'x''' || hex("${name}") || ''''
      ELSE CAST("${name}" AS TEXT) END AS "${name}"`,
  );
  const lengths = columns.map((name) => `ifnull(octet_length("${name}"), 0)`);
  return database.query<PageRow, [bigint, bigint]>(
    `SELECT CAST(rowid AS TEXT) AS id, ${values.join(", ")},
       CAST(max(0, ${lengths.join(", ")}) AS TEXT) AS longest
     FROM ${table} WHERE rowid > ? ORDER BY rowid LIMIT ?`,
  );
}

function toPage(read: readonly PageRow[], limit: number): OriginalPage {
  const rows: OriginalRow[] = [];
  const refused: RefusedRow[] = [];
  for (const { longest, ...row } of read) {
    if (Number(longest) <= VALUE_BYTES_MAX) rows.push(row);
    else {
      const reason = `A value has ${longest} bytes: at most ${VALUE_BYTES_MAX} are accepted`;
      refused.push({ id: row.id, code: "too-long", reason });
    }
  }
  const last = read.at(-1);
  const isLastPage = last === undefined || read.length < limit;
  return { rows, refused, next: isLastPage ? undefined : BigInt(last.id) };
}

function readHeader(path: string, file: string): Uint8Array {
  if (statSync(file).isDirectory()) throw unreadable(path, "it is a folder");
  const header = new Uint8Array(HEADER_BYTES);
  const descriptor = openSync(file, "r");
  try {
    readSync(descriptor, header, 0, HEADER_BYTES, 0);
  } finally {
    closeSync(descriptor);
  }
  const magic = new TextDecoder("latin1").decode(header.subarray(0, MAGIC.length));
  if (magic !== MAGIC) throw unreadable(path, "it is not an SQLite database");
  return header;
}

/** Both hold changes that are not in the file, and only a writer could bring them in. */
function refuseUnfinished(path: string, file: string): void {
  for (const [suffix, what] of [
    ["-wal", "a write-ahead log lies beside it"],
    ["-journal", "a write into it is under way, or was broken off"],
  ] as const) {
    if (fileBytes(file + suffix) === 0) continue;
    throw unreadable(path, `${what} ("${path}${suffix}")`, {
      hint: `Stop the server that writes it. If it is stopped: copy both files, finish the copy with "sqlite3 COPY 'PRAGMA wal_checkpoint(TRUNCATE)'", and import the copy`,
    });
  }
}

function readColumns(
  path: string,
  database: Database,
): ReadonlyMap<OriginalTable, readonly string[]> {
  const tables = database
    .query<{ name: string }, []>("SELECT name FROM sqlite_master WHERE type = 'table'")
    .all()
    .map((row) => row.name);
  if (tables.includes("schema_migrations")) {
    throw unreadable(path, "it is a database of biometric-server itself", {
      hint: "Import the file of the Python server: biometric.db or biometric_data.db in its folder",
    });
  }
  const columns = new Map<OriginalTable, readonly string[]>();
  for (const table of ORIGINAL_TABLES) {
    if (!tables.includes(table)) continue;
    columns.set(table, knownColumns(path, database, table));
  }
  if (columns.size > 0) return columns;
  const found = tables.length === 0 ? "none" : tables.slice(0, 3).join(", ");
  throw unreadable(path, `it has none of the tables ${ORIGINAL_TABLES.join(", ")} (has ${found})`, {
    hint: "Import the file of the Python server: biometric.db or biometric_data.db in its folder",
  });
}

function knownColumns(path: string, database: Database, table: OriginalTable): readonly string[] {
  const names = database
    .query<{ name: string }, []>(`SELECT name FROM pragma_table_info('${table}')`)
    .all()
    .map((row) => row.name);
  const { needed, further } = COLUMNS[table];
  const missing = needed.find((name) => !names.includes(name));
  if (missing !== undefined) {
    throw unreadable(path, `its table ${table} has no column ${missing}`);
  }
  return [...needed, ...further].filter((name) => names.includes(name));
}

function refuseDamaged(path: string, database: Database): void {
  const row = database.query<{ quick_check: string }, []>("PRAGMA quick_check(1)").get();
  if (row?.quick_check === "ok") return;
  throw damaged(path, row?.quick_check ?? "no answer");
}

function readLastId(database: Database): number {
  const hasSequence = database
    .query("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'")
    .get();
  const ids = [readNumber(database, "SELECT max(rowid) AS value FROM attendance_logs")];
  if (hasSequence !== null) {
    const query = "SELECT max(seq) AS value FROM sqlite_sequence WHERE name = 'attendance_logs'";
    ids.push(readNumber(database, query));
  }
  return Math.min(Math.max(0, ...ids), KEPT_ID_MAX);
}

/** A number that may be NULL, text, or larger than one can be exact; 0 where it is none. */
function readNumber(database: Database, sql: string): number {
  const value = Number(database.query<{ value: unknown }, []>(sql).get()?.value);
  return Number.isFinite(value) ? Math.trunc(value) : 0;
}

/** Differs after every write: the file's own count of changes, its size and its time. */
function stateOf(file: string, header: Uint8Array): string {
  const { size, mtimeMs } = statSync(file);
  const counter = header.subarray(CHANGE_COUNTER_OFFSET, CHANGE_COUNTER_OFFSET + 4).toHex();
  return `${counter} ${size} ${mtimeMs}`;
}

/** Gives the failures of the file system and the engine a form that says what to do. */
function explained<Value>(path: string, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (error instanceof AppError) throw error;
    const code = engineCode(error);
    if (code?.startsWith("SQLITE_BUSY") || code?.startsWith("SQLITE_LOCKED")) {
      throw unreadable(path, "another program is writing into it", {
        hint: "Stop the server that writes it, then import again",
        cause: error,
      });
    }
    if (isEngineFailure(error)) throw damaged(path, code ?? String(error), error);
    const failure = errorCode(error);
    if (failure === undefined) throw error;
    const found = failure === "ENOENT" ? "there is no such file" : failure;
    throw unreadable(path, found, { cause: error });
  }
}

function damaged(path: string, found: string, cause?: unknown): AppError {
  return unreadable(path, `the file is damaged (${found})`, {
    hint: `Rescue what can be read with "sqlite3 FILE .recover | sqlite3 RESCUED", and import that`,
    cause,
  });
}

function unreadable(
  path: string,
  found: string,
  detail: { readonly hint?: string; readonly cause?: unknown } = {},
): AppError {
  return new AppError("file-unreadable", `Cannot import "${path}": ${found}`, detail);
}
