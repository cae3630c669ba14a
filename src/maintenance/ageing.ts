/**
 * Lets go of what is older than the site keeps it, once a day and behind a start, in steps. What is too
 * old, and what stays however old it is, is decided by whoever is called.
 */

import { type EpochMs, epochMs } from "#base/epoch.ts";
import type { Clock } from "#platform/clock.ts";
import { DailyTime } from "./jobs.ts";
import type { StepLoop } from "./recovery.ts";

export interface AgeingOptions {
  /** Does one step; returns whether there is more to be done. */
  readonly trim: (beforeMs: EpochMs) => Promise<boolean>;
  /** Undefined: for ever. */
  readonly keepDays: number | undefined;
  readonly ownClock: { isTrusted(): boolean };
  readonly siteTimeZone: string;
  readonly clock: Clock;
  readonly loopOver: (step: () => Promise<boolean>) => StepLoop;
}

const LOOK_PERIOD_MS = 60_000;
const DAY_MS = 86_400_000;
/** Of the site: before the first shift. */
const DAILY_TIME = "05:00";

/** The running ageing. */
export interface RunningAgeing {
  /** Changes how long things are kept. */
  setKeepDays(keepDays: number | undefined): void;
  /** Resolves when the step under way is over. */
  stop(): Promise<void>;
}

/** Looks every minute. */
export function startAgeing(options: AgeingOptions): RunningAgeing {
  const { trim, ownClock, clock, loopOver } = options;
  let { keepDays } = options;
  const daily = new DailyTime(DAILY_TIME, options);
  // A box that is switched off at night is started in the morning.
  let isDue = true;
  const trimming = loopOver(async () => {
    const hasMore =
      keepDays !== undefined && (await trim(epochMs(clock.nowMs() - keepDays * DAY_MS)));
    isDue &&= hasMore;
    return hasMore;
  });
  const timer = clock.every(LOOK_PERIOD_MS, () => {
    if (daily.takeDue()) isDue = true;
    // Nothing is too old by a clock that cannot be believed.
    if (isDue && keepDays !== undefined && ownClock.isTrusted()) trimming.wake();
  });
  return {
    setKeepDays: (changed) => {
      keepDays = changed;
    },
    async stop() {
      timer.stop();
      await trimming.stop();
    },
  };
}
