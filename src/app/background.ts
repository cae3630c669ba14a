/** What works by itself while terminals and clients are served, put together from the settings. */

import type { Config } from "#config/config.ts";
import { timeOfDay } from "#config/values.ts";
import { BackgroundLoop } from "#ingest/background-loop.ts";
import { CommandCare } from "#ingest/command-care.ts";
import { type DataFolder, databasePathOf } from "#ingest/data-folder.ts";
import {
  type BackupPlan,
  type RunningBackups,
  startBackups,
} from "#maintenance/backup-schedule.ts";
import { watchBox } from "#maintenance/box-watch.ts";
import { type RunningRecovery, startRecovery } from "#maintenance/recovery.ts";
import { ownProgram } from "#platform/own-process.ts";
import type { Storage } from "#storage/storage.ts";
import type { AppOptions } from "./app-options.ts";

/** Makes the loop over work that storage has left; `wakeReaders` is called after each step. */
export function createBackground(
  options: AppOptions,
  storage: Storage,
  wakeReaders: () => void,
): BackgroundLoop {
  return loopsOf(options)(async () => {
    const hasMore = await storage.continueBackgroundWork();
    // Released punches are in the feed and the outbox without any commit of the queue's.
    wakeReaders();
    return hasMore;
  });
}

/** Makes a loop over a step of background work. */
export function loopsOf({ clock, log }: AppOptions) {
  return (step: () => Promise<boolean>) => new BackgroundLoop({ step, clock, log });
}

/** Starts the making of backups, and to tell when they fail. */
export function beginBackups(
  { config, clock, log }: AppOptions,
  { disk, watch }: DataFolder,
): RunningBackups {
  const { siteTimeZone } = config;
  const places = { databasePath: databasePathOf(config), program: ownProgram() };
  const running = startBackups({ ...places, ...backupPlan(config), siteTimeZone, clock, log });
  watch.lookWith(watchBox({ disk, backups: running.backups }));
  return running;
}

/** When backups are made, and how many are kept. */
export function backupPlan({ backupTime, backupKeep }: Config): BackupPlan {
  return { time: timeOfDay(backupTime), keptMax: backupKeep };
}

/** Starts to end commands whose time is over. */
export function startCommandCare({ clock, log }: AppOptions, storage: Storage): CommandCare {
  const care = new CommandCare({ storage, clock, log });
  care.start();
  return care;
}

/** Starts the reading of terminals' logs; `afterStep` is called when punches were added. */
export function beginRecovery(
  options: AppOptions,
  storage: Storage,
  afterStep: () => void,
): RunningRecovery {
  const { config, clock, log } = options;
  const { logRecoveryTime, siteTimeZone } = config;
  const recoveryTime = timeOfDay(logRecoveryTime);
  const loopOver = loopsOf(options);
  return startRecovery({ storage, clock, log, recoveryTime, siteTimeZone, afterStep, loopOver });
}
