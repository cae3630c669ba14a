/**
 * What an import has to say at its end. Pure.
 */

import type { OriginalTable } from "#domain/original-row.ts";
import type { TableTally } from "./import-run.ts";
import type { RefusedImportRow } from "./import-target.ts";

/** A refused row and its table. */
export interface ListedRefusal extends RefusedImportRow {
  readonly table: OriginalTable;
}

/** A whole import. */
export interface ImportSummary {
  readonly file: string;
  readonly schema: "prototype" | "later";
  readonly isTrial: boolean;
  /** Whether every row of the file was read. */
  readonly isComplete: boolean;
  readonly tallies: readonly TableTally[];
  /** The first of the refused rows. */
  readonly refused: readonly ListedRefusal[];
}

/** How many refused rows are listed. */
export const LISTED_REFUSALS_MAX = 20;

/** What a person may want to know of a row, in the words of the summary. */
const FLAG_TEXTS: Readonly<Record<string, string>> = {
  renumbered: "got a new id, since another punch has theirs",
  "text-user": "have a user id that is no number",
  "unreadable-time": "have a time that is no time, and stand where the server put them",
  "doubtful-time": "lie before 2020 or after their arrival",
  "no-direction": "are neither in nor out",
  "no-last-contact": "tell a last contact that cannot be, which is left out",
  "device-not-listed": "are the first of a terminal that the file does not list; it is not let in",
};

/** Lines for people, without the last line end. */
export function summaryText(summary: ImportSummary): string {
  const { tallies, refused } = summary;
  const done = summary.isTrial ? "could be" : "imported";
  const rows = [
    ["", "read", done, "there already", "refused"],
    ...tallies.map((tally) => [
      tally.table,
      tally.readCount,
      tally.importedCount,
      summary.isTrial ? "-" : tally.knownCount,
      sum(tally.refusedCounts),
    ]),
  ].map((cells) => cells.map(String));
  const lines = [...alignRight(rows), ...flagLines(tallies)];
  if (refused.length > 0) {
    const total = tallies.reduce((count, tally) => count + sum(tally.refusedCounts), 0);
    const rest = total - refused.length;
    lines.push("", "Refused:");
    for (const { table, id, code, reason } of refused) {
      lines.push(`  ${table} ${id}: ${code}: ${reason.replace(/\p{C}/gu, "?")}`);
    }
    if (rest > 0) lines.push(`  and ${rest} more: --refused FILE writes all of them`);
  }
  return lines.join("\n");
}

/** The same for a script. */
export function summaryJson(summary: ImportSummary): string {
  const { file, schema, isTrial, isComplete, tallies, refused } = summary;
  const value = {
    file,
    schema,
    dry_run: isTrial,
    complete: isComplete,
    tables: tallies.map((tally) => ({
      table: tally.table,
      rows: tally.rowCount,
      read: tally.readCount,
      imported: tally.importedCount,
      known: tally.knownCount,
      flagged: tally.flaggedCounts,
      refused: tally.refusedCounts,
    })),
    first_refused: refused,
  };
  return JSON.stringify(value, undefined, 2);
}

/** How many rows were refused. */
export function refusedCount(tallies: readonly TableTally[]): number {
  return tallies.reduce((count, tally) => count + sum(tally.refusedCounts), 0);
}

function flagLines(tallies: readonly TableTally[]): readonly string[] {
  const lines = tallies.flatMap((tally) =>
    Object.entries(tally.flaggedCounts).map(
      ([flag, count]) => `  ${tally.table}: ${count} ${FLAG_TEXTS[flag] ?? ""} (${flag})`,
    ),
  );
  return lines.length === 0 ? [] : ["", "Of the imported rows:", ...lines];
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

function alignRight(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column === 0 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join("  "),
  );
}
