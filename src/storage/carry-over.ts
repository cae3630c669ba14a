/**
 * Makes the database of a backup fit to take the place of this box's own: a new history of the feed,
 * ids that nobody has seen, and whatever the box has taken back since. Works on two files that no
 * server uses.
 */

import type { Database } from "bun:sqlite";
import { type EpochMs, epochMs } from "#base/epoch.ts";
import { MANUAL_DRIVER } from "#domain/device.ts";
import { newSecret, newUniqueName } from "#platform/random-text.ts";
import { TOLD_BEFORE_FACT, TOLD_FACT } from "./completeness-book.ts";
import type { EndedFeedEpoch } from "./storage.ts";

/** What the restored database is told, and what it takes over. */
export interface CarryOver {
  /** Of the backup, brought to the present schema. */
  readonly restored: Database;
  /** The box's own database of before, to be read; undefined where there is none that can be. */
  readonly own: Database | undefined;
  /** When the backup was made. */
  readonly madeAtMs: EpochMs;
  readonly nowMs: EpochMs;
}

/** What became of it. */
export interface CarriedOver {
  /** Whether the backup is of this very box. */
  readonly isOwnBackup: boolean;
  /** Readers that followed the feed have to read from this instant of the punches on. */
  readonly rereadFromMs: EpochMs;
  /** Ids of punches begin behind this one. */
  readonly lastPunchId: number;
  /** Receivers that are switched off because nobody knows their secrets any more. */
  readonly endpointsWithoutSecret: readonly string[];
  readonly cancelledCommandCount: number;
  /** Users that were purged since the backup, and are in it. */
  readonly purgedUsers: readonly string[];
  readonly waitingDeliveryCount: number;
}

type Row = Record<string, string | number | null | Uint8Array>;

/** So many ids may have been given out since the backup. */
const IDS_SKIPPED = 1_000_000;
const DAY_MS = 86_400_000;
/** Without the database of before nobody knows what came late since the backup. */
const UNKNOWN_MS = 35 * DAY_MS;

/** Changes `restored`, in one transaction. Throws the engine's error. */
export function carryOver(options: CarryOver): CarriedOver {
  const { restored } = options;
  return restored.transaction(() => {
    const isOwnBackup = boxIdOf(options.own) === boxIdOf(restored);
    const own = isOwnBackup ? options.own : undefined;
    const rereadFromMs = findRereadFrom({ ...options, own });
    const purgedUsers = own === undefined ? [] : listPurgedSince(own, restored);
    endFeedEpoch({ ...options, own }, rereadFromMs);
    holdCompleteness({ ...options, own });
    if (own !== undefined) {
      copyRows(own, restored, "clients");
      copyRows(own, restored, "audit_entries");
      copyRows(own, restored, "webhook_endpoints", (row) => withFillOf(restored, row));
      keepBlocked(own, restored);
    }
    const lastPunchId = skipIds(restored, options.own);
    noteRestore(options);
    return {
      isOwnBackup,
      rereadFromMs,
      lastPunchId,
      purgedUsers,
      endpointsWithoutSecret: switchOffWithoutSecret(restored),
      cancelledCommandCount: cancelCommands(options),
      waitingDeliveryCount: numberIn(
        restored,
        "SELECT count(*) FROM deliveries WHERE status = 'waiting'",
      ),
    };
  })();
}

function boxIdOf(database: Database | undefined): string | undefined {
  return database === undefined ? undefined : factOf(database, "box_id");
}

/** The time of the oldest punch that readers saw enter the feed, or change, since the backup. */
function findRereadFrom({ restored, own, madeAtMs }: CarryOver): EpochMs {
  if (own === undefined) return epochMs(madeAtMs - UNKNOWN_MS);
  // Places in the feed are never given out again, not even over a restore.
  const last = numberIn(restored, "SELECT last_feed_position FROM counters");
  const sql = "SELECT min(instant_ms) FROM punches WHERE feed_position > ?";
  const [oldest] = Object.values(own.query<Row, [number]>(sql).get(last) ?? {});
  return epochMs(Math.min(madeAtMs - DAY_MS, Number(oldest ?? madeAtMs)));
}

