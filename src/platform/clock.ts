/**
 * The wall clock and the timers, behind an interface, so that tests move time themselves.
 * The only place that reads the machine's clock.
 */

import { type EpochMs, epochMs } from "#base/epoch.ts";

/** A timer that can be stopped. */
export interface Timer {
  stop(): void;
}

/** Time as the program sees it. */
export interface Clock {
  /** The wall clock (UTC); it may step backward or forward. */
  nowMs(): EpochMs;
  /** Milliseconds that only ever rise, for durations and deadlines; from an arbitrary start. */
  monotonicMs(): number;
  /** Runs `task` once, `delayMs` from now. */
  after(delayMs: number, task: () => void): Timer;
  /** Runs `task` every `periodMs`. */
  every(periodMs: number, task: () => void): Timer;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  nowMs: () => epochMs(Date.now()),
  monotonicMs: () => performance.now(),
  after(delayMs, task) {
    const handle = setTimeout(task, delayMs);
    return { stop: () => clearTimeout(handle) };
  },
  every(periodMs, task) {
    const handle = setInterval(task, periodMs);
    return { stop: () => clearInterval(handle) };
  },
};

/** The IANA name of the zone that the machine, or `TZ` of the process, is set to; `UTC` if none. */
export function hostTimeZone(): string {
  return Temporal.Now.timeZoneId();
}
