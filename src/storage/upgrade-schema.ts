/**
 * Brings the schema of a database up to date, behind a snapshot that takes its place again if a
 * migration fails. Nobody else uses the database meanwhile.
 */

import type { Database } from "bun:sqlite";
import { rmSync } from "node:fs";
import { AppError } from "#base/app-error.ts";
import type { EpochMs } from "#base/epoch.ts";
import { engineCode, engineHint } from "./engine-error.ts";
import { makeSnapshot } from "./make-backup.ts";
import { applyMigrations, isBehind, type Migration } from "./migrations.ts";
import { unpackBackup } from "./unpack-backup.ts";

/**
 * As `applyMigrations`, and closes the database when it puts the snapshot back.
 * @throws AppError as `applyMigrations`; `backup-failed` without room for the snapshot, having changed
 * nothing; `storage-open-failed` when a migration failed.
 */
export function bringUpToDate(
  database: Database,
  migrations: readonly Migration[],
  nowMs: EpochMs,
): boolean {
  if (!isBehind(database, migrations)) return applyMigrations(database, migrations, nowMs);
  const { filename: path } = database;
  // With everything in the file itself, the log can be thrown away when the file is replaced.
  database.run("PRAGMA wal_checkpoint(TRUNCATE)");
  const snapshot = makeSnapshot(path, { label: `before-schema-${migrations.length}`, nowMs });
  try {
    return applyMigrations(database, migrations, nowMs);
  } catch (cause) {
    // One that was refused has changed nothing.
    if (cause instanceof AppError) throw cause;
    database.close();
    for (const side of ["-wal", "-shm"]) rmSync(`${path}${side}`, { force: true });
    unpackBackup(snapshot.path, path);
    const found = engineCode(cause) ?? String(cause);
    throw new AppError(
      "storage-open-failed",
      `Cannot bring database "${path}" to schema ${migrations.length}: ${found}; it is again as it was before`,
      { hint: `Go back to the executable that ran here before. ${engineHint(cause)}`, cause },
    );
  }
}
