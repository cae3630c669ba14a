/** What the metrics are told from: the parts of the server, as they tell of themselves. */

import type { BucketFigures } from "#base/bucket-counts.ts";
import type { EpochMs } from "#base/epoch.ts";
import type { Condition } from "#domain/condition.ts";
import type { EndpointId } from "#domain/webhook-endpoint.ts";
import type { Backups } from "#maintenance/backups.ts";
import type { Clock } from "#platform/clock.ts";
import type { OwnClock } from "#platform/own-clock.ts";
import type { DiskGuard } from "#storage/disk-guard.ts";
import type { Storage } from "#storage/storage.ts";
import type { DeliveryFigures } from "#webhooks/dispatcher-options.ts";
import type { RequestTally } from "../request-tally.ts";
import type { LimitSources } from "./limits-reached.ts";

export interface MetricsSource extends LimitSources {
  readonly storage: Pick<
    Storage,
    "figures" | "listDevices" | "listEndpoints" | "outboxOf" | "probe"
  >;
  readonly clock: Pick<Clock, "nowMs">;
  readonly ownClock: Pick<OwnClock, "isTrusted">;
  readonly disk: Pick<DiskGuard, "figures">;
  readonly backups: Pick<Backups, "state" | "findNewest" | "failedCount">;
  readonly requests: Pick<RequestTally, "countOf" | "byStatus">;
  /** Those that deliver; undefined where none does. */
  readonly dispatchers: { find(id: EndpointId): { figures(): DeliveryFigures } | undefined };
  readonly openConditions: () => readonly Condition[];
  readonly loopDelay: { readonly figures: BucketFigures };
  readonly process: ProcessFigures;
  /** Of the program; undefined: not known. */
  readonly version: string;
  readonly commit: string | undefined;
}

/** What the process takes of the machine. */
export interface ProcessFigures {
  /** By the wall clock as it was then. */
  readonly startedAtMs: EpochMs;
  readonly residentBytes: () => number;
  /** Time on processors since the start, in seconds. */
  readonly processorSeconds: () => number;
}
