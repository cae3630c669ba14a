/**
 * What reading a terminal's own log came to, how far the reading is, and from when on a log is to be
 * read. Pure.
 */

import { type EpochMs, epochMs } from "#base/epoch.ts";
import { type WallTime, wallTimeAt } from "./wall-time.ts";

/**
 * What became of a record. `known`: its punch is stored. `added`: it was missing. `left-out`: it is
 * missing, and of a time that nobody asked for: before the start date, or not to be believed.
 * `conflicting`: a stored punch has its user and second and other codes; it is in quarantine.
 * `unreadable`: in quarantine. `refused`: there is no room for it.
 */
export type RecordFate = "known" | "added" | "left-out" | "conflicting" | "unreadable" | "refused";

/** Records by what became of them. */
export type RecoveryCounts = Readonly<Record<RecordFate, number>>;

/** As the report names them, in its order. */
const COUNT_NAMES: Readonly<Record<RecordFate, string>> = {
  known: "known_count",
  added: "added_count",
  unreadable: "unreadable_count",
  conflicting: "conflicting_count",
  "left-out": "left_out_count",
  refused: "refused_count",
};
/** Where the progress stands in a result that is still worked on, beside the terminal's own words. */
const PROGRESS_NAME = "recovery";
const OVERLAP_MS = 86_400_000;
/** Terminals' own calendars begin here; nothing before is asked of them. */
const FIRST_ASKED_MS = Date.UTC(2000, 0, 2);

/** How many records have been looked at. */
export function readCount(counts: RecoveryCounts): number {
  return FATES.reduce((sum, fate) => sum + counts[fate], 0);
}

/** The progress of a result; nothing read where it tells none. */
export function parseProgress(resultText: string | undefined): RecoveryCounts {
  const progress = asRecord(asRecord(parse(resultText))[PROGRESS_NAME]);
  const count = (fate: RecordFate) => {
    const value = progress[COUNT_NAMES[fate]];
    return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : 0;
  };
  return {
    known: count("known"),
    added: count("added"),
    "left-out": count("left-out"),
    conflicting: count("conflicting"),
    unreadable: count("unreadable"),
    refused: count("refused"),
  };
}

/** What a terminal answered, without what only this server may say of the progress. */
export function withoutProgress(answer: Readonly<Record<string, unknown>>) {
  const { [PROGRESS_NAME]: _, ...own } = answer;
  return own;
}

/** The result with its progress. */
export function withProgress(resultText: string | undefined, counts: RecoveryCounts): string {
  return JSON.stringify({
    ...asRecord(parse(resultText)),
    [PROGRESS_NAME]: reportOf(counts),
  });
}

/** What is shown of a log that was read to its end. */
export function reportOf(counts: RecoveryCounts): Readonly<Record<string, number>> {
  const named = FATES.map((fate) => [COUNT_NAMES[fate], counts[fate]]);
  return { read_count: readCount(counts), ...Object.fromEntries(named) };
}

/** What is known of the readings of a terminal's log. */
export interface LogReadings {
  /** Up to when it was compared with what is stored. */
  readonly readThroughMs: EpochMs | undefined;
  /** The terminal's start date. */
  readonly startAtMs: EpochMs;
  readonly timeZone: string;
}

/** From when on a log is read by itself: the last reading with a day of overlap, or the start date. */
export function nextReadingFrom(readings: LogReadings): WallTime | undefined {
  const { readThroughMs, startAtMs, timeZone } = readings;
  const overlapMs = readThroughMs === undefined ? startAtMs : readThroughMs - OVERLAP_MS;
  return readingFrom(epochMs(Math.max(overlapMs, startAtMs)), timeZone);
}

/** The beginning of a reading as the terminal is told it; undefined: from its first record on. */
export function readingFrom(fromMs: EpochMs, timeZone: string): WallTime | undefined {
  return fromMs < FIRST_ASKED_MS ? undefined : wallTimeAt(fromMs, timeZone);
}

/** Whether a reading from `fromMs` on begins behind what was compared before. */
export function leavesGap(readings: LogReadings, fromMs: EpochMs | undefined): boolean {
  const { readThroughMs, startAtMs } = readings;
  return fromMs !== undefined && fromMs > Math.max(readThroughMs ?? startAtMs, startAtMs);
}

/**
 * Up to when the log is compared once a reading is through: up to when it was asked for. A reading
 * that begins behind the one before leaves a gap and changes nothing.
 */
export function readThrough(
  readings: LogReadings,
  reading: {
    readonly fromMs: EpochMs | undefined;
    readonly untilMs: EpochMs | undefined;
    /** When it was handed out, as the terminal's clock showed it; by ours where that is fast. */
    readonly sentAtMs: EpochMs;
    readonly nowMs: EpochMs;
  },
): EpochMs | undefined {
  const { fromMs, untilMs, sentAtMs, nowMs } = reading;
  const { readThroughMs } = readings;
  if (leavesGap(readings, fromMs)) return readThroughMs;
  const throughMs = Math.min(untilMs ?? sentAtMs, sentAtMs, nowMs);
  return epochMs(Math.max(throughMs, readThroughMs ?? throughMs));
}

const FATES: readonly RecordFate[] = [
  "known",
  "added",
  "unreadable",
  "conflicting",
  "left-out",
  "refused",
];

function parse(text: string | undefined): unknown {
  return text === undefined ? undefined : JSON.parse(text);
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
