/**
 * The file of a backup: the database itself, so that any SQLite reads it, with two more tables: facts
 * of the backup, and the files of `DATA_DIR/secrets/` that belong to it.
 */

import { Database } from "bun:sqlite";
import { accessSync, constants, statSync } from "node:fs";
import { AppError } from "#base/app-error.ts";
import { type EpochMs, epochMs } from "#base/epoch.ts";
import { errorCode } from "#platform/files.ts";
import { engineCode } from "./engine-error.ts";
import { stripQuarantine } from "./strip-quarantine.ts";

/** What a backup says of itself. */
export interface BackupFacts {
  readonly madeAtMs: EpochMs;
  /** Of the program that made it. */
  readonly version: string;
  /**
   * Without them it has neither the files nor the secrets of added webhook endpoints, nor the bytes
   * in quarantine.
   */
  readonly hasSecrets: boolean;
}

/** A file of `DATA_DIR/secrets/`. */
export interface SecretFile {
  readonly name: string;
  readonly content: string;
}

const FORMAT = "1";
/** The last instant that a date can hold. */
const DATE_MAX_MS = 8.64e15;

const CREATE_FACTS = "CREATE TABLE backup_facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)";
const CREATE_SECRETS = "CREATE TABLE backup_secrets (name TEXT PRIMARY KEY, content TEXT NOT NULL)";

/**
 * Makes a backup of a database: adds the tables, or takes the database's own secrets out. Deleted
 * bytes are overwritten.
 */
export function writeBackupTables(
  database: Database,
  facts: BackupFacts,
  secrets: readonly SecretFile[],
): void {
  // Nobody has the file but us, and an unfinished one is thrown away.
  database.run("PRAGMA journal_mode = OFF");
  database.run("PRAGMA synchronous = OFF");
  database.run("PRAGMA secure_delete = ON");
  database.run(CREATE_FACTS);
  database.run(CREATE_SECRETS);
  const texts = {
    format: FORMAT,
    made_at_ms: String(facts.madeAtMs),
    version: facts.version,
    has_secrets: String(facts.hasSecrets),
  };
  for (const [name, value] of Object.entries(texts)) {
    database.run("INSERT INTO backup_facts VALUES (?, ?)", [name, value]);
  }
  for (const { name, content } of secrets) {
    database.run("INSERT INTO backup_secrets VALUES (?, ?)", [name, content]);
  }
  if (!facts.hasSecrets) takeSecretsOut(database);
}

function takeSecretsOut(database: Database): void {
  if (hasTable(database, "webhook_endpoints")) {
    database.run(
      "UPDATE webhook_endpoints SET secret = '', previous_secret = NULL, previous_secret_until_ms = NULL",
    );
  }
  stripQuarantine(database);
}

/** The files of the secrets; none in a backup without secrets. */
export function readSecretFiles(database: Database): readonly SecretFile[] {
  return database.query<SecretFile, []>("SELECT name, content FROM backup_secrets").all();
}

/** Makes a plain database of a backup; deleted bytes are overwritten. */
export function dropBackupTables(database: Database): void {
  database.run("PRAGMA secure_delete = ON");
  database.run("DROP TABLE backup_facts");
  database.run("DROP TABLE backup_secrets");
}

/**
 * Opens a backup and looks through every page of it; `full` compares every index with its table,
 * too, which takes ten times as long. Changes nothing. Blocks.
 * @throws AppError `backup-unusable`.
 */
export function checkBackup(path: string, depth: "quick" | "full"): BackupFacts {
  try {
    refuseNoFile(path);
    using database = new Database(path, { readonly: true, strict: true });
    const facts = readFacts(database, path);
    const pragma = depth === "full" ? "integrity_check" : "quick_check";
    const row = database.query<Record<string, string>, []>(`PRAGMA ${pragma}(1)`).get();
    const [found = "nothing"] = Object.values(row ?? {});
    if (found !== "ok") throw unusable(path, `it is damaged: ${found}`);
    return facts;
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw unusable(path, engineCode(cause) ?? errorCode(cause) ?? String(cause), cause);
  }
}

/** The engine would wait for ever on a pipe, and does not say that there is nothing. */
function refuseNoFile(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw unusable(path, "there is no such file");
  if (!found.isFile()) throw unusable(path, "it is no file");
  accessSync(path, constants.R_OK);
}

function readFacts(database: Database, path: string): BackupFacts {
  if (!hasTable(database, "backup_facts")) throw unusable(path, "it is no backup of this program");
  const rows = database
    .query<{ name: string; value: string }, []>("SELECT name, value FROM backup_facts")
    .all();
  const facts = new Map(rows.map(({ name, value }) => [name, value]));
  const format = facts.get("format");
  if (format !== FORMAT) {
    throw unusable(path, `its format is "${format}", this program reads "${FORMAT}"`);
  }
  const madeAtMs = Number(facts.get("made_at_ms") ?? Number.NaN);
  if (!Number.isInteger(madeAtMs) || Math.abs(madeAtMs) > DATE_MAX_MS) {
    throw unusable(path, "it does not say when it was made");
  }
  refuseOtherFiles(database, path);
  return {
    madeAtMs: epochMs(madeAtMs),
    version: facts.get("version") ?? "",
    hasSecrets: facts.get("has_secrets") === "true",
  };
}

/** Who restores is root, and a backup may be of anybody: it writes among the secrets alone. */
function refuseOtherFiles(database: Database, path: string): void {
  const other = readSecretFiles(database).find(({ name }) => !isFileName(name));
  if (other === undefined) return;
  throw unusable(path, `${JSON.stringify(other.name)} is no name of a secret`);
}

function isFileName(name: string): boolean {
  return name !== "" && name !== "." && name !== ".." && !/[/\0]/.test(name);
}

function hasTable(database: Database, name: string): boolean {
  const sql = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?";
  return database.query(sql).get(name) !== null;
}

function unusable(path: string, reason: string, cause?: unknown): AppError {
  return new AppError("backup-unusable", `Cannot use backup "${path}": ${reason}`, {
    hint: "Take another backup",
    cause,
  });
}
