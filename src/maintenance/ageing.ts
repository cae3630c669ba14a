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
  readonly keepDays: number;
  readonly ownClock: { isTrusted(): boolean };
  readonly siteTimeZone: string;
  readonly clock: Clock;
  readonly loopOver: (step: () => Promise<boolean>) => StepLoop;
}

const LOOK_PERIOD_MS = 60_000;
const DAY_MS = 86_400_000;
/** Of the site: before the first shift. */
const DAILY_TIME = "05:00";

/** Looks every minute. Returns what stops it, when the step under way is over. */
export function startAgeing(options: AgeingOptions): () => Promise<void> {
  const { trim, ownClock, keepDays, clock, loopOver } = options;
  const daily = new DailyTime(DAILY_TIME, options);
  // A box that is switched off at night is started in the morning.
  let isDue = true;
  const trimming = loopOver(async () => {
    const hasMore = await trim(epochMs(clock.nowMs() - keepDays * DAY_MS));
    isDue &&= hasMore;
    return hasMore;
  });
  const timer = clock.every(LOOK_PERIOD_MS, () => {
    if (daily.takeDue()) isDue = true;
    // Nothing is too old by a clock that cannot be believed.
    if (isDue && ownClock.isTrusted()) trimming.wake();
  });
  return async () => {
    timer.stop();
    await trimming.stop();
  };
}
