/**
 * Says when a backup is to be made: at its time of day, and an hour after the last try while the
 * newest one is older than it should be, since a box may be off at that time or its disk be full.
 */

import type { EpochMs } from "#base/epoch.ts";
import type { Clock, Timer } from "#platform/clock.ts";
import { Backups, type BackupsOptions } from "./backups.ts";
import { DailyTime } from "./jobs.ts";

export interface BackupScheduleOptions {
  readonly clock: Clock;
  /** `HH:MM`, local to the site; undefined: none are made. */
  readonly time: string | undefined;
  readonly siteTimeZone: string;
}

/** What the settings say of backups. */
export type BackupPlan = Pick<BackupScheduleOptions, "time"> & Pick<BackupsOptions, "keptMax">;

/** The server's backups, with what ends them. */
export interface RunningBackups {
  readonly backups: Backups;
  /** Changes when they are made and how many are kept. */
  follow(plan: BackupPlan): void;
  /** Gives up the one that is being made. */
  stop(): Promise<void>;
}

const LOOK_PERIOD_MS = 10_000;
const HOUR_MS = 3_600_000;
/** A day, and the time that yesterday's may have taken longer than today's. */
const AGE_MAX_MS = 26 * HOUR_MS;
/** A start has other work to do first. */
const AFTER_START_MS = 600_000;

/** Throws away what an earlier run left unfinished, and starts looking at the time. */
export function startBackups(options: BackupsOptions & BackupScheduleOptions): RunningBackups {
  const backups = new Backups(options);
  let { time } = options;
  let timer = scheduleBackups(backups, options);
  return {
    backups,
    follow(plan) {
      backups.setKept(plan.keptMax);
      // The same one may be due by now.
      if (plan.time === time) return;
      time = plan.time;
      timer?.stop();
      timer = scheduleBackups(backups, { ...options, time });
    },
    async stop() {
      timer?.stop();
      await backups.stop();
    },
  };
}

/** Begins a backup whenever one is due. */
export function scheduleBackups(
  backups: Pick<Backups, "start" | "findNewest">,
  options: BackupScheduleOptions,
): Timer | undefined {
  const { clock, time } = options;
  if (time === undefined) return undefined;
  const daily = new DailyTime(time, options);
  let nextTryMs = clock.monotonicMs() + AFTER_START_MS;
  return clock.every(LOOK_PERIOD_MS, () => {
    const isLate = clock.monotonicMs() >= nextTryMs && isOld(backups, clock.nowMs());
    if (!daily.takeDue() && !isLate) return;
    nextTryMs = clock.monotonicMs() + HOUR_MS;
    backups.start({ withSecrets: true, isOutgoing: false });
  });
}

function isOld(backups: Pick<Backups, "findNewest">, nowMs: EpochMs): boolean {
  const newest = backups.findNewest();
  return newest === undefined || nowMs - newest.madeAtMs > AGE_MAX_MS;
}
