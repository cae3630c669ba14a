/** The figures of webhook delivery in the original's words. */

import { SETTINGS_ENDPOINT_ID } from "#domain/webhook-endpoint.ts";
import type { Storage } from "#storage/storage.ts";
import type { DeliveryFigures } from "#webhooks/dispatcher-options.ts";
import type { WebhookStats, WebhookStatus } from "./model.ts";

/** What is stored and not delivered. */
export type QueueFigures = WebhookStatus["webhook"]["persistent_queue"];

/**
 * Of the receiver of the settings alone: the replaced server knew no other. Reads no rows: storage
 * counts as it goes.
 */
export async function readQueue(storage: Pick<Storage, "listEndpoints">): Promise<QueueFigures> {
  const endpoints = await storage.listEndpoints();
  const own = endpoints.find(({ id }) => id === SETTINGS_ENDPOINT_ID);
  const { waitingCount: pending = 0, parkedCount: failed = 0 } = own ?? {};
  return {
    total: pending + failed,
    pending,
    failed,
    retry_ready: failed,
    by_status: { pending, failed },
  };
}

/** `figures` undefined: nothing is delivered, so there is nothing to count. */
export function spellStats(
  figures: DeliveryFigures | undefined,
  queue: QueueFigures,
): WebhookStats {
  return {
    sent: figures?.deliveredCount ?? 0,
    failed: (figures?.refusedCount ?? 0) + (figures?.endpointFailedCount ?? 0),
    retried: figures?.retriedCount ?? 0,
    rate_limited: figures?.rateLimitedCount ?? 0,
    recovered: figures?.recoveredCount ?? 0,
    persistent_queue_size: queue.total,
  };
}