function endFeedEpoch({ restored, own, nowMs }: CarryOver, rereadFromMs: EpochMs): void {
  const before = own ?? restored;
  const ended: EndedFeedEpoch[] = JSON.parse(factOf(before, "ended_feed_epochs") ?? "[]");
  const epoch = factOf(before, "feed_epoch");
  if (epoch !== undefined) ended.push({ epoch, endedAtMs: nowMs, rereadFromMs });
  writeFact(restored, "ended_feed_epochs", JSON.stringify(ended));
  writeFact(restored, "feed_epoch", newUniqueName());
}

/** What terminals sent since the backup is gone, though it was acknowledged, and told to be complete. */
function holdCompleteness({ restored, own, madeAtMs, nowMs }: CarryOver): void {
  // Later than whatever the backup holds, also by a clock that is behind.
  const restoredAtMs = Math.max(nowMs, madeAtMs + 1);
  writeFact(restored, "restored_at_ms", String(restoredAtMs));
  restored.run("UPDATE devices SET received_hold_ms = ? WHERE driver <> ?", [
    restoredAtMs,
    MANUAL_DRIVER,
  ]);
  const told = [restored, ...(own === undefined ? [] : [own])]
    .flatMap((one) => [factOf(one, TOLD_FACT), factOf(one, TOLD_BEFORE_FACT)])
    .map(Number)
    .filter((toldMs) => toldMs <= nowMs);
  if (told.length > 0) writeFact(restored, TOLD_BEFORE_FACT, String(Math.max(...told)));
}

function skipIds(restored: Database, own: Database | undefined): number {
  for (const column of ["last_punch_id", "last_feed_position"]) {
    const sql = `SELECT ${column} FROM counters`;
    const last = Math.max(numberIn(restored, sql), own === undefined ? 0 : numberIn(own, sql));
    restored.run(`UPDATE counters SET ${column} = ?`, [last + IDS_SKIPPED]);
  }
  skipRowNumbers(restored, own);
  return numberIn(restored, "SELECT last_punch_id FROM counters");
}

/**
 * Of events, commands and late punches, which readers keep their place by. Endpoints are not numbered
 * so highly. A table that never had a row is in no sequence yet.
 */
function skipRowNumbers(restored: Database, own: Database | undefined): void {
  const sql = `SELECT name, coalesce(seq, 0) AS seq FROM sqlite_schema
    LEFT JOIN sqlite_sequence USING (name)
    WHERE type = 'table' AND sql LIKE '% AUTOINCREMENT %' AND name <> 'webhook_endpoints'`;
  const numbered = (database: Database) =>
    database.query<{ name: string; seq: number }, []>(sql).all();
  const given = new Map(own && numbered(own).map(({ name, seq }) => [name, seq]));
  for (const { name, seq } of numbered(restored)) {
    restored.run("DELETE FROM sqlite_sequence WHERE name = ?", [name]);
    restored.run("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", [
      name,
      Math.max(seq, given.get(name) ?? 0) + IDS_SKIPPED,
    ]);
  }
}

/** By the audit, whose ids a backup of the same box shares as far as it reaches. */
function listPurgedSince(own: Database, restored: Database): readonly string[] {
  if (columnsOf(own, "audit_entries").length === 0) return [];
  const last = numberIn(restored, "SELECT coalesce(max(id), 0) FROM audit_entries");
  const sql = `SELECT DISTINCT subject FROM audit_entries
    WHERE action = 'user.purge-begun' AND id > ? ORDER BY subject`;
  const rows = own.query<{ subject: string }, [number]>(sql).all(last);
  return rows.map(({ subject }) => subject);
}

