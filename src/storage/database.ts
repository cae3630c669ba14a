/**
 * Opens the SQLite file the durable way and proves it: write-ahead log, `synchronous=FULL`, and
 * every setting read back. Knows nothing of punches.
 */

import { Database } from "bun:sqlite";
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { AppError } from "#base/app-error.ts";
import type { EpochMs } from "#base/epoch.ts";
import { fileBytes, flushFolder } from "#platform/files.ts";
import { engineCode, engineHint } from "./engine-error.ts";
import { MIGRATIONS } from "./migrations.ts";
import { bringUpToDate } from "./upgrade-schema.ts";

/** Older engines have a known defect in WAL mode. */
export const SQLITE_VERSION_MIN = "3.51.3";

/** How long a statement waits for another program's lock, in milliseconds. It blocks the loop. */
export const BUSY_TIMEOUT_MS = 1_000;

/** The log file is cut back to this after a checkpoint. */
export const WAL_SIZE_LIMIT_BYTES = 8 * 1024 * 1024;

/**
 * Pages of the writer kept in memory, in KiB. Every punch touches five indexes in as many places as
 * there are terminals and users; with SQLite's own 2 MiB they push each other out.
 */
const WRITER_CACHE_KIB = 8 * 1024;

/**
 * The same of the readers, filled as far as they read: the entries of a month's logs at a million a
 * year, which the HRIS asks for again and again.
 */
const READER_CACHE_KIB = 8 * 1024;

/** Bytes of the log that are written at once when it is written again. */
const REWRITE_CHUNK_BYTES = 1024 * 1024;

/** The header of the log's index, twice (https://sqlite.org/walformat.html). */
const LOG_INDEX_HEADER_BYTES = 96;

/** The two connections of the program. */
export interface OpenedDatabase {
  readonly path: string;
  /**
   * Of the database file, to flush it. As long as SQLite has the file open no other descriptor may
   * be closed: that would drop SQLite's locks (https://sqlite.org/howtocorrupt.html, 2.2).
   */
  readonly descriptor: number;
  readonly writer: Database;
  /** Sees only what is committed, and never blocks the writer. */
  readonly reader: Database;
}

/**
 * Opens or makes the database, checks its settings and brings its schema up to date.
 * @throws AppError `storage-open-failed`, `storage-too-new` or `storage-damaged`, and `backup-failed`
 * when there is no room for the snapshot before a migration.
 */
export function openDatabase(path: string, nowMs: EpochMs): OpenedDatabase {
  try {
    if (!existsSync(path)) createFile(path);
    rewriteLog(`${path}-wal`);
    forgetLogIndex(`${path}-shm`);
    const descriptor = openSync(path, "r");
    const writer = new Database(path, { readwrite: true, strict: true });
    refuseOldEngine(writer);
    configureWriter(writer, path);
    const hasMigrated = bringUpToDate(writer, MIGRATIONS, nowMs);
    // A new index on a large table leaves a log as large as the index.
    if (hasMigrated) writer.run("PRAGMA wal_checkpoint(TRUNCATE)");
    const reader = new Database(path, { readonly: true, strict: true });
    reader.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    reader.run(`PRAGMA cache_size = ${-READER_CACHE_KIB}`);
    return { path, descriptor, writer, reader };
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError(
      "storage-open-failed",
      `Cannot open database "${path}": ${engineCode(error) ?? String(error)}`,
      { hint: engineHint(error), cause: error },
    );
  }
}

/**
 * Empties the write-ahead log into the file and closes both connections. What a reader of another
 * program holds up stays in the log for the next start, which reads all of it again.
 * @throws the engine's error when the log could not be emptied; the next start reads it then.
 */
export function closeDatabase(opened: OpenedDatabase): void {
  opened.reader.close();
  try {
    opened.writer.run("PRAGMA wal_checkpoint(TRUNCATE)");
  } finally {
    opened.writer.close();
    closeSync(opened.descriptor);
  }
}

/** Readable by the owner alone; SQLite gives its side files the same mode. */
function createFile(path: string): void {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = openSync(path, "a", 0o600);
  fsyncSync(file);
  closeSync(file);
  flushFolder(folder);
}

