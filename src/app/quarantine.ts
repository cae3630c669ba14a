/** What nobody could read, put together from the settings. */

import { QuarantineDesk } from "#api/quarantine/desk.ts";
import { terminalPortLimits } from "#config/terminal-port-limits.ts";
import type { DataFolder } from "#ingest/data-folder.ts";
import { startQuarantineCare } from "#maintenance/quarantine-care.ts";
import type { Storage } from "#storage/storage.ts";
import type { AppOptions } from "./app-options.ts";
import { loopsOf } from "./background.ts";

/** Makes what the API and the verbs do with it. `onReleased`: as in `QuarantineDeskOptions`. */
export function createQuarantineDesk(
  { config, clock, log }: AppOptions,
  storage: Storage,
  onReleased: () => void,
): QuarantineDesk {
  const { siteTimeZone } = config;
  const { decoder: limits } = terminalPortLimits(config);
  return new QuarantineDesk({ storage, clock, log, siteTimeZone, limits, onReleased });
}

/** Starts to let go of what was decided long ago. Returns what stops it. */
export function beginQuarantineCare(
  options: AppOptions,
  { storage, ownClock }: Pick<DataFolder, "storage" | "ownClock">,
): () => Promise<void> {
  const { config, clock } = options;
  const { quarantineKeepDays: keepDays, siteTimeZone } = config;
  const loopOver = loopsOf(options);
  return startQuarantineCare({ storage, ownClock, keepDays, siteTimeZone, clock, loopOver });
}
