/**
 * Lets one server at a time work in a data folder. Ids and totals are counted in memory, so a
 * second writer would give them out twice. The lock is the kernel's (SQLite takes it with fcntl):
 * it ends with the process, however that ends.
 */

import { Database } from "bun:sqlite";
import { chmodSync } from "node:fs";
import { AppError } from "#base/app-error.ts";
import { engineCode } from "./engine-error.ts";

/** A lock that is held until `release`. */
export interface InstanceLock {
  release(): void;
}

/** @throws AppError `storage-open-failed` when another server holds the folder, or no file can be made. */
export function lockInstance(path: string): InstanceLock {
  const database = lockFile(path);
  return {
    release() {
      if (database.inTransaction) database.run("ROLLBACK");
      database.close();
    },
  };
}

function lockFile(path: string): Database {
  let database: Database | undefined;
  try {
    database = new Database(path, { create: true, readwrite: true });
    chmodSync(path, 0o600);
    database.run("PRAGMA journal_mode = MEMORY");
    database.run("BEGIN EXCLUSIVE");
    return database;
  } catch (error) {
    database?.close();
    throw lockFailure(path, error);
  }
}

function lockFailure(path: string, cause: unknown): AppError {
  if (engineCode(cause)?.startsWith("SQLITE_BUSY")) {
    return new AppError(
      "storage-open-failed",
      `Cannot lock "${path}": another server works in this data folder, and only one may`,
      {
        hint: 'Stop the other one ("systemctl stop biometric-server"), or set DATA_DIR to another folder',
        cause,
      },
    );
  }
  return new AppError(
    "storage-open-failed",
    `Cannot lock "${path}": ${engineCode(cause) ?? String(cause)}`,
    {
      hint: 'The server must own DATA_DIR and be able to write there: look at "mount" and "ls -ld"',
      cause,
    },
  );
}
