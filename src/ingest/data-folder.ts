/**
 * Opens the data folder: the database with what watches the disk below it, the box's own clock, and
 * the terminals that it tells of.
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { epochMs } from "#base/epoch.ts";
import type { Config } from "#config/config.ts";
import { secretPath } from "#config/secrets.ts";
import { TerminalWatch } from "#devices/terminal-watch.ts";
import type { Clock } from "#platform/clock.ts";
import { makePrivateFolder } from "#platform/files.ts";
import type { Log } from "#platform/log.ts";
import { OwnClock } from "#platform/own-clock.ts";
import { DiskGuard } from "#storage/disk-guard.ts";
import { checkEarlierDatabase } from "#storage/earlier-database.ts";
import { openStorage, type StorageOptions } from "#storage/sqlite-storage.ts";
import type { Storage } from "#storage/storage.ts";
import { rulesOf } from "./rules-of-settings.ts";

/** What is needed to open it. */
export interface DataFolderOptions extends Required<Pick<StorageOptions, "onLost" | "onEvents">> {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
}

/** The open folder. */
export interface DataFolder {
  readonly storage: Storage;
  readonly disk: DiskGuard;
  readonly ownClock: OwnClock;
  readonly watch: TerminalWatch;
  /** Goes by other settings from here on. @throws AppError as `Storage.changeRules`; nothing changed. */
  follow(config: Config): Promise<void>;
  close(): Promise<void>;
}

const MINUTE_MS = 60_000;

/** @throws AppError as `openStorage`, and `storage-damaged` when an earlier database is empty. */
export function openDataFolder(options: DataFolderOptions): DataFolder {
  const { config, clock, log, onLost, onEvents } = options;
  makePrivateFolder(config.dataDir);
  const path = databasePathOf(config);
  // The signing key is made behind the database, so where it is there was one.
  const isEarlier = existsSync(secretPath(config.dataDir, "tokenSigningKey"));
  if (isEarlier) checkEarlierDatabase(path, log);
  const confirmationFile = join(config.dataDir, "clock-confirmed");
  const ownClock = new OwnClock(clock, { confirmationFile });
  const onTwins = (device: string, detail: string) => watch.noteTwins(device, detail);
  const disk = new DiskGuard({ folder: config.dataDir, clock, log });
  const storage = openStorage({
    path,
    rules: rulesOf(config),
    ownClock,
    clock,
    log,
    disk,
    onLost,
    onTwins,
    onEvents,
  });
  const watch = new TerminalWatch({ storage, clock, log });
  disk.start(() => storage.proveStoring());
  return {
    storage,
    disk,
    ownClock,
    watch,
    follow: (changed) => storage.changeRules(rulesOf(changed)),
    async close() {
      await disk.stop();
      await storage.close();
    },
  };
}

/** The database of the settings. */
export function databasePathOf({ dataDir }: Pick<Config, "dataDir">): string {
  return join(dataDir, "biometric.db");
}

/** Notes that the server is up. Returns whether for the first time, which opens a pairing window. */
export async function noteStart(storage: Storage, config: Config, clock: Clock): Promise<boolean> {
  const fromMs = clock.nowMs();
  if (!(await storage.markStarted(fromMs))) return false;
  if (config.deviceEnrollment === "approve" && config.pairingWindowMinutes > 0) {
    const untilMs = epochMs(fromMs + config.pairingWindowMinutes * MINUTE_MS);
    await storage.openPairingWindow(fromMs, untilMs);
  }
  return true;
}
