/**
 * What `status` shows while no server answers: that, and what the database holds, in the form of the
 * server's own answer.
 */

import {
  isoTime,
  isoTimeOrNull,
  spellCondition,
  spellTerminal,
} from "#api/control/status/spell-status.ts";
import type { EpochMs } from "#base/epoch.ts";
import type { LoadedConfig } from "#config/load.ts";
import { findNewestBackup } from "#maintenance/backups.ts";
import { readStoredState } from "#storage/stored-state.ts";
import { findDatabase } from "./database-file.ts";

/**
 * Reads the database of the settings if it is there, else that of the unit; undefined without any.
 * @throws AppError as `readStoredState`.
 */
export function readStoredStatus(settings: Pick<LoadedConfig, "config">, nowMs: EpochMs) {
  const path = findDatabase(settings);
  return path === undefined ? undefined : readStatusOf(path, nowMs);
}

/** The same of one database. @throws AppError as `readStoredState`. */
export function readStatusOf(path: string, nowMs: EpochMs) {
  const { devices, conditions, figures } = readStoredState(path);
  return {
    server_answers: false,
    read_from: path,
    now: isoTime(nowMs),
    well: false,
    terminals: devices.map(spellTerminal),
    conditions: conditions.map(spellCondition),
    deliveries_waiting: figures.deliveriesWaiting,
    deliveries_parked: figures.deliveriesParked,
    last_backup_at: isoTimeOrNull(findNewestBackup(path)?.madeAtMs),
    quarantine_count: figures.quarantineCount,
  };
}
