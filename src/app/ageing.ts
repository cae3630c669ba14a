/** What is let go of when it is old, put together from the settings. */

import type { EpochMs } from "#base/epoch.ts";
import type { Config } from "#config/config.ts";
import type { DataFolder } from "#ingest/data-folder.ts";
import { startAgeing } from "#maintenance/ageing.ts";
import type { Log } from "#platform/log.ts";
import type { Storage } from "#storage/storage.ts";
import type { AppOptions } from "./app-options.ts";
import { loopsOf } from "./background.ts";

/** What ages: as the settings say, and as other settings say later. */
export interface FollowingAgeing {
  follow(config: Config): void;
  /** Resolves when the steps under way are over. */
  stop(): Promise<void>;
}

/** Starts to let go of what is too old. */
export function beginAgeing(
  options: AppOptions,
  { storage, ownClock }: Pick<DataFolder, "storage" | "ownClock">,
): FollowingAgeing {
  const { config, clock, log } = options;
  const { quarantineKeepDays, punchRetentionDays, siteTimeZone } = config;
  const shared = { ownClock, siteTimeZone, clock, loopOver: loopsOf(options) };
  const quarantine = startAgeing({
    ...shared,
    keepDays: quarantineKeepDays,
    trim: (beforeMs) => storage.trimQuarantine(beforeMs),
  });
  const trim = purgeWith(storage, log);
  const punches = startAgeing({ ...shared, keepDays: punchRetentionDays, trim });
  return {
    follow(changed) {
      quarantine.setKeepDays(changed.quarantineKeepDays);
      punches.setKeepDays(changed.punchRetentionDays);
    },
    async stop() {
      await Promise.all([quarantine.stop(), punches.stop()]);
    },
  };
}

/** Tells how many went once a run is over, and why none may. */
function purgeWith(storage: Storage, log: Log): (beforeMs: EpochMs) => Promise<boolean> {
  let count = 0;
  return async (beforeMs) => {
    const step = await storage.purgePunches(beforeMs);
    if (step.kind === "waits") {
      const reason = "receivers have not had everything that is stored";
      log.warn("punches.kept", { before: new Date(beforeMs).toISOString(), reason });
      return false;
    }
    count += step.count;
    if (step.hasMore) return true;
    if (count > 0) log.info("punches.purged", { punches: count });
    count = 0;
    return false;
  };
}
