/**
 * Punches as CSV (RFC 4180). Loaded when somebody asks for it. A value that may need quotes is written by
 * the library; all others are written as they are, because for a value that needs nothing the
 * library takes seven times as long.
 */

import { stringify } from "csv-stringify/sync";
import { PunchRow } from "./model.ts";

const COLUMNS = Object.keys(PunchRow.properties) as readonly (keyof PunchRow)[];

/** The names of the columns. */
export function csvHead(): string {
  return csvLine(COLUMNS);
}

/** A row as a line. Null is an empty value, and a list has blanks between its words. */
export function csvRow(row: PunchRow): string {
  return csvLine(COLUMNS.map((column) => cellText(row[column])));
}

function csvLine(cells: readonly string[]): string {
  return `${cells.join(",")}\r\n`;
}

function cellText(value: PunchRow[keyof PunchRow]): string {
  if (typeof value === "string") return PLAIN.test(value) ? value : withCare(value);
  if (value === null) return "";
  return typeof value === "object" ? value.join(" ") : String(value);
}

/** What neither ends a value nor is the beginning of a formula: most values. */
const PLAIN = /^(?:[0-9A-Za-z][\w:+. /-]*)?$/;

/** Ids come from terminals: an apostrophe keeps a spreadsheet from running one as a formula. */
function withCare(text: string): string {
  return stringify([[text]], { escape_formulas: true, eof: false });
}
