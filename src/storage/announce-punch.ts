/**
 * What belongs to a punch's entry into the feed, be it live or released: it is counted, and the
 * webhook's message is put into the outbox, in the same transaction.
 */

import type { StorageRules } from "./rules.ts";
import type { WriteParts } from "./write-parts.ts";

/** A punch that has just got its place in the feed. Historic ones are not sent until asked for. */
export interface EnteredPunch {
  readonly deviceId: string;
  readonly punchId: number;
  readonly revision: number;
  /** UTC epoch milliseconds; the event's time. */
  readonly receivedAtMs: number;
  readonly isHistoric: boolean;
}

/** Counts the punch and, where an endpoint is set, enqueues its delivery. */
export function announcePunch(parts: WriteParts, rules: StorageRules, punch: EnteredPunch): void {
  parts.counters.add({ punchCount: 1 });
  if (!rules.hasEndpoint || punch.isHistoric) return;
  parts.outbox.enqueue({
    deviceId: punch.deviceId,
    punchId: punch.punchId,
    revision: punch.revision,
    eventAtMs: punch.receivedAtMs,
  });
}
