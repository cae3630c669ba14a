/**
 * Carries a file to a target, table by table and page by page: while a batch is on its way the next
 * page is read and made ready to be sent, and no more than that is ever in memory.
 */

import { ORIGINAL_TABLES, type OriginalTable } from "#domain/original-row.ts";
import type { OriginalDatabase } from "#storage/original-database.ts";
import type { BatchReport, ImportTarget, RefusedImportRow } from "./import-target.ts";

/** What became of the rows of one table. */
export interface TableTally {
  readonly table: OriginalTable;
  readonly rowCount: number;
  readCount: number;
  importedCount: number;
  knownCount: number;
  flaggedCounts: Record<string, number>;
  refusedCounts: Record<string, number>;
}

/** A run that came to its end. */
export interface RunResult {
  readonly tallies: readonly TableTally[];
  /** False when it was stopped. */
  readonly isComplete: boolean;
}

/** What the run tells while it goes on, and what may end it. */
export interface RunWatch {
  /** After every batch. */
  progressed(tally: TableTally): void;
  refused(table: OriginalTable, rows: readonly RefusedImportRow[]): void;
  /** Asked between batches: true ends the run in good order. */
  isStopped(): boolean;
}

/** Rows in a batch: as many as keep the server from its terminals for about the time wanted. */
const BATCH_ROWS = { first: 200, least: 200, most: 500 } as const;
const BLOCKED_MS_WANTED = 10;
/** Batches that the size of the next one is reckoned from. */
const BATCHES_NOTED = 5;

/**
 * Imports all there is, or what comes before a stop; the tallies count exactly what the target has
 * taken.
 * @throws AppError when the file cannot be read on or the target does not answer.
 */
export async function runImport(
  source: OriginalDatabase,
  target: ImportTarget,
  watch: RunWatch,
): Promise<RunResult> {
  const tallies = ORIGINAL_TABLES.map((table) => newTally(table, source.countRows(table)));
  await target.start(source.lastId);
  const batches = new BatchSize();
  for (const tally of tallies) await importTable({ source, target, watch, tally, batches });
  await target.finish();
  return { tallies, isComplete: !watch.isStopped() };
}

async function importTable(run: {
  readonly source: OriginalDatabase;
  readonly target: ImportTarget;
  readonly watch: RunWatch;
  readonly tally: TableTally;
  readonly batches: BatchSize;
}): Promise<void> {
  const { source, target, watch, tally, batches } = run;
  let onItsWay: Promise<void> = Promise.resolve();
  let after: bigint | undefined;
  do {
    const page = source.readPage(tally.table, after, batches.rows);
    const send = target.prepare(tally.table, page.rows);
    await onItsWay;
    if (watch.isStopped()) return;
    onItsWay = send().then((report) => {
      batches.note(page.rows.length, report.blockedMs);
      addToTally(tally, report, [...page.refused, ...report.refused]);
      watch.refused(tally.table, [...page.refused, ...report.refused]);
      watch.progressed(tally);
    });
    // Waited for behind the next page; until then a failure must not count as nobody's.
    onItsWay.catch(() => {});
    after = page.next;
  } while (after !== undefined);
  await onItsWay;
}

/**
 * Follows what batches cost on this machine. The cheapest of the last ones tells it: a slow flush, or
 * a program that had the processor, costs a large batch no more than a small one, and small ones
 * write the same pages of the database again and again.
 */
class BatchSize {
  #rows: number = BATCH_ROWS.first;
  #rowCostsMs: readonly number[] = [];

  get rows(): number {
    return this.#rows;
  }

  note(rowCount: number, blockedMs: number): void {
    if (rowCount === 0) return;
    this.#rowCostsMs = [...this.#rowCostsMs, blockedMs / rowCount].slice(-BATCHES_NOTED);
    const wanted = BLOCKED_MS_WANTED / Math.min(...this.#rowCostsMs);
    // Half way to it: what a batch costs does not only come from its rows.
    const rows = (this.#rows + Math.min(BATCH_ROWS.most, wanted)) / 2;
    this.#rows = Math.max(BATCH_ROWS.least, Math.ceil(rows));
  }
}

function newTally(table: OriginalTable, rowCount: number): TableTally {
  return {
    table,
    rowCount,
    readCount: 0,
    importedCount: 0,
    knownCount: 0,
    flaggedCounts: {},
    refusedCounts: {},
  };
}

function addToTally(
  tally: TableTally,
  report: BatchReport,
  refused: readonly RefusedImportRow[],
): void {
  tally.readCount += report.importedCount + report.knownCount + refused.length;
  tally.importedCount += report.importedCount;
  tally.knownCount += report.knownCount;
  for (const [flag, count] of Object.entries(report.flagCounts)) {
    tally.flaggedCounts[flag] = (tally.flaggedCounts[flag] ?? 0) + count;
  }
  for (const { code } of refused) {
    tally.refusedCounts[code] = (tally.refusedCounts[code] ?? 0) + 1;
  }
}
