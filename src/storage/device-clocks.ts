/**
 * What is measured of the terminals' clocks: how far off each is, when it was reset, and what that
 * says of punches whose time nobody believes. Samples are kept in memory; their median and the episode
 * are in the terminal's row.
 */

import { type EpochMs, epochMs } from "#base/epoch.ts";
import {
  type ClockSample,
  type ClockSamples,
  clockSkewMs,
  isClockOff,
  isLivePunch,
  medianSkewMs,
  NO_SAMPLES,
  needsSetting,
  nextClockEpisode,
  showsReset,
  suggestInstant,
  withSample,
} from "#domain/device-clock.ts";
import { type DeviceId, deviceId } from "#domain/identifiers.ts";
import type { AcceptedPunch } from "#domain/punch.ts";
import { wallTimeAt } from "#domain/wall-time.ts";
import type { DeviceRow } from "./devices.ts";
import type { StorageRules } from "./rules.ts";
import type { WriteParts } from "./write-parts.ts";

/** What the clocks of terminals are compared with, and what learns from them. */
export interface OwnClockView {
  /** Whether the box's clock is believed at this moment. */
  isTrusted(): boolean;
  /** How far an approved terminal's clock is from ours, in milliseconds. */
  noteTerminal(id: DeviceId, skewMs: number): void;
  /** When a punch that is stored arrived, by our clock. */
  noteArrival(receivedAtMs: EpochMs): void;
}

/** A clock that is told to be off, or to be right again. */
export interface ClockNews {
  readonly device: DeviceId;
  readonly isOff: boolean;
  readonly skewMs: number;
}

/** Punches that get a suggested time in one transaction. */
const SUGGESTIONS_PER_REPORT = 200;
/** For how long samples say something of the clock, in milliseconds. */
const SAMPLES_LAST_MS = 900_000;

interface ClockState {
  /** What the samples hold for; another zone or episode begins anew. */
  readonly timeZone: string;
  readonly episode: number;
  /** When the last sample was taken; one that comes long after it begins anew, too. */
  readonly atMs: number;
  readonly samples: ClockSamples;
}

export class DeviceClocks {
  readonly #parts: WriteParts;
  readonly #rules: StorageRules;
  readonly #ownClock: OwnClockView;
  readonly #states = new Map<DeviceId, ClockState>();
  /** Terminals with no punch that waits for a suggested time; of all others nobody knows. */
  readonly #suggested = new Set<DeviceId>();
  /** Terminals whose clock is told to be off. */
  readonly #off = new Set<DeviceId>();
  /** Terminals measured since the news were taken. */
  readonly #measured = new Set<DeviceId>();

  constructor(options: {
    readonly parts: WriteParts;
    readonly rules: StorageRules;
    readonly ownClock: OwnClockView;
  }) {
    this.#parts = options.parts;
    this.#rules = options.rules;
    this.#ownClock = options.ownClock;
  }

  /** What a report of the clock changes in the terminal's row; how far off it was, if it told. */
  report(row: DeviceRow, clockText: string | undefined, receivedAtMs: EpochMs) {
    const timeZone = row.timeZone ?? this.#rules.siteTimeZone;
    const clockEpisode = nextClockEpisode({
      episode: row.clockEpisode,
      previousClockText: row.clockText ?? undefined,
      clockText,
    });
    const skewMs = clockSkewMs(clockText, timeZone, receivedAtMs);
    const state = this.#stateOf(row.id, { timeZone, episode: clockEpisode, atMs: receivedAtMs });
    const median =
      skewMs === undefined ? undefined : this.#take(state, row, { skewMs, source: "poll" });
    const clock = {
      clockText: clockText ?? row.clockText,
      clockEpisode,
      clockSkewMs: median ?? row.clockSkewMs,
    };
    if (skewMs !== undefined) this.#suggestTimes({ ...row, ...clock }, receivedAtMs);
    return { clock, skewMs };
  }

