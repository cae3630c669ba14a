/** What a program has to know to work on a database, and what this one knows. */

import { Database } from "bun:sqlite";
import { AppError } from "#base/app-error.ts";
import { BUSY_TIMEOUT_MS } from "./database.ts";
import { engineCode, engineHint } from "./engine-error.ts";
import { MIGRATIONS } from "./migrations.ts";

/** The schema that this executable brings a database to. */
export const OWN_SCHEMA = MIGRATIONS.length;

/** The lowest schema an executable must know to work on what this one has worked on. */
export const OWN_MIN_READER = Math.max(...MIGRATIONS.map(({ minReader }) => minReader));

/**
 * The lowest schema an executable must know to work on the database at `path`. Reads only.
 * @throws AppError `storage-open-failed`.
 */
export function readMinReader(path: string): number {
  try {
    using database = new Database(path, { readonly: true, strict: true });
    database.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    const row = database
      .query<{ wanted: number | null }, []>(
        "SELECT max(min_reader) AS wanted FROM schema_migrations",
      )
      .get();
    return row?.wanted ?? 0;
  } catch (cause) {
    throw new AppError(
      "storage-open-failed",
      `Cannot read database "${path}": ${engineCode(cause) ?? String(cause)}`,
      { hint: engineHint(cause), cause },
    );
  }
}
