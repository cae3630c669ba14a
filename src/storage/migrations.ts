/**
 * The numbered migrations the executable carries, and the small runner that applies them. Each is
 * recorded with its name and SHA-256, so that an edited or missing one is noticed. Migrations only
 * add: an older executable may work on a newer database as long as it meets `minReader`.
 */

import type { Database } from "bun:sqlite";
import { AppError } from "#base/app-error.ts";
import type { EpochMs } from "#base/epoch.ts";
import initial from "./migrations/0000_initial.sql" with { type: "text" };
import usersClients from "./migrations/0001_users_clients.sql" with { type: "text" };
import parkedDeliveries from "./migrations/0002_parked_deliveries.sql" with { type: "text" };
import readIndexes from "./migrations/0003_read_indexes.sql" with { type: "text" };
import commandsEvents from "./migrations/0004_commands_events.sql" with { type: "text" };
import terminalRules from "./migrations/0005_terminal_rules.sql" with { type: "text" };
import commandRequests from "./migrations/0006_command_requests.sql" with { type: "text" };
import endpointsLedger from "./migrations/0007_endpoints_ledger.sql" with { type: "text" };
import decisions from "./migrations/0008_decisions.sql" with { type: "text" };

/** One step of the schema. */
export interface Migration {
  /** From 1, without gaps. */
  readonly number: number;
  /** The file's name without its ending. */
  readonly name: string;
  /** Statements between drizzle-kit's breakpoints. */
  readonly sql: string;
  /** The lowest schema number an executable must know to work on a database that has this step. */
  readonly minReader: number;
}

/** Every migration, in order. `test/storage/migrations.test.ts` compares it with the folder. */
export const MIGRATIONS: readonly Migration[] = [
  { number: 1, name: "0000_initial", sql: initial, minReader: 1 },
  { number: 2, name: "0001_users_clients", sql: usersClients, minReader: 1 },
  { number: 3, name: "0002_parked_deliveries", sql: parkedDeliveries, minReader: 1 },
  { number: 4, name: "0003_read_indexes", sql: readIndexes, minReader: 1 },
  { number: 5, name: "0004_commands_events", sql: commandsEvents, minReader: 1 },
  { number: 6, name: "0005_terminal_rules", sql: terminalRules, minReader: 1 },
  { number: 7, name: "0006_command_requests", sql: commandRequests, minReader: 1 },
  // An executable that knows one endpoint would send it the messages of all.
  { number: 8, name: "0007_endpoints_ledger", sql: endpointsLedger, minReader: 8 },
  { number: 9, name: "0008_decisions", sql: decisions, minReader: 8 },
];

interface AppliedMigration {
  readonly number: number;
  readonly name: string;
  readonly sha256: string;
  readonly min_reader: number;
}

const BREAKPOINT = "--> statement-breakpoint";

const CREATE_TABLE = `CREATE TABLE IF NOT EXISTS schema_migrations (
  number INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  min_reader INTEGER NOT NULL,
  applied_at_ms INTEGER NOT NULL
)`;

/**
 * Brings the schema up to date in one transaction, or leaves it as it was. Returns whether there was
 * anything to do.
 * @throws AppError `storage-too-new` when the database needs a newer executable,
 * `storage-damaged` when an applied migration was edited or is missing,
 * `storage-open-failed` when the file is another program's database.
 */
export function applyMigrations(
  database: Database,
  migrations: readonly Migration[],
  nowMs: EpochMs,
): boolean {
  const applied = listReadable(database, migrations);
  for (const [index, step] of applied.entries()) {
    const own = migrations[index];
    if (own !== undefined) checkUnchanged(database, step, own);
  }
  database.transaction(() => {
    database.run(CREATE_TABLE);
    for (const step of migrations.slice(applied.length)) applyOne(database, step, nowMs);
  })();
  return applied.length < migrations.length;
}

/**
 * Whether a database that holds something is to be changed by a migration.
 * @throws AppError `storage-too-new`, or `storage-open-failed` for another program's database.
 */
export function isBehind(database: Database, migrations: readonly Migration[]): boolean {
  const { length } = listReadable(database, migrations);
  return length > 0 && length < migrations.length;
}

/**
 * Refuses a database that this executable cannot read as it is.
 * @throws AppError `storage-too-new`, or `storage-open-failed` for another program's database and for
 * one whose schema a start of the server has yet to bring up to date.
 */
export function refuseOtherSchema(database: Database, migrations: readonly Migration[]): void {
  const { length } = listReadable(database, migrations);
  if (length >= migrations.length) return;
  throw new AppError(
    "storage-open-failed",
    `Cannot read database "${database.filename}": it has schema ${length}, this executable reads ${migrations.length}`,
    { hint: "Start the server, which brings it up to date" },
  );
}

/** The steps of a database that this executable knows well enough. */
function listReadable(
  database: Database,
  migrations: readonly Migration[],
): readonly AppliedMigration[] {
  refuseForeignDatabase(database);
  const applied = listApplied(database);
  const known = migrations.length;
  const neededReader = Math.max(0, ...applied.map((step) => step.min_reader));
  if (neededReader <= known) return applied;
  throw new AppError(
    "storage-too-new",
    `Cannot open database "${database.filename}": it needs schema ${neededReader}, this executable knows ${known}`,
    { hint: "Install the executable that last ran here, or a newer one" },
  );
}

function refuseForeignDatabase(database: Database): void {
  const tables = database
    .query<{ name: string }, []>("SELECT name FROM sqlite_master WHERE type = 'table'")
    .all()
    .map((row) => row.name);
  if (tables.length > 0 && !tables.includes("schema_migrations")) {
    throw new AppError(
      "storage-open-failed",
      `Cannot open database "${database.filename}": it was made by another program (tables ${tables.slice(0, 3).join(", ")}), expected an empty file or one of ours`,
      { hint: "Set DATA_DIR to a folder of its own" },
    );
  }
}

function listApplied(database: Database): readonly AppliedMigration[] {
  const exists = database
    .query<{ name: string }, []>("SELECT name FROM sqlite_master WHERE name = 'schema_migrations'")
    .get();
  if (exists === null) return [];
  return database
    .query<AppliedMigration, []>(
      "SELECT number, name, sha256, min_reader FROM schema_migrations ORDER BY number",
    )
    .all();
}

function checkUnchanged(database: Database, applied: AppliedMigration, own: Migration): void {
  if (applied.number === own.number && applied.sha256 === sha256(own.sql)) return;
  throw new AppError(
    "storage-damaged",
    `Cannot open database "${database.filename}": its migration ${applied.number} "${applied.name}" differs from "${own.name}" of this executable`,
    { hint: "Install the executable that last ran here, and report this" },
  );
}

function applyOne(database: Database, step: Migration, nowMs: EpochMs): void {
  for (const statement of step.sql.split(BREAKPOINT)) {
    if (statement.trim() !== "") database.run(statement);
  }
  database.run(
    "INSERT INTO schema_migrations (number, name, sha256, min_reader, applied_at_ms) VALUES (?, ?, ?, ?, ?)",
    [step.number, step.name, sha256(step.sql), step.minReader, nowMs],
  );
}

function sha256(text: string): string {
  return new Bun.CryptoHasher("sha256").update(text).digest("hex");
}
