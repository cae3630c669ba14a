/**
 * The messages of one endpoint as the rest of the program sees them: what waits, what every try
 * came to, and what is to be sent once more. A part of the interface in `storage.ts`.
 */

import type { EpochMs } from "#base/epoch.ts";
import type { DeviceId, PunchId } from "#domain/identifiers.ts";
import type { WaitingDelivery } from "./storage.ts";

/** What is kept of every try. */
export interface EndedTry {
  readonly deliveryId: number;
  /** When it began (UTC). */
  readonly atMs: EpochMs;
  /** How long it took; milliseconds. */
  readonly durationMs: number;
  /** Of the answer; undefined where there was none. */
  readonly httpStatus: number | undefined;
  /** Why there was none, or what of it counted; empty for a success. */
  readonly detail: string;
  /** The first 2 KB of the answer, without what is secret. */
  readonly replyText: string;
  /** As sent; undefined where a bug of ours let nothing be sent. */
  readonly bodyText: string | undefined;
}

/**
 * What a try did to its delivery. `refused`: it is tried again, by its count of refused tries.
 * `parked`: that was the last of them. `failed`: the endpoint is to blame, and nothing counts.
 */
export type AttemptRecord =
  | (EndedTry & { readonly kind: "delivered" | "parked" | "failed" })
  | (EndedTry & { readonly kind: "refused"; readonly nextAttemptAtMs: EpochMs });

/**
 * What a message is at. `superseded`: a later one told the same punch anew, so that it is never sent
 * again.
 */
export type DeliveryStatus = "waiting" | "delivered" | "parked" | "superseded";

/** Which messages a reader of the ledger wants, newest first. Absent means any. */
export interface LedgerFilter {
  readonly status?: DeliveryStatus | undefined;
  readonly deviceId?: DeviceId | undefined;
  /** Last tried, or never tried and made, at this instant or later. */
  readonly sinceMs?: EpochMs | undefined;
  /** Only older ones than this. */
  readonly beforeId?: number | undefined;
}

/** A message of the ledger. */
export interface LedgerDelivery {
  readonly id: number;
  /** Stable over all tries: the receiver's key for idempotency. */
  readonly eventId: string;
  /** An `EventType`, or one that only a newer version knows. */
  readonly type: string;
  /** Undefined where it is about no terminal. */
  readonly deviceId: DeviceId | undefined;
  /** Undefined where it tells of no punch. */
  readonly punchId: PunchId | undefined;
  /** Of the punch, as the message tells it. */
  readonly revision: number;
  /** When the event was made (UTC). */
  readonly eventAtMs: EpochMs;
  readonly status: DeliveryStatus;
  /** Refused tries since it last began to wait. */
  readonly attemptCount: number;
  readonly lastAttemptAtMs: EpochMs | undefined;
  /** Of the last try; undefined also where that had no answer. */
  readonly lastHttpStatus: number | undefined;
}

/** A part of the ledger. */
export interface LedgerPage {
  /** Fewer than asked for, or none, also while more match: a page looks at a bounded part. */
  readonly deliveries: readonly LedgerDelivery[];
  /** Where the next page goes on; undefined: there is nothing older. */
  readonly nextBeforeId: number | undefined;
}

/** One try. */
export interface LedgerAttempt {
  readonly atMs: EpochMs;
  readonly durationMs: number;
  readonly outcome: "delivered" | "refused" | "failed";
  readonly httpStatus: number | undefined;
  readonly detail: string;
  readonly replyText: string;
}

/** A message with everything that is kept of it. */
export interface LedgerEntry extends LedgerDelivery {
  /** As sent; undefined where no try has ended, or it was let go. */
  readonly bodyText: string | undefined;
  /** The last 100, newest first. */
  readonly attempts: readonly LedgerAttempt[];
}

/** Which messages are to be sent once more. */
export type RedeliverySelection =
  /** At most 1000. */
  | { readonly kind: "ids"; readonly ids: readonly number[] }
  /** Both inclusive. */
  | { readonly kind: "range"; readonly fromId: number; readonly toId: number }
  | { readonly kind: "parked" }
  /** Last tried, or never tried and made, at this instant or later. */
  | { readonly kind: "since"; readonly sinceMs: EpochMs };

/** What one step of a redelivery came to. */
export interface RedeliveryStep {
  /** Those that wait again. */
  readonly requeuedCount: number;
  /** Those that are not sent, because a later message tells the same punch anew. */
  readonly supersededCount: number;
  /** Those that wait already, or were superseded before. */
  readonly unchangedCount: number;
  /** Whether there is more of the selection behind `lastId`. */
  readonly hasMore: boolean;
  /** The last message looked at: the next step begins behind it. */
  readonly lastId: number;
}

/** How much of the ledger is kept. */
export interface LedgerLimits {
  /** Of finished messages and of tries, for all endpoints together. */
  readonly bytesMax: number;
  /** What was last tried before this (UTC) goes; undefined: nothing goes for its age. */
  readonly beforeMs: EpochMs | undefined;
}

/** One endpoint's messages. */
export interface EndpointOutbox {
  /** Devices that have deliveries waiting. */
  listDevicesWithDeliveries(): Promise<readonly DeviceId[]>;
  /** A device's waiting deliveries with an id above `afterId`, oldest first. */
  listWaitingDeliveries(
    deviceId: DeviceId,
    afterId: number,
    limit: number,
  ): Promise<readonly WaitingDelivery[]>;
  /** When the oldest event was made that waits (UTC); undefined while none waits. */
  findOldestWaiting(): Promise<EpochMs | undefined>;
  /**
   * Writes the results of tries, all in one transaction. With the first of a delivery its body is
   * kept, for every later try.
   */
  recordAttempts(records: readonly AttemptRecord[]): Promise<void>;
  /**
   * Puts the oldest parked deliveries behind `afterId`, at most `limit`, back among the waiting
   * ones, all in one transaction. They keep their count of refused tries, so that another refusal
   * parks them again.
   */
  requeueParkedDeliveries(limit: number, afterId: number): Promise<RedeliveryStep>;
  /**
   * One step of a redelivery, in a transaction of its own that looks at a bounded number of messages
   * behind `afterId` (0 for all), oldest first. What was delivered or parked waits again, under the
   * same event id, with the same body and all of its tries.
   */
  redeliver(selection: RedeliverySelection, afterId: number): Promise<RedeliveryStep>;
  /** `limit` 1 to 1000. */
  listDeliveries(filter: LedgerFilter, limit: number): Promise<LedgerPage>;
  /** Undefined also for a message of another endpoint. */
  findDelivery(id: number): Promise<LedgerEntry | undefined>;
}
