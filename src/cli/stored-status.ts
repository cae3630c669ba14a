/**
 * What `status` shows while no server answers: that, and what the database holds, in the form of the
 * server's own answer.
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { isoTime, spellCondition, spellTerminal } from "#api/control/status/spell-status.ts";
import type { EpochMs } from "#base/epoch.ts";
import type { LoadedConfig } from "#config/load.ts";
import { readStoredState } from "#storage/stored-state.ts";

/** Where the unit of a box has its data; a verb of root does not get the unit's environment. */
const UNIT_DATA_DIR = "/var/lib/biometric-server";

/**
 * Reads the database of the settings if it is there, else that of the unit; undefined without any.
 * @throws AppError as `readStoredState`.
 */
export function readStoredStatus({ config }: Pick<LoadedConfig, "config">, nowMs: EpochMs) {
  const paths = [config.dataDir, UNIT_DATA_DIR].map((folder) => join(folder, "biometric.db"));
  const path = paths.find((candidate) => existsSync(candidate));
  if (path === undefined) return undefined;
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
    quarantine_count: figures.quarantineCount,
  };
}
