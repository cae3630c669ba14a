/** Makes a plain database of a backup. */

import { Database } from "bun:sqlite";
import { chmodSync, constants, copyFileSync, rmSync } from "node:fs";
import { moveFlushed } from "#platform/files.ts";
import { dropBackupTables } from "./backup-file.ts";

/**
 * Puts the database of a backup in the place of `target`, in one step and on disk; no log may lie
 * beside that. `change` is done to it before. Blocks.
 */
export function unpackBackup(
  backup: string,
  target: string,
  change: (database: Database) => void = () => undefined,
): void {
  const temporary = `${target}.${process.pid}.tmp`;
  try {
    copyFileSync(backup, temporary, constants.COPYFILE_EXCL);
    chmodSync(temporary, 0o600);
    using database = new Database(temporary, { readwrite: true, strict: true });
    change(database);
    dropBackupTables(database);
    database.close();
    moveFlushed(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
