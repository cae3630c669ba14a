/**
 * Takes the bytes of the quarantine out of a database that is to be given away: nobody has read them,
 * so templates and cards may be among them. That something was kept, and why, stays.
 */

import type { Database } from "bun:sqlite";
import { QUARANTINE_ROW_BYTES } from "./quarantine.ts";

/**
 * Deleted bytes are overwritten where the caller has switched that on. What takes the place of a digest
 * is none: bytes that come again are kept again.
 */
export function stripQuarantine(database: Database): void {
  database.run("UPDATE quarantine SET bytes = x'', sha256 = CAST('left out ' || id AS BLOB)");
  // A database of an earlier version has no decisions.
  const waits = hasStatus(database) ? "status = 'waiting'" : "true";
  const bytesOf = (owner: string) =>
    `(SELECT count(*) * ${QUARANTINE_ROW_BYTES} FROM quarantine WHERE ${waits} AND ${owner})`;
  database.run(`UPDATE counters SET quarantine_bytes = ${bytesOf("true")},
    quarantine_unattributed_bytes = ${bytesOf("device_id = ''")}`);
  database.run(`UPDATE devices SET quarantine_bytes = ${bytesOf("device_id = devices.id")}
    WHERE quarantine_bytes > 0`);
}

function hasStatus(database: Database): boolean {
  const columns = database.query<{ name: string }, []>("PRAGMA table_info(quarantine)").all();
  return columns.some(({ name }) => name === "status");
}
