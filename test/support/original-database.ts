/**
 * Databases as the replaced server made them, with its own statements (contract.md 6). Uses nothing
 * of the code under test.
 */

import { Database } from "bun:sqlite";

/** What SQLite can hold in any column, whatever its declared type. */
export type Value = string | number | bigint | null | Uint8Array;

/** A row of `attendance_logs`; what is left out is as the server would have written it. */
export interface LogValues {
  readonly id?: Value;
  readonly device_id?: Value;
  readonly user_id?: Value;
  readonly io_mode?: Value;
  readonly io_mode_str?: Value;
  readonly verify_mode?: Value;
  readonly verify_mode_str?: Value;
  /** 14 digits, Manila. */
  readonly timestamp?: Value;
  readonly datetime?: Value;
  readonly created_at?: Value;
  readonly datetime_utc?: Value;
  readonly datetime_local?: Value;
  readonly timezone?: Value;
}

const LOGS = `CREATE TABLE IF NOT EXISTS attendance_logs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  device_id TEXT NOT NULL,
  user_id INTEGER NOT NULL,
  io_mode INTEGER NOT NULL,
  io_mode_str TEXT NOT NULL,
  verify_mode INTEGER NOT NULL,
  verify_mode_str TEXT NOT NULL,
  timestamp TEXT NOT NULL,
  datetime TEXT NOT NULL,
  created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  UNIQUE(device_id, user_id, timestamp)
)`;
const USERS = `CREATE TABLE IF NOT EXISTS enrolled_users (
  user_id INTEGER PRIMARY KEY,
  privilege INTEGER NOT NULL,
  enabled INTEGER NOT NULL,
  password_flag INTEGER NOT NULL,
  card_flag INTEGER NOT NULL,
  face_flag INTEGER NOT NULL,
  fp_count INTEGER NOT NULL,
  vein_count INTEGER NOT NULL,
  enrolled_backups TEXT,
  updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
)`;
const DEVICES = `CREATE TABLE IF NOT EXISTS devices (
  device_id TEXT PRIMARY KEY,
  device_name TEXT,
  status TEXT NOT NULL DEFAULT 'allowed',
  last_seen TIMESTAMP,
  created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  CHECK(status IN ('allowed', 'blocked'))
)`;
const QUEUE = `CREATE TABLE IF NOT EXISTS webhook_queue (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  webhook_data TEXT NOT NULL,
  created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  retry_count INTEGER DEFAULT 0,
  last_attempt TIMESTAMP,
  next_attempt TIMESTAMP,
  error_message TEXT,
  status TEXT DEFAULT 'pending'
)`;
const INDEXES = [
  "CREATE INDEX IF NOT EXISTS idx_logs_timestamp ON attendance_logs(timestamp DESC)",
  "CREATE INDEX IF NOT EXISTS idx_logs_user_id ON attendance_logs(user_id)",
  "CREATE INDEX IF NOT EXISTS idx_logs_device_id ON attendance_logs(device_id)",
  "CREATE INDEX IF NOT EXISTS idx_users_enabled ON enrolled_users(enabled)",
];
const LATER_COLUMNS = [
  "ALTER TABLE attendance_logs ADD COLUMN datetime_utc TEXT",
  "ALTER TABLE attendance_logs ADD COLUMN datetime_local TEXT",
  "ALTER TABLE attendance_logs ADD COLUMN timezone TEXT DEFAULT 'UTC'",
];
const QUEUE_INDEX =
  "CREATE INDEX IF NOT EXISTS idx_webhook_status ON webhook_queue(status, next_attempt)";

/** The user of rows that name none. */
const USER_ID = 7;

/** A database of the replaced server, open for writing. Use it with `using`. */
export class OriginalFile implements Disposable {
  readonly path: string;
  readonly database: Database;
  #isLater = false;

  /** `later` is the schema of both late revisions; `prototype` can be upgraded as they did it. */
  constructor(path: string, schema: "prototype" | "later" = "later") {
    this.path = path;
    this.database = new Database(path, { create: true, safeIntegers: true });
    // Only as fast as a test wants it; the bytes are the same.
    this.run("PRAGMA synchronous = OFF");
    for (const sql of [LOGS, USERS, DEVICES, ...INDEXES]) this.run(sql);
    if (schema === "later") this.upgrade();
  }

