/**
 * What a database holds, for a person while no server answers. Opens the file read-only beside
 * whatever may be at work on it, reads one state of it, and changes nothing: no migration, no lock of
 * the instance, no checkpoint.
 */

import { Database } from "bun:sqlite";
import { drizzle } from "drizzle-orm/bun-sqlite";
import { AppError } from "#base/app-error.ts";
import type { Condition } from "#domain/condition.ts";
import type { Device } from "#domain/device.ts";
import { deviceId } from "#domain/identifiers.ts";
import { CommandBook } from "./commands.ts";
import { readConditions } from "./conditions.ts";
import { BUSY_TIMEOUT_MS } from "./database.ts";
import { DeviceBook, deviceFromRow } from "./devices.ts";
import { engineCode, engineHint } from "./engine-error.ts";
import { MIGRATIONS, refuseOtherSchema } from "./migrations.ts";
import { counters } from "./schema.ts";
import type { StorageFigures } from "./storage.ts";

/** One state of a database. Contact times may be 5 minutes older than the server knew them. */
export interface StoredState {
  /** Every terminal, in no order. */
  readonly devices: readonly Device[];
  /** What was wrong when the last change was recorded. */
  readonly conditions: readonly Condition[];
  readonly figures: Pick<
    StorageFigures,
    "deliveriesWaiting" | "deliveriesParked" | "quarantineCount"
  >;
}

/**
 * Reads the database at `path`. Blocks for at most a second while another program writes.
 * @throws AppError `storage-open-failed` or `storage-too-new`.
 */
export function readStoredState(path: string): StoredState {
  try {
    using database = new Database(path, { readonly: true, strict: true });
    database.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    return database.transaction(() => readAll(database))();
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError(
      "storage-open-failed",
      `Cannot read database "${path}": ${engineCode(error) ?? String(error)}`,
      { hint: engineHint(error), cause: error },
    );
  }
}

function readAll(database: Database): StoredState {
  refuseOtherSchema(database, MIGRATIONS);
  const orm = drizzle(database);
  const commands = new CommandBook(orm);
  const totals = orm.select().from(counters).get();
  return {
    devices: new DeviceBook(orm).list().map((row) => {
      const openCommandCount = commands.openOf(deviceId(row.id)).length;
      return deviceFromRow(row, openCommandCount, row);
    }),
    conditions: readConditions(orm),
    figures: {
      deliveriesWaiting: totals?.deliveriesWaiting ?? 0,
      deliveriesParked: totals?.deliveriesParked ?? 0,
      quarantineCount: totals?.quarantineCount ?? 0,
    },
  };
}
