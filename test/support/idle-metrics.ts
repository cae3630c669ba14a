/** Of what metrics are told on a box where nothing has happened yet. */

import type { MetricsSource } from "#api/metrics/source.ts";
import { RequestTally } from "#api/request-tally.ts";
import { BucketCounts } from "#base/bucket-counts.ts";
import { epochMs } from "#base/epoch.ts";
import { IntakeTally } from "#ingest/intake-tally.ts";
import { FakeOwnClock } from "./fake-own-clock.ts";
import { NO_BACKUPS, ROOMY_DISK } from "./idle-box.ts";

/** Everything is idle but what is given. */
export function idleMetrics(
  given: Pick<MetricsSource, "storage" | "clock"> & Partial<MetricsSource>,
): MetricsSource {
  const tally = new IntakeTally();
  return {
    ownClock: new FakeOwnClock(true),
    disk: { figures: { ...ROOMY_DISK.state, totalBytes: 16 * 1024 ** 3, hasBallast: true } },
    backups: { ...NO_BACKUPS, failedCount: 0 },
    terminalPort: () => undefined,
    commits: () => undefined,
    intakes: () => tally.figures,
    requests: new RequestTally(),
    dispatchers: { find: () => undefined },
    openConditions: () => [],
    loopDelay: new BucketCounts([0.1, 1]),
    process: {
      startedAtMs: epochMs(Date.UTC(2026, 2, 1)),
      residentBytes: () => 54 * 1024 ** 2,
      processorSeconds: () => 12.5,
    },
    version: "1.2.3",
    commit: "0123456789ab",
    ...given,
  };
}
