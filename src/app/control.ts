/** The control socket of the local verbs, put together from the settings. */

import { type RunningControlSocket, startControlSocket } from "#api/control/socket.ts";
import type { LiveHub } from "#api/live/hub.ts";
import { type LimitSources, limitsReached } from "#api/metrics/limits-reached.ts";
import type { QuarantineDesk } from "#api/quarantine/desk.ts";
import type { WebhookDesk } from "#api/webhooks/desk.ts";
import type { Config } from "#config/config.ts";
import { markSettings } from "#config/setting-marks.ts";
import type { DataFolder } from "#ingest/data-folder.ts";
import type { Backups } from "#maintenance/backups.ts";
import type { AppOptions } from "./app-options.ts";
import { expectedUsersOfSite, siteOf } from "./site.ts";

/** What the verbs work on. */
export interface ControlParts extends Pick<DataFolder, "storage" | "disk" | "ownClock" | "watch"> {
  readonly live: LiveHub;
  readonly backups: Backups;
  readonly webhooks: WebhookDesk;
  readonly quarantine: QuarantineDesk;
  readonly figures: LimitSources;
  /** Called after a change that leaves work for the background. */
  readonly onWork: () => void;
  readonly settingsInForce: () => Config;
}

/** @throws AppError `port-unavailable`, as `startControlSocket`. */
export function startControl(
  { config, controlSocketPath: path, clock, log }: AppOptions,
  parts: ControlParts,
): Promise<RunningControlSocket> {
  return startControlSocket({
    ...parts,
    ...siteOf(config),
    expectedUsers: expectedUsersOfSite(config),
    path,
    clock,
    log,
    openConditions: () => parts.watch.conditions(),
    reachedLimits: () => limitsReached(parts.figures),
    markSettings: (salt) => markSettings(parts.settingsInForce(), salt),
  });
}