/**
 * Writes the log of a process that died once more, byte for byte, and flushes it. The log may end
 * with a transaction that never reached the disk: the process died before the flush, or the flush
 * failed, after which Linux takes the pages for written (https://lwn.net/Articles/752063/) and no
 * later flush writes them. SQLite takes such a transaction for committed, a resend of its punches
 * would be acknowledged as known, and a power cut would end the log there, with everything behind
 * it. A log that was closed in order is empty.
 */
function rewriteLog(path: string): void {
  if (fileBytes(path) === 0) return;
  const file = openSync(path, "r+");
  try {
    const chunk = Buffer.allocUnsafe(REWRITE_CHUNK_BYTES);
    let offset = 0;
    for (;;) {
      const length = readSync(file, chunk, 0, chunk.length, offset);
      if (length === 0) break;
      writeFully(file, chunk.subarray(0, length), offset);
      offset += length;
    }
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/**
 * Makes SQLite read the whole log again. Another program that has the database open keeps the log's
 * index alive over the death of a server, and in it the count of pages that were copied into the
 * database file: whether they reached the disk nobody knows. An index with an empty header is
 * rebuilt, also under the eyes of readers, with a count of 0.
 */
function forgetLogIndex(path: string): void {
  if (!existsSync(path)) return;
  const file = openSync(path, "r+");
  try {
    writeFully(file, new Uint8Array(LOG_INDEX_HEADER_BYTES), 0);
  } finally {
    closeSync(file);
  }
}

function writeFully(file: number, bytes: Uint8Array, offset: number): void {
  for (let written = 0; written < bytes.length; ) {
    written += writeSync(file, bytes, written, bytes.length - written, offset + written);
  }
}

function refuseOldEngine(database: Database): void {
  const row = database.query<{ version: string }, []>("SELECT sqlite_version() AS version").get();
  const version = row?.version ?? "0.0.0";
  if (isEngineNewEnough(version)) return;
  throw new AppError(
    "storage-open-failed",
    `Cannot use SQLite "${version}": at least ${SQLITE_VERSION_MIN} is needed`,
  );
}

/** Whether a version of SQLite, such as `3.51.3`, has no known defect in WAL mode. */
export function isEngineNewEnough(version: string): boolean {
  return Bun.semver.order(version, SQLITE_VERSION_MIN) >= 0;
}

function configureWriter(database: Database, path: string): void {
  database.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
  setAndReadBack(database, path, { pragma: "journal_mode", value: "WAL", readBack: "wal" });
  setAndReadBack(database, path, { pragma: "synchronous", value: "FULL", readBack: 2 });
  // The checkpointer does it.
  setAndReadBack(database, path, { pragma: "wal_autocheckpoint", value: "0", readBack: 0 });
  // Savepoints copy the pages they change: in memory, not into a temporary file.
  setAndReadBack(database, path, { pragma: "temp_store", value: "MEMORY", readBack: 2 });
  setAndReadBack(database, path, { pragma: "foreign_keys", value: "ON", readBack: 1 });
  setAndReadBack(database, path, {
    pragma: "cache_size",
    value: String(-WRITER_CACHE_KIB),
    readBack: -WRITER_CACHE_KIB,
  });
  setAndReadBack(database, path, {
    pragma: "journal_size_limit",
    value: String(WAL_SIZE_LIMIT_BYTES),
    readBack: WAL_SIZE_LIMIT_BYTES,
  });
}

function setAndReadBack(
  database: Database,
  path: string,
  setting: { readonly pragma: string; readonly value: string; readonly readBack: string | number },
): void {
  database.run(`PRAGMA ${setting.pragma} = ${setting.value}`);
  const row = database.query<Record<string, string | number>, []>(`PRAGMA ${setting.pragma}`).get();
  const found = row === null ? undefined : Object.values(row)[0];
  if (found !== setting.readBack) {
    throw new AppError(
      "storage-open-failed",
      `Cannot open database "${path}": ${setting.pragma} is "${found}", "${setting.readBack}" is needed`,
      { hint: "Put DATA_DIR on a local disk: network file systems cannot keep punches safe" },
    );
  }
}
