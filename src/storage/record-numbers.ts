/**
 * The numbers that some terminals give their records, in the terminal's row: the newest, how many
 * before it never came, and up to when none is missing. What a number says is decided in
 * `domain/log-gaps.ts`.
 */

import { assertNever } from "#base/assert.ts";
import type { EpochMs } from "#base/epoch.ts";
import { provedThrough } from "#domain/completeness.ts";
import type { RawPunch } from "#domain/intake.ts";
import { compareLogNumbers, type LogStep } from "#domain/log-gaps.ts";
import { holdAfterRecord, holdEnd } from "#domain/restore-hold.ts";
import { parseWallTime, resolveInstant } from "#domain/wall-time.ts";
import { withReceived } from "./completeness-book.ts";
import type { DeviceRow } from "./devices.ts";

/** A record that a terminal sent by itself. */
export interface SentRecord {
  readonly punch: RawPunch;
  /** It was not kept before. */
  readonly isNew: boolean;
  readonly receivedAtMs: EpochMs;
  readonly siteTimeZone: string;
  readonly isOwnClockTrusted: boolean;
}

/** The row after a record was kept, the same where its number says nothing new. */
export function withRecord(row: DeviceRow, record: SentRecord): DeviceRow {
  const step = compareLogNumbers({
    last: row.lastRecordNumber ?? undefined,
    next: record.punch.recordNumberText,
    isKnown: !record.isNew,
  });
  return withNumber(withHold(row, step), record, step);
}

/** Of a terminal with a log to be read, that alone tells what is missing. */
function withHold(row: DeviceRow, step: LogStep): DeviceRow {
  if (holdEnd(row.receivedHoldMs, row.driver) !== "operator") return row;
  const receivedHoldMs = holdAfterRecord(row.receivedHoldMs, step.kind);
  return receivedHoldMs === row.receivedHoldMs ? row : { ...row, receivedHoldMs };
}

function withNumber(row: DeviceRow, record: SentRecord, step: LogStep): DeviceRow {
  const { recordNumberText: numberText } = record.punch;
  if (numberText === undefined) return row;
  switch (step.kind) {
    case "resend":
      return row;
    case "unknown":
      return startsCounting(row, numberText) ? { ...row, lastRecordNumber: numberText } : row;
    case "next":
      return withNext({ ...row, lastRecordNumber: numberText }, numberText, record);
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

/** Terminals send the oldest record first: behind this one nothing older waits. */
function withNext(row: DeviceRow, recordNumber: string, record: SentRecord): DeviceRow {
  const wallTime = parseWallTime(record.punch.wallTimeText);
  if (!record.isOwnClockTrusted || !wallTime.ok) return row;
  const timeZone = row.timeZone ?? record.siteTimeZone;
  const { receivedAtMs } = record;
  const skewMs = resolveInstant(wallTime.value, timeZone).instantMs - receivedAtMs;
  const throughMs = provedThrough({ receivedAtMs, skewMs, timeZone, lagMs: 0 });
  return withReceived(row, throughMs, { kind: "record", atMs: receivedAtMs, recordNumber });
}

/** Compared with itself a number is no news, and what is no number stays unknown. */
function startsCounting(row: DeviceRow, numberText: string): boolean {
  if (row.lastRecordNumber !== null) return false;
  return compareLogNumbers({ last: numberText, next: numberText, isKnown: true }).kind === "resend";
}