  /** What a late revision does to the database it finds at its start. */
  upgrade(): void {
    for (const sql of [...LATER_COLUMNS, QUEUE, QUEUE_INDEX]) this.run(sql);
    this.#isLater = true;
  }

  /** Adds a punch. The prototype's rows have local times and the terminal's own `io_mode`. */
  addLog(values: LogValues): void {
    const local = spaced(values.timestamp);
    const utc = local === undefined ? undefined : utcText(local);
    const common = {
      device_id: "2401058352",
      user_id: USER_ID,
      io_mode: 1,
      io_mode_str: "IN",
      verify_mode: 3,
      verify_mode_str: "ID Card",
      created_at: utc ?? "2025-01-01 00:00:00",
    };
    const times = this.#isLater
      ? {
          datetime: utc ?? "2025-01-01 00:00:00",
          datetime_utc: utc ?? "2025-01-01 00:00:00",
          datetime_local: local ?? "2025-01-01 08:00:00",
          timezone: "Asia/Manila",
        }
      : { datetime: local ?? String(values.timestamp) };
    this.insert("attendance_logs", { ...common, ...times, ...values });
  }

  /** Adds rows as they are. */
  insert(table: string, values: Readonly<Record<string, Value | undefined>>): void {
    const given = Object.entries(values).filter(([, value]) => value !== undefined);
    const columns = given.map(([name]) => name).join(", ");
    const marks = given.map(() => "?").join(", ");
    this.database
      .query(`INSERT INTO ${table} (${columns}) VALUES (${marks})`)
      .run(...given.map(([, value]) => value ?? null));
  }

  /** A message of the earlier late revision (`event`), kept undelivered. */
  queueEvent(values: QueuedValues): void {
    const { device_id, user_id, timestamp } = values;
    const payload = {
      event_type: "attendance_log",
      timestamp: values.eventSeconds,
      data: { device_id, user_id, timestamp, io_mode: 1, io_mode_str: "IN", is_duplicate: false },
      source: "biometric_server",
      device_id,
      user_id,
    };
    const data = { payload, signature: "0".repeat(64), timestamp: String(values.eventSeconds) };
    this.#queue(JSON.stringify(data), values);
  }

  /** A message of the newest revision (`logs`), kept undelivered. */
  queueLogs(values: QueuedValues): void {
    const { device_id, timestamp } = values;
    const user_id = String(values.user_id);
    const log = {
      user_id,
      biometric_id: user_id,
      id: user_id,
      device_id,
      attendance_time: "2025-01-02 00:15:30",
      timestamp,
      timestamp_unix: values.eventSeconds,
      is_duplicate: false,
    };
    const data = {
      payload_json: JSON.stringify({ logs: [log] }),
      signature: "0".repeat(64),
      timestamp: String(values.eventSeconds),
      string_fields: ["user_id", "biometric_id", "id"],
    };
    this.#queue(JSON.stringify(data), values);
  }

  run(sql: string): void {
    this.database.run(sql);
  }

  /** Runs `work` in one transaction: for many rows. */
  inTransaction(work: () => void): void {
    this.database.transaction(work)();
  }

  close(): void {
    this.database.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #queue(data: string, values: QueuedValues): void {
    const { status = "failed" } = values;
    this.insert("webhook_queue", {
      webhook_data: data,
      retry_count: status === "failed" ? 4 : 0,
      last_attempt: "2025-01-02 00:16:00",
      next_attempt: "2025-01-02 08:16:20.123456",
      error_message: status === "failed" ? "Connection refused" : null,
      status,
    });
  }
}

/** What an undelivered message tells. */
export interface QueuedValues {
  readonly device_id: string;
  readonly user_id: number | string;
  readonly timestamp: string;
  /** When its event was, in Unix seconds. */
  readonly eventSeconds: number;
  readonly status?: "pending" | "failed";
}

/** `YYYY-MM-DD HH:MM:SS` of 14 digits; undefined for any other text. */
function spaced(timestamp: Value | undefined): string | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(String(timestamp));
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  return `${year}-${month}-${day} ${hour}:${minute}:${second}`;
}

/** Eight hours before a Manila text. */
function utcText(local: string): string {
  const instant = Date.parse(`${local.replace(" ", "T")}+08:00`);
  return new Date(instant).toISOString().slice(0, 19).replace("T", " ");
}
