/**
 * Looks into the database file itself, read-only and beside the running server: what is stored, and
 * whether everything in it agrees. Uses nothing of the code under test.
 */

import { Database } from "bun:sqlite";
import { join } from "node:path";
import type { RunningServer } from "../support/running-server.ts";

/** A row of `punches`. */
export interface StoredPunch {
  /** Device, user and wall time between tabs. */
  readonly key: string;
  readonly id: number;
  /** Null while held with a device that waits. */
  readonly feedPosition: number | null;
  readonly deviceId: string;
  readonly userId: string;
  readonly instantMs: number;
  readonly direction: "in" | "out" | null;
}

/** All that is looked at of a server. */
export type StoringServer = Pick<RunningServer, "dataDir">;

/** Runs `work` on a read-only connection, in one transaction: on one state of the database. */
export function lookInto<Value>(server: StoringServer, work: (database: Database) => Value): Value {
  const database = new Database(join(server.dataDir, "biometric.db"), { readonly: true });
  try {
    database.run("PRAGMA busy_timeout = 5000");
    return database.transaction(() => work(database))();
  } finally {
    database.close();
  }
}

/** All punches, in the order in which they were stored. */
export function readStored(server: StoringServer): readonly StoredPunch[] {
  return lookInto(server, (database) =>
    database
      .query<StoredPunch, []>(
        `SELECT device_id || char(9) || user_id || char(9) || wall_time AS key, id,
           feed_position AS feedPosition, device_id AS deviceId, user_id AS userId,
           instant_ms AS instantMs, direction
         FROM punches ORDER BY id`,
      )
      .all(),
  );
}

/** One number out of the database. */
export function readCount(server: StoringServer, sql: string): number {
  return lookInto(server, (database) => countOf(database, sql));
}

/**
 * What does not agree: the file with itself, totals with the rows they count, ids and positions
 * with each other, the outbox with the feed. Empty when all is well.
 */
export function findDamage(server: StoringServer): readonly string[] {
  return lookInto(server, (database) => [
    ...checkFile(database),
    ...Object.entries(MUST_BE_ZERO).flatMap(([what, sql]) => {
      const count = countOf(database, sql);
      return count === 0 ? [] : [`${what}: ${count}`];
    }),
    ...Object.entries(COUNTED).flatMap(([column, sql]) => {
      const total = countOf(database, `SELECT ${column} FROM counters`);
      const count = countOf(database, sql);
      return total === count ? [] : [`counters.${column} is ${total}, there are ${count}`];
    }),
  ]);
}

const COUNTED = {
  punch_count: "SELECT count(*) FROM punches WHERE feed_position IS NOT NULL",
  held_count: "SELECT count(*) FROM punches WHERE feed_position IS NULL",
  // What was decided is kept for a while and counts no more.
  quarantine_count: "SELECT count(*) FROM quarantine WHERE status = 'waiting'",
  quarantine_bytes: `SELECT coalesce(sum(length(bytes) + 400), 0) FROM quarantine
    WHERE status = 'waiting'`,
  quarantine_unattributed_bytes: `SELECT coalesce(sum(length(bytes) + 400), 0) FROM quarantine
    WHERE status = 'waiting' AND device_id = ''`,
  notice_text_bytes: "SELECT coalesce(sum(length(CAST(text AS BLOB))), 0) FROM notice_texts",
  // What lies under a negative endpoint is a mark of a fill, and is sent to nobody.
  deliveries_waiting: `SELECT count(*) FROM deliveries WHERE status = 'waiting' AND endpoint_id > 0`,
  deliveries_parked: "SELECT count(*) FROM deliveries WHERE status = 'parked'",
  // What is finished, but for corrections that stay without a body, and every try.
  ledger_bytes: `SELECT
    (SELECT coalesce(sum(coalesce(octet_length(body_text), 0) + 100), 0) FROM deliveries
      WHERE status IN ('delivered', 'superseded')
      AND NOT (body_text IS NULL AND status = 'delivered' AND type = 'punch.updated'))
    + (SELECT coalesce(sum(octet_length(reply_text) + octet_length(detail) + 60), 0) FROM attempts)`,
} as const;

const MUST_BE_ZERO = {
  "punches stored twice": `SELECT count(*) FROM
    (SELECT 1 FROM punches GROUP BY device_id, user_id, wall_time HAVING count(*) > 1)`,
  "feed positions given twice": `SELECT count(feed_position) - count(DISTINCT feed_position)
    FROM punches`,
  "ids above the last one given": `SELECT count(*) FROM punches
    WHERE id > (SELECT last_punch_id FROM counters)`,
  "positions above the last one given": `SELECT count(*) FROM punches
    WHERE feed_position > (SELECT last_feed_position FROM counters)`,
  "devices whose held count is wrong": `SELECT count(*) FROM devices WHERE held_count <>
    (SELECT count(*) FROM punches WHERE device_id = devices.id AND feed_position IS NULL)`,
  "requests in quarantine": "SELECT count(*) FROM quarantine WHERE status = 'waiting'",
  "punches of unknown devices": `SELECT count(*) FROM punches
    WHERE device_id NOT IN (SELECT id FROM devices)`,
  "messages of no punch": `SELECT count(*) FROM deliveries
    WHERE event_row_id IS NULL AND punch_id NOT IN (SELECT id FROM punches WHERE feed_position IS NOT NULL)`,
  "messages made twice": `SELECT count(*) FROM
    (SELECT 1 FROM deliveries WHERE punch_id <> 0 AND endpoint_id > 0
      GROUP BY endpoint_id, punch_id, revision HAVING count(*) > 1)`,
  "endpoints whose totals are wrong": `SELECT count(*) FROM
    (SELECT endpoint_id AS id, sum(status = 'waiting') AS waiting, sum(status = 'parked') AS parked
      FROM deliveries WHERE endpoint_id > 0 GROUP BY endpoint_id) AS rows
    FULL JOIN (SELECT CAST(key AS INTEGER) AS id, value ->> 'waiting' AS waiting,
        value ->> 'parked' AS parked
      FROM counters, json_each(counters.endpoint_totals)) AS totals USING (id)
    WHERE coalesce(rows.waiting, 0) <> coalesce(totals.waiting, 0)
      OR coalesce(rows.parked, 0) <> coalesce(totals.parked, 0)`,
  // A webhook tells of every punch of these tests but imported ones, where there are webhooks at all.
  "punches without a message": `SELECT count(*) FROM punches WHERE feed_position IS NOT NULL
    AND origin <> 'imported' AND EXISTS (SELECT 1 FROM deliveries) AND id NOT IN (SELECT punch_id FROM deliveries)`,
} as const;

function checkFile(database: Database): readonly string[] {
  return database
    .query<{ integrity_check: string }, []>("PRAGMA integrity_check")
    .all()
    .map((row) => row.integrity_check)
    .filter((line) => line !== "ok");
}

function countOf(database: Database, sql: string): number {
  const row = database.query<Record<string, number>, []>(sql).get();
  return Object.values(row ?? {})[0] ?? Number.NaN;
}
