/**
 * What became of the rows of one request of an import.
 */

import type { ImportFlag, ImportRefusal } from "#domain/original-row.ts";

/** A row that stays out. */
export interface RefusedRow extends ImportRefusal {
  /** The row's number in its table. */
  readonly id: string;
}

/** Every row is in exactly one of `importedCount`, `knownCount` and `refused`. */
export interface ImportReport {
  readonly importedCount: number;
  /** Rows that had nothing to add to what is stored. */
  readonly knownCount: number;
  /** How many of the imported rows have what a person may want to know of. */
  readonly flagCounts: Readonly<Partial<Record<ImportFlag, number>>>;
  readonly refused: readonly RefusedRow[];
}

/** What became of one row. */
export type RowResult =
  | { readonly kind: "imported"; readonly flags: readonly ImportFlag[] }
  | { readonly kind: "known" }
  | { readonly kind: "refused"; readonly refusal: ImportRefusal };

export const KNOWN: RowResult = { kind: "known" };

/** The result of a row that stays out. */
export function refused(code: ImportRefusal["code"], reason: string): RowResult {
  return { kind: "refused", refusal: { code, reason } };
}

/** Adds up the results of rows, each with the row's number. */
export function reportOf(results: readonly (readonly [id: string, RowResult])[]): ImportReport {
  const flagCounts: Partial<Record<ImportFlag, number>> = {};
  const refusedRows: RefusedRow[] = [];
  let importedCount = 0;
  let knownCount = 0;
  for (const [id, result] of results) {
    if (result.kind === "refused") refusedRows.push({ id, ...result.refusal });
    else if (result.kind === "known") knownCount += 1;
    else {
      importedCount += 1;
      for (const flag of result.flags) flagCounts[flag] = (flagCounts[flag] ?? 0) + 1;
    }
  }
  return { importedCount, knownCount, flagCounts, refused: refusedRows };
}