  /**
   * Takes a live punch for a report of the clock. One that waited says nothing of it; but one of before
   * the clock was set is remembered, so that a resend of it, or the next, shows no further reset.
   */
  notePunch(row: DeviceRow, punch: AcceptedPunch, receivedAtMs: EpochMs): DeviceRow {
    const skewMs = punch.instantMs - receivedAtMs;
    const state = this.#stateOf(row.id, {
      timeZone: punch.timeZone,
      episode: row.clockEpisode,
      atMs: receivedAtMs,
    });
    if (!isLivePunch(skewMs, state.samples)) {
      return this.isBehind(row, punch) ? { ...row, clockText: punch.wallTime } : row;
    }
    const median = this.#take(state, row, { skewMs, source: "punch" });
    return { ...row, clockText: punch.wallTime, clockSkewMs: median };
  }

  /** Whether a punch is of a clock that is behind what it told last, as after a loss of power. */
  isBehind(row: DeviceRow, punch: AcceptedPunch): boolean {
    return showsReset(punch.wallTime, row.clockText ?? undefined);
  }

  /** Whether such a punch may still have waited when the clock was set, moments ago. */
  mayHaveWaited(row: DeviceRow, punch: AcceptedPunch, receivedAtMs: EpochMs): boolean {
    const { timeZone, instantMs } = punch;
    const place = { timeZone, episode: row.clockEpisode, atMs: receivedAtMs };
    const { skewsMs } = this.#stateOf(row.id, place).samples;
    return suggestInstant({ instantMs, receivedAtMs, skewsMs }) !== undefined;
  }

  /** The row of a terminal whose clock was reset, as a punch of it shows. */
  beginEpisode(row: DeviceRow, punch: AcceptedPunch): DeviceRow {
    return {
      ...row,
      clockText: punch.wallTime,
      clockEpisode: row.clockEpisode + 1,
      clockSkewMs: null,
    };
  }

  /** When a punch of doubtful time may have been made; undefined while nothing measured says so. */
  suggest(
    row: DeviceRow,
    punch: { readonly instantMs: EpochMs; readonly receivedAtMs: EpochMs },
  ): EpochMs | undefined {
    if (!this.#ownClock.isTrusted()) return undefined;
    const sampled = this.#states.get(deviceId(row.id));
    const samples = sampled?.episode === row.clockEpisode ? sampled.samples.skewsMs : [];
    const median = row.clockSkewMs === null ? [] : [row.clockSkewMs];
    return suggestInstant({ ...punch, skewsMs: [...samples.toReversed(), ...median] });
  }

  /** A punch of this terminal has no suggested time: the next report of the clock may give one. */
  noteUnsuggested(id: DeviceId): void {
    this.#suggested.delete(id);
  }

  /** What is to be told since the last call, of what is on disk; each change once. */
  takeNews(): readonly ClockNews[] {
    const news: ClockNews[] = [];
    for (const id of this.#measured) {
      const skewMs = this.#parts.devices.find(id)?.clockSkewMs ?? undefined;
      if (skewMs === undefined) continue;
      const wasOff = this.#off.has(id);
      const isOff = isClockOff(wasOff, skewMs);
      if (isOff === wasOff) continue;
      if (isOff) this.#off.add(id);
      else this.#off.delete(id);
      news.push({ device: id, isOff, skewMs });
    }
    this.#measured.clear();
    return news;
  }

  #stateOf(id: string, place: Omit<ClockState, "samples">): ClockState {
    const known = this.#states.get(deviceId(id));
    const isSame =
      known?.timeZone === place.timeZone &&
      known.episode === place.episode &&
      Math.abs(place.atMs - known.atMs) <= SAMPLES_LAST_MS;
    return { ...place, samples: isSame ? known.samples : NO_SAMPLES };
  }

  /** Remembers a sample and gives the median with it. */
  #take(state: ClockState, row: DeviceRow, sample: ClockSample): number {
    const id = deviceId(row.id);
    const samples = withSample(state.samples, sample);
    this.#states.set(id, { ...state, samples });
    const median = medianSkewMs(samples) ?? sample.skewMs;
    this.#measured.add(id);
    if (row.status === "approved") this.#ownClock.noteTerminal(id, median);
    return median;
  }

  /**
   * Gives stored punches of this episode their suggested times: a terminal empties its queue before
   * it tells its clock again (fkweb.md 11), so they come before anything is measured.
   */
  #suggestTimes(row: DeviceRow, receivedAtMs: EpochMs): void {
    const id = deviceId(row.id);
    if (this.#suggested.has(id) || !this.#ownClock.isTrusted()) return;
    const { counters, suggestedTimes } = this.#parts;
    const found = suggestedTimes.listMissing({
      deviceId: row.id,
      clockEpisode: row.clockEpisode,
      nowWallTime: wallTimeAt(receivedAtMs, row.timeZone ?? this.#rules.siteTimeZone),
      limit: SUGGESTIONS_PER_REPORT,
    });
    let count = 0;
    for (const punch of found) {
      const suggestedInstantMs = this.suggest(row, {
        instantMs: epochMs(punch.instantMs),
        receivedAtMs: epochMs(punch.receivedAtMs),
      });
      if (suggestedInstantMs === undefined) continue;
      const feedPosition = punch.feedPosition === null ? null : counters.nextFeedPosition();
      suggestedTimes.write({ id: punch.id, suggestedInstantMs, feedPosition });
      count += 1;
    }
    // What was written may yet be rolled back: the next report looks again, and writes nothing.
    if (count === 0) this.#suggested.add(id);
  }
}

/** Whether a terminal's clock is to be set now, by how far off it was measured. */
export function isToBeSet(row: DeviceRow, ownClock: OwnClockView): boolean {
  if (row.status !== "approved" || row.clockSkewMs === null) return false;
  return needsSetting(row.clockSkewMs) && ownClock.isTrusted();
}
