/**
 * Lets go of what a person has decided of long ago, once a day and behind a start, in steps. What waits
 * in quarantine is none of its business.
 */

import { epochMs } from "#base/epoch.ts";
import type { Clock } from "#platform/clock.ts";
import type { Storage } from "#storage/storage.ts";
import { DailyTime } from "./jobs.ts";
import type { StepLoop } from "./recovery.ts";

export interface QuarantineCareOptions {
  readonly storage: Pick<Storage, "trimQuarantine">;
  readonly ownClock: { isTrusted(): boolean };
  readonly keepDays: number;
  readonly siteTimeZone: string;
  readonly clock: Clock;
  readonly loopOver: (step: () => Promise<boolean>) => StepLoop;
}

const LOOK_PERIOD_MS = 60_000;
const DAY_MS = 86_400_000;
/** Of the site: before the first shift. */
const DAILY_TIME = "05:00";

/** Looks every minute. Returns what stops it, when the step under way is over. */
export function startQuarantineCare(options: QuarantineCareOptions): () => Promise<void> {
  const { storage, ownClock, keepDays, clock, loopOver } = options;
  const daily = new DailyTime(DAILY_TIME, options);
  // A box that is switched off at night is started in the morning.
  let isDue = true;
  const trimming = loopOver(async () => {
    const hasMore = await storage.trimQuarantine(epochMs(clock.nowMs() - keepDays * DAY_MS));
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
