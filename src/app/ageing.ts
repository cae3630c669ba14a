/** What is let go of when it is old, put together from the settings. */

import type { EpochMs } from "#base/epoch.ts";
import type { DataFolder } from "#ingest/data-folder.ts";
import { startAgeing } from "#maintenance/ageing.ts";
import type { Log } from "#platform/log.ts";
import type { Storage } from "#storage/storage.ts";
import type { AppOptions } from "./app-options.ts";
import { loopsOf } from "./background.ts";

/** Starts to let go of what is too old. Returns what stops it. */
export function beginAgeing(
  options: AppOptions,
  { storage, ownClock }: Pick<DataFolder, "storage" | "ownClock">,
): () => Promise<void> {
  const { config, clock, log } = options;
  const { quarantineKeepDays, punchRetentionDays, siteTimeZone } = config;
  const shared = { ownClock, siteTimeZone, clock, loopOver: loopsOf(options) };
  const stops = [
    startAgeing({
      ...shared,
      keepDays: quarantineKeepDays,
      trim: (beforeMs) => storage.trimQuarantine(beforeMs),
    }),
  ];
  if (punchRetentionDays !== undefined) {
    const trim = purgeWith(storage, log);
    stops.push(startAgeing({ ...shared, keepDays: punchRetentionDays, trim }));
  }
  return async () => {
    await Promise.all(stops.map((stop) => stop()));
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
