/** Aim: where there is no terminal, progress is a line now and then, and not one for every batch. */

import { expect, test } from "bun:test";
import { createProgress } from "#cli/import-progress.ts";
import type { TableTally } from "#cli/import-run.ts";
import type { OriginalTable } from "#domain/original-row.ts";

function tally(table: OriginalTable, readCount: number): TableTally {
  return {
    table,
    rowCount: 250_000,
    readCount,
    importedCount: readCount,
    knownCount: 0,
    flaggedCounts: {},
    refusedCounts: {},
  };
}

test("createProgress() writes a line for every hundred thousand rows of a table", async () => {
  const lines: string[] = [];
  const progress = await createProgress({ isTerminal: false, error: (text) => lines.push(text) });
  for (let count = 0; count <= 250_000; count += 450) {
    progress.show(tally("attendance_logs", count));
  }
  progress.show(tally("webhook_queue", 99_999));
  progress.show(tally("webhook_queue", 100_000));
  progress.stop();
  expect(lines).toEqual([
    "attendance_logs: 100350 of 250000\n",
    "attendance_logs: 200700 of 250000\n",
    "webhook_queue: 100000 of 250000\n",
  ]);
});
