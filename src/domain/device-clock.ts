/**
 * What a terminal's reports of its own clock tell: how far it is off, when it went back, and what a
 * time nobody believes may have meant. It never corrects a time.
 */

import { type EpochMs, epochMs } from "#base/epoch.ts";
import {
  parseWallTime,
  readInstants,
  resolveInstant,
  trimPadding,
  type WallTime,
} from "./wall-time.ts";

/** How far a clock may go back between two reports before it counts as set, in milliseconds. */
const BACKWARD_TOLERANCE_MS = 60_000;
/** Samples that are remembered of a clock. */
export const SKEW_SAMPLES_MAX = 9;
/** How far a live punch may be from what the clock shows, in milliseconds. */
const LIVE_TOLERANCE_MS = 60_000;
/** A clock that is off by more than this is told. */
const OFF_MS = 60_000;
/** One that was told is right again from here on. */
const RIGHT_MS = 30_000;
/** A clock that is off by more than this is set. */
const SET_TIME_MS = 120_000;
/** A time before this is no terminal's that knows what year it is. */
const FIRST_BELIEVED_MS = Date.UTC(2020, 0, 1);

/**
 * Device clock minus the box's own, in milliseconds; undefined when the text cannot be read. The
 * report is 14 digits, a punctuated form of them, or 12 digits `YYMMDDhhmmss` of this century
 * (fkweb.md 6.1), local to an IANA zone. Where the zone doubles or skips that local time, the
 * reading nearer to the box's clock is meant, so that no hour of skew appears when the clocks
 * change.
 * @throws RangeError for an unknown zone.
 */
export function clockSkewMs(
  clockText: string | undefined,
  timeZone: string,
  receivedAtMs: EpochMs,
): number | undefined {
  const wallTime = readClock(clockText);
  if (wallTime === undefined) return undefined;
  const { earlierMs, laterMs } = readInstants(wallTime, timeZone);
  const earlierSkewMs = earlierMs - receivedAtMs;
  const laterSkewMs = laterMs - receivedAtMs;
  return Math.abs(laterSkewMs) < Math.abs(earlierSkewMs) ? laterSkewMs : earlierSkewMs;
}

/**
 * The clock episode after a report: one more when the clock went back by more than 60 s since the
 * report before, else the same. A report that cannot be read changes nothing.
 */
export function nextClockEpisode(options: {
  readonly episode: number;
  readonly previousClockText: string | undefined;
  readonly clockText: string | undefined;
}): number {
  const previous = readClock(options.previousClockText);
  const current = readClock(options.clockText);
  if (previous === undefined || current === undefined) return options.episode;
  // The clock is compared with itself, hand against hand: its zone does not matter.
  const backwardMs = handsMs(previous) - handsMs(current);
  return backwardMs > BACKWARD_TOLERANCE_MS ? options.episode + 1 : options.episode;
}

/** How far off a clock was at its last reports, in milliseconds, newest last. Immutable. */
export interface ClockSamples {
  readonly skewsMs: readonly number[];
  /** Whether the terminal told its time itself, and not by punches alone. */
  readonly hasPolled: boolean;
}

/** One measurement of a clock, in milliseconds. */
export interface ClockSample {
  readonly skewMs: number;
  readonly source: "poll" | "punch";
}

/** Of a clock that was not measured yet. */
export const NO_SAMPLES: ClockSamples = { skewsMs: [], hasPolled: false };

/** The samples with one more; the oldest is forgotten beyond `SKEW_SAMPLES_MAX`. */
export function withSample(samples: ClockSamples, sample: ClockSample): ClockSamples {
  return {
    skewsMs: [...samples.skewsMs, sample.skewMs].slice(-SKEW_SAMPLES_MAX),
    hasPolled: samples.hasPolled || sample.source === "poll",
  };
}

/** The middle sample, of an even number the lower one; undefined without samples. */
export function medianSkewMs({ skewsMs }: ClockSamples): number | undefined {
  const sorted = skewsMs.toSorted((left, right) => left - right);
  return sorted[(sorted.length - 1) >> 1];
}

/**
 * Whether a punch whose time is `skewMs` from its arrival was made just then, and so tells the clock.
 * One that waited in the terminal's queue is behind: behind what the terminal says its clock shows,
 * or, of a terminal that never says so, behind ours. A punch alone never proves a slow clock.
 */
export function isLivePunch(skewMs: number, samples: ClockSamples): boolean {
  const median = medianSkewMs(samples);
  if (samples.hasPolled && median !== undefined) {
    return Math.abs(skewMs - median) <= LIVE_TOLERANCE_MS;
  }
  return skewMs >= -LIVE_TOLERANCE_MS;
}

/** Whether a clock is told to be off, after a measurement: between two bounds it stays as it was. */
export function isClockOff(wasOff: boolean, skewMs: number): boolean {
  return Math.abs(skewMs) > (wasOff ? RIGHT_MS : OFF_MS);
}

/** Whether a clock is so far off that it should be set. */
export function needsSetting(skewMs: number): boolean {
  return Math.abs(skewMs) > SET_TIME_MS;
}

/**
 * Whether a punch shows by itself that the clock was reset since its last report: nobody punches
 * before 2020 at a terminal that knew the time.
 */
export function showsReset(wallTime: WallTime, previousClockText: string | undefined): boolean {
  const previous = readClock(previousClockText);
  return isBeforeBelief(wallTime) && previous !== undefined && !isBeforeBelief(previous);
}

/**
 * When a punch of doubtful time was probably made: its own reading less one of the measured skews,
 * the first that gives a time the punch can have been made at, which is no later than its arrival.
 */
export function suggestInstant(punch: {
  readonly instantMs: EpochMs;
  readonly receivedAtMs: EpochMs;
  /** The likeliest first. */
  readonly skewsMs: readonly number[];
}): EpochMs | undefined {
  const latestMs = punch.receivedAtMs + LIVE_TOLERANCE_MS;
  const found = punch.skewsMs
    .map((skewMs) => punch.instantMs - skewMs)
    .find((instantMs) => instantMs >= FIRST_BELIEVED_MS && instantMs <= latestMs);
  return found === undefined ? undefined : epochMs(found);
}

function isBeforeBelief(wallTime: WallTime): boolean {
  return handsMs(wallTime) < FIRST_BELIEVED_MS;
}

function readClock(text: string | undefined): WallTime | undefined {
  const trimmed = trimPadding(text ?? "");
  const wallTime = parseWallTime(/^\d{12}$/.test(trimmed) ? `20${trimmed}` : trimmed);
  return wallTime.ok ? wallTime.value : undefined;
}

function handsMs(wallTime: WallTime): number {
  return resolveInstant(wallTime, "UTC").instantMs;
}
