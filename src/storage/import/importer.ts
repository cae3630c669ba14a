/**
 * Brings rows of the replaced server's database in, a bounded number in each transaction of the one
 * writer. Nothing of an import is kept between two calls, so that it can break off anywhere and be
 * started again.
 */

import type { Database } from "bun:sqlite";
import type { EpochMs } from "#base/epoch.ts";
import { KEPT_ID_MAX } from "#domain/imported-punch.ts";
import type { OriginalRow, OriginalTable } from "#domain/original-row.ts";
import { guardEngine, isEngineFailure } from "../engine-error.ts";
import type { PunchPlacer } from "../place-punch.ts";
import type { StorageRules } from "../rules.ts";
import type { WriteParts } from "../write-parts.ts";
import { DeliveryImport } from "./import-deliveries.ts";
import { DeviceImport } from "./import-devices.ts";
import { EnrollmentImport } from "./import-enrollments.ts";
import { PunchImport } from "./import-punches.ts";
import { type ImportReport, type RowResult, refused, reportOf } from "./import-report.ts";

/** When and where the file was written and read. */
export interface ImportCircumstances {
  readonly nowMs: EpochMs;
  /** IANA zone of the clock of the host that wrote the file; undefined: the site's. */
  readonly hostTimeZone: string | undefined;
}

/** What an import calls: first `reserveIds`, then the tables in the order of `ORIGINAL_TABLES`. */
export interface Importer {
  /** Lets our own ids be above the ids that the file has given, up to `KEPT_ID_MAX`. */
  reserveIds(lastId: number): Promise<void>;
  /**
   * Stores rows in one transaction and reports after the commit is on disk. Blocks the loop for
   * its time. Rows that were stored before change nothing.
   */
  importRows(
    table: OriginalTable,
    rows: readonly OriginalRow[],
    circumstances: ImportCircumstances,
  ): Promise<ImportReport>;
}

export function createImporter(options: {
  readonly database: Database;
  readonly parts: WriteParts;
  readonly placer: PunchPlacer;
  readonly rules: StorageRules;
}): Importer {
  const { database, parts, rules } = options;
  const devices = new DeviceImport(parts, rules);
  const enrollments = new EnrollmentImport(database, parts, rules);
  const punches = new PunchImport({ ...options, devices });
  const deliveries = new DeliveryImport(database, parts, rules);

  const applierOf = (table: OriginalTable, at: ImportCircumstances): RowApplier => {
    const { nowMs } = at;
    switch (table) {
      case "devices": {
        const context = { nowMs, hostTimeZone: at.hostTimeZone ?? rules.siteTimeZone };
        return { apply: (row) => devices.apply(row, context) };
      }
      case "enrolled_users":
        return { apply: (row) => enrollments.apply(row, nowMs) };
      case "attendance_logs":
        return {
          begin: () => punches.begin(),
          apply: (row) => punches.apply(row, nowMs),
          finish: () => punches.finish(nowMs),
        };
      case "webhook_queue":
        return { apply: (row) => deliveries.apply(row, nowMs) };
    }
  };
  return {
    reserveIds: async (lastId) =>
      guardEngine("reserve ids for an import", () =>
        parts.transaction(() => parts.counters.raisePunchIds(Math.min(lastId, KEPT_ID_MAX))),
      ),
    importRows: async (table, rows, at) =>
      guardEngine(`import rows of "${table}"`, () =>
        reportOf(applyRows(parts, rows, applierOf(table, at))),
      ),
  };
}

interface RowApplier {
  readonly begin?: () => void;
  readonly apply: (row: OriginalRow) => RowResult;
  readonly finish?: () => void;
}

/** A row that trips a bug of ours is refused alone, at the price of a second go with savepoints. */
function applyRows(parts: WriteParts, rows: readonly OriginalRow[], applier: RowApplier) {
  try {
    return applyAll(parts, rows, applier);
  } catch (error) {
    if (isEngineFailure(error)) throw error;
    return applyAll(parts, rows, { ...applier, apply: (row) => applyAlone(parts, row, applier) });
  }
}

function applyAll(parts: WriteParts, rows: readonly OriginalRow[], applier: RowApplier) {
  return parts.transaction(() => {
    applier.begin?.();
    const results = rows.map((row) => [row.id ?? "", applier.apply(row)] as const);
    applier.finish?.();
    return results;
  });
}

function applyAlone(parts: WriteParts, row: OriginalRow, applier: RowApplier): RowResult {
  try {
    return parts.savepoint(
      () => applier.apply(row),
      () => true,
    );
  } catch (error) {
    if (isEngineFailure(error)) throw error;
    return refused("rule-failed", `A bug of this program, please report it: ${String(error)}`);
  }
}
