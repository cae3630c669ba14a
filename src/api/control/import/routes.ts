/** An import on the control socket: takes the rows that the verb reads, a bounded number at once. */

import { Elysia } from "elysia";
import { parseTimeZone } from "#config/values.ts";
import type { OriginalRow } from "#domain/original-row.ts";
import type { Clock } from "#platform/clock.ts";
import type { Log } from "#platform/log.ts";
import type { Storage } from "#storage/storage.ts";
import { ApiFailure } from "../../errors.ts";
import { IMPORT_ROWS_MAX, ImportDone, ImportRows, ImportRowsReport, ImportStart } from "./model.ts";

/** What the import's part works on. */
export interface ImportControlOptions {
  readonly storage: Pick<Storage, "importer">;
  readonly clock: Clock;
  readonly log: Log;
  /** Called at the end: directions are to be corrected, punches released, messages sent. */
  readonly onWork: () => void;
}

/** `POST /import/start`, then `POST /import/rows` as often as needed, then `POST /import/finish`. */
export function importControl({ storage, clock, log, onWork }: ImportControlOptions) {
  const { importer } = storage;
  return new Elysia({ name: "control-import", strictPath: true })
    .post(
      "/import/start",
      async ({ body }) => {
        await importer.reserveIds(Math.floor(body.last_id));
        log.info("import.started", { lastId: body.last_id });
        return { done: true };
      },
      { body: ImportStart, response: ImportDone },
    )
    .post(
      "/import/rows",
      async ({ body }) => {
        const startedMs = clock.monotonicMs();
        const hostTimeZone = readZone(body.host_time_zone);
        const rows = readRows(body.rows);
        const circumstances = { nowMs: clock.nowMs(), hostTimeZone };
        const report = await importer.importRows(body.table, rows, circumstances);
        return {
          imported_count: report.importedCount,
          known_count: report.knownCount,
          flag_counts: { ...report.flagCounts },
          refused: report.refused.map((row) => ({ ...row })),
          blocked_ms: clock.monotonicMs() - startedMs,
        };
      },
      { body: ImportRows, response: ImportRowsReport },
    )
    .post(
      "/import/finish",
      () => {
        onWork();
        log.info("import.finished");
        return { done: true };
      },
      { response: ImportDone },
    );
}

/** By hand, since the framework's check of so many values costs a tenth of the whole import. */
function readRows(values: readonly unknown[]): readonly OriginalRow[] {
  if (values.length > IMPORT_ROWS_MAX) {
    const message = `The request has ${values.length} rows: at most ${IMPORT_ROWS_MAX} are accepted`;
    throw new ApiFailure("request-invalid", message);
  }
  if (values.every(isRow)) return values;
  throw new ApiFailure("request-invalid", "A row is no object of text and null");
}

function isRow(value: unknown): value is OriginalRow {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((field) => field === null || typeof field === "string");
}

function readZone(name: string | null): string | undefined {
  if (name === null) return undefined;
  const zone = parseTimeZone(name);
  if (zone !== undefined) return zone;
  throw new ApiFailure("request-invalid", "host_time_zone is no IANA time zone");
}
