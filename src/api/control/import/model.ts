/** What an import says on the control socket. */

import { type Static, t } from "elysia";
import { ORIGINAL_TABLES } from "#domain/original-row.ts";

/** Rows in one request, and so in one transaction. */
export const IMPORT_ROWS_MAX = 500;

export const ImportStart = t.Object({
  /** The highest id that the file has given to a punch. */
  last_id: t.Number(),
});

export const ImportRows = t.Object({
  table: t.Union(ORIGINAL_TABLES.map((table) => t.Literal(table))),
  /** IANA zone of the clock of the host that wrote the file; null: the site's. */
  host_time_zone: t.Union([t.String(), t.Null()]),
  /** Objects by the file's own column names, of text or null; `readRows` looks at each value. */
  rows: t.Array(t.Unknown()),
});

export const ImportRowsReport = t.Object({
  imported_count: t.Number(),
  /** Rows that had nothing to add. */
  known_count: t.Number(),
  /** Imported rows by what a person may want to know of them. */
  flag_counts: t.Record(t.String(), t.Number()),
  refused: t.Array(t.Object({ id: t.String(), code: t.String(), reason: t.String() })),
  /** How long the server did nothing else, in milliseconds. */
  blocked_ms: t.Number(),
});
export type ImportRowsReport = Static<typeof ImportRowsReport>;

export const ImportDone = t.Object({ done: t.Boolean() });