/** The act that decides what is there, and is in neither of the two. */
function noteRestore({ restored, madeAtMs, nowMs }: CarryOver): void {
  const madeAt = new Date(madeAtMs).toISOString();
  restored.run(
    `INSERT INTO audit_entries (at_ms, actor, action, subject, detail_text)
     VALUES (?, 'operator', 'box.restored', ?, '{}')`,
    [nowMs, madeAt],
  );
}

/** Rows of the box take the place of those of the backup; columns that only one has are left out. */
function copyRows(
  own: Database,
  restored: Database,
  ...[table, change = (row) => row]: [table: string, change?: (row: Row) => Row]
): void {
  const shared = columnsOf(own, table).filter((name) => columnsOf(restored, table).includes(name));
  // A database that was never brought to the present schema.
  if (shared.length === 0) return;
  const list = shared.map((name) => `"${name}"`).join(", ");
  const marks = shared.map(() => "?").join(", ");
  const insert = restored.query(`INSERT OR REPLACE INTO ${table} (${list}) VALUES (${marks})`);
  for (const row of own.query<Row, []>(`SELECT ${list} FROM ${table}`).all()) {
    const changed = change(row);
    insert.run(...shared.map((name) => changed[name] ?? null));
  }
}

function columnsOf(database: Database, table: string): readonly string[] {
  const rows = database.query<{ name: string }, []>(`PRAGMA table_info(${table})`).all();
  return rows.map(({ name }) => name);
}

/** Up to where a receiver was served is what the backup knows; a newer one has it all behind it. */
function withFillOf(restored: Database, row: Row): Row {
  const sql = "SELECT fill_after_position, fill_from_ms FROM webhook_endpoints WHERE id = ?";
  const filled = restored.query<Row, [number]>(sql).get(Number(row.id));
  return { ...row, ...(filled ?? { fill_after_position: null, fill_from_ms: null }) };
}

/** A terminal that was put out of use since stays out of use. */
function keepBlocked(own: Database, restored: Database): void {
  const sql = "SELECT id, status FROM devices WHERE status IN ('blocked', 'retired')";
  for (const { id, status } of own.query<{ id: string; status: string }, []>(sql).all()) {
    restored.run("UPDATE devices SET status = ? WHERE id = ?", [status, id]);
  }
}

/** A receiver that was added has a secret of its own, and must not be sent what nobody signed. */
function switchOffWithoutSecret(restored: Database): readonly string[] {
  const where = "origin = 'added' AND secret = '' AND removed_at_ms IS NULL";
  const sql = `SELECT id, name FROM webhook_endpoints WHERE ${where}`;
  const rows = restored.query<{ id: number; name: string }, []>(sql).all();
  for (const { id } of rows) {
    restored.run("UPDATE webhook_endpoints SET secret = ?, is_enabled = 0 WHERE id = ?", [
      newSecret(),
      id,
    ]);
  }
  return rows.map(({ name }) => name);
}

/** What waits in a backup may have been done since; a person may ask for it again. */
function cancelCommands({ restored, nowMs }: CarryOver): number {
  const problem = "It waited in a backup that was restored, and may have been done before";
  return restored.run(
    `UPDATE commands SET status = 'cancelled', finished_at_ms = ?, problem = ?
     WHERE status IN ('waiting', 'sent')`,
    [nowMs, problem],
  ).changes;
}

function factOf(database: Database, name: string): string | undefined {
  const sql = "SELECT value FROM box WHERE name = ?";
  return database.query<{ value: string }, [string]>(sql).get(name)?.value;
}

function writeFact(database: Database, name: string, value: string): void {
  database.run("INSERT OR REPLACE INTO box (name, value) VALUES (?, ?)", [name, value]);
}

function numberIn(database: Database, sql: string): number {
  const [value] = Object.values(database.query<Record<string, number>, []>(sql).get() ?? {});
  return value ?? 0;
}
