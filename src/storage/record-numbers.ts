/**
 * The numbers that some terminals give their records, in the terminal's row: the newest, and how many
 * before it never came. What a number says is decided in `domain/log-gaps.ts`.
 */

import { assertNever } from "#base/assert.ts";
import { compareLogNumbers } from "#domain/log-gaps.ts";
import type { DeviceRow } from "./devices.ts";

/**
 * The row after a record with this number was kept, the same where it says nothing new. `isNew`: it
 * was not kept before.
 */
export function withRecordNumber(row: DeviceRow, numberText: string, isNew: boolean): DeviceRow {
  const step = compareLogNumbers({
    last: row.lastRecordNumber ?? undefined,
    next: numberText,
    isKnown: !isNew,
  });
  switch (step.kind) {
    case "resend":
      return row;
    case "unknown":
      return startsCounting(row, numberText) ? { ...row, lastRecordNumber: numberText } : row;
    case "next":
    case "reset":
      return { ...row, lastRecordNumber: numberText };
    case "gap": {
      const { first, last } = step.missing;
      const missed = Number(last - first + 1n);
      const missingRecordCount = Math.min(row.missingRecordCount + missed, Number.MAX_SAFE_INTEGER);
      return { ...row, lastRecordNumber: numberText, missingRecordCount };
    }
    default:
      return assertNever(step);
  }
}

/** Compared with itself a number is no news, and what is no number stays unknown. */
function startsCounting(row: DeviceRow, numberText: string): boolean {
  if (row.lastRecordNumber !== null) return false;
  return compareLogNumbers({ last: numberText, next: numberText, isKnown: true }).kind === "resend";
}
