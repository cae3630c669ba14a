/** What nobody could read, put together from the settings. */

import { QuarantineDesk } from "#api/quarantine/desk.ts";
import { terminalPortLimits } from "#config/terminal-port-limits.ts";
import type { Storage } from "#storage/storage.ts";
import type { AppOptions } from "./app-options.ts";

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
