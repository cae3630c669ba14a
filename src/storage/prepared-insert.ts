/**
 * An INSERT over all columns of a table of the schema, prepared once and bound by name: the
 * query builder maps every value at every call, which on the way of a punch costs as much as
 * SQLite itself.
 */

import type { Database } from "bun:sqlite";
import { getTableColumns, getTableName } from "drizzle-orm";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";

/** One value of a row as the engine takes it. */
type Bindable = string | number | boolean | null;

/** A whole row under the schema's own names; a missing one is an error of the engine's. */
export type BindableRow<Table extends SQLiteTable> = Record<
  keyof Table["_"]["columns"] & string,
  Bindable
>;

/** Prepares the statement; the returned function inserts one row, inside the caller's transaction. */
export function prepareInsert<Table extends SQLiteTable>(
  database: Database,
  table: Table,
): (row: BindableRow<Table>) => void {
  const columns = Object.entries(getTableColumns(table));
  const names = columns.map(([, column]) => `"${column.name}"`).join(", ");
  const marks = columns.map(([key]) => `$${key}`).join(", ");
  const statement = database.prepare<never, [Record<string, Bindable>]>(
    `INSERT INTO "${getTableName(table)}" (${names}) VALUES (${marks})`,
  );
  return (row) => void statement.run(row);
}
