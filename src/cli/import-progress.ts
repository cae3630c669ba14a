/**
 * How far an import is: a bar on a terminal, elsewhere a line now and then. Both go to standard
 * error, so that standard output holds the result alone.
 */

import type { SingleBar } from "cli-progress";
import type { TableTally } from "./import-run.ts";

export interface ImportProgress {
  show(tally: TableTally): void;
  stop(): void;
}

/** Rows between two lines. */
const LINE_ROWS = 100_000;

/** Loads what draws the bar only where one is drawn: it would cost every other verb its memory. */
export async function createProgress(options: {
  readonly isTerminal: boolean;
  readonly error: (text: string) => void;
}): Promise<ImportProgress> {
  return options.isTerminal
    ? barProgress(await import("cli-progress"))
    : lineProgress(options.error);
}

function barProgress(library: typeof import("cli-progress")): ImportProgress {
  let bar: SingleBar | undefined;
  let table = "";
  const stop = (): void => bar?.stop();
  return {
    show(tally) {
      if (tally.rowCount === 0) return;
      if (tally.table !== table) {
        stop();
        table = tally.table;
        bar = new library.SingleBar({
          format: BAR_FORMAT,
          hideCursor: false,
          etaBuffer: ETA_BATCHES,
        });
        bar.start(tally.rowCount, 0, { table: table.padEnd(TABLE_WIDTH) });
      }
      bar?.update(tally.readCount);
    },
    stop,
  };
}

const TABLE_WIDTH = "attendance_logs".length;
/** Batches that the time left is reckoned from: single ones wait for the disk or for terminals. */
const ETA_BATCHES = 100;
const BAR_FORMAT = "{table} [{bar}] {value}/{total} {percentage}% {eta_formatted} left";

function lineProgress(error: (text: string) => void): ImportProgress {
  let table = "";
  let next = LINE_ROWS;
  return {
    show(tally) {
      if (tally.table !== table) {
        table = tally.table;
        next = LINE_ROWS;
      }
      if (tally.readCount < next) return;
      next = tally.readCount + LINE_ROWS;
      error(`${table}: ${tally.readCount} of ${tally.rowCount}\n`);
    },
    stop: () => {},
  };
}
