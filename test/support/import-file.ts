/**
 * An import without a verb and a server in between: from a file into storage.
 */

import { ORIGINAL_TABLES, type OriginalTable } from "#domain/original-row.ts";
import type { ImportReport } from "#storage/import/import-report.ts";
import { openOriginalDatabase } from "#storage/original-database.ts";
import type { Storage } from "#storage/storage.ts";
import { RECEIVED_AT_MS } from "./test-storage.ts";

/** What became of every table, in batches of `batchRows`. The host's zone is the site's. */
export async function importFile(
  storage: Storage,
  path: string,
  batchRows = 500,
): Promise<Readonly<Record<OriginalTable, ImportReport>>> {
  using file = openOriginalDatabase(path);
  await storage.importer.reserveIds(file.lastId);
  const reports = { ...NOTHING_YET };
  for (const table of ORIGINAL_TABLES) {
    let after: bigint | undefined;
    do {
      const page = file.readPage(table, after, batchRows);
      const circumstances = { nowMs: RECEIVED_AT_MS, hostTimeZone: undefined };
      const report = await storage.importer.importRows(table, page.rows, circumstances);
      reports[table] = join(reports[table], report);
      after = page.next;
    } while (after !== undefined);
  }
  return reports;
}

const NOTHING: ImportReport = { importedCount: 0, knownCount: 0, flagCounts: {}, refused: [] };

const NOTHING_YET: Readonly<Record<OriginalTable, ImportReport>> = {
  devices: NOTHING,
  enrolled_users: NOTHING,
  attendance_logs: NOTHING,
  webhook_queue: NOTHING,
};

function join(one: ImportReport, other: ImportReport): ImportReport {
  const flagCounts: Record<string, number> = { ...one.flagCounts };
  for (const [flag, count] of Object.entries(other.flagCounts)) {
    flagCounts[flag] = (flagCounts[flag] ?? 0) + count;
  }
  return {
    importedCount: one.importedCount + other.importedCount,
    knownCount: one.knownCount + other.knownCount,
    flagCounts,
    refused: [...one.refused, ...other.refused],
  };
}
