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

/** @throws AppError `storage-open-failed` when another server holds the folder. */
export function lockInstance(path: string): InstanceLock {
  const database = new Database(path, { create: true, readwrite: true });
  try {
    chmodSync(path, 0o600);
    database.run("PRAGMA journal_mode = MEMORY");
    database.run("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (!engineCode(error)?.startsWith("SQLITE_BUSY")) throw error;
    throw new AppError(
      "storage-open-failed",
      `Cannot lock "${path}": another server works in this data folder, and only one may`,
      {
        hint: 'Stop the other one ("systemctl stop biometric-server"), or set DATA_DIR to another folder',
        cause: error,
      },
    );
  }
  return {
    release() {
      if (database.inTransaction) database.run("ROLLBACK");
      database.close();
    },
  };
}
