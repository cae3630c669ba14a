/** Writes punches as lines, each with the cursor behind it: what is read of a text is never lost. */

import type { Punch } from "#domain/punch.ts";
import type { ExpectedUsers } from "#domain/user.ts";
import { spellPunch } from "#webhooks/spell-punch.ts";
import { encodeCursor, FEED_START } from "../paging.ts";
import type { PunchRow } from "./model.ts";

/** One format of lines. */
export interface RowWriter {
  /** What stands before the first line; may be empty. */
  readonly head: string;
  write(punches: readonly Punch[]): string;
}

/** What rows tell beside the punch. */
export interface RowContext {
  readonly feedEpoch: string;
  readonly expectedUsers: ExpectedUsers | undefined;
}

export async function createRowWriter(
  format: "ndjson" | "csv",
  context: RowContext,
): Promise<RowWriter> {
  if (format === "ndjson") {
    return { head: "", write: (punches) => jsonLines(punches.map((punch) => row(punch, context))) };
  }
  const { csvHead, csvRow } = await import("./csv.ts");
  return {
    head: csvHead(),
    write: (punches) => punches.map((punch) => csvRow(row(punch, context))).join(""),
  };
}

function row(punch: Punch, { feedEpoch, expectedUsers }: RowContext): PunchRow {
  const cursor = encodeCursor(feedEpoch, punch.feedPosition ?? FEED_START);
  return Object.assign(spellPunch(punch, expectedUsers), { cursor });
}

/** Where one row ends and the next begins; inside of a text its quotes would be escaped. */
const BETWEEN_ROWS = '},{"id":';

/** One list is written in two thirds of the time of its rows, so its commas become line ends. */
function jsonLines(rows: readonly PunchRow[]): string {
  if (rows.length === 0) return "";
  return `${JSON.stringify(rows).slice(1, -1).replaceAll(BETWEEN_ROWS, '}\n{"id":')}\n`;
}
