/** What works by itself while terminals and clients are served, put together from the settings. */

import { timeOfDay } from "#config/values.ts";
import { BackgroundLoop } from "#ingest/background-loop.ts";
import { CommandCare } from "#ingest/command-care.ts";
import { type DataFolder, databasePathOf } from "#ingest/data-folder.ts";
import { type RunningBackups, startBackups } from "#maintenance/backup-schedule.ts";
import { watchBox } from "#maintenance/box-watch.ts";
import { type StepLoop, startRecovery } from "#maintenance/recovery.ts";
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
  const { backupTime, backupKeep: keptMax, siteTimeZone } = config;
  const time = timeOfDay(backupTime);
  const places = { databasePath: databasePathOf(config), program: ownProgram() };
  const running = startBackups({ ...places, keptMax, time, siteTimeZone, clock, log });
  watch.lookWith(watchBox({ disk, backups: running.backups }));
  return running;
}

/** Ends commands whose time is over. Returns what stops it. */
export function startCommandCare(
  { clock, log }: AppOptions,
  storage: Storage,
): () => Promise<void> {
  const care = new CommandCare({ storage, clock, log });
  care.start();
  return () => care.stop();
}

/** Starts the reading of terminals' logs; `afterStep` is called when punches were added. */
export function beginRecovery(
  options: AppOptions,
  storage: Storage,
  afterStep: () => void,
): StepLoop {
  const { config, clock, log } = options;
  const { logRecoveryTime, siteTimeZone } = config;
  const recoveryTime = timeOfDay(logRecoveryTime);
  const loopOver = loopsOf(options);
  return startRecovery({ storage, clock, log, recoveryTime, siteTimeZone, afterStep, loopOver });
}
