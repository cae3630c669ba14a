/** The event that a message was parked: told when it is, and not again when it is tried once more. */

import { epochMs } from "#base/epoch.ts";
import type { NewEvent } from "#domain/recorded-event.ts";
import type { Endpoint } from "#domain/webhook-endpoint.ts";
import { eventIdOf, type ParkedDelivery } from "./outbox.ts";

/**
 * Undefined where nothing is told: of a message that was parked before, and of one that itself told
 * that another is parked, which would go on without end.
 */
export function parkedEvent(
  { row, wasParked }: ParkedDelivery,
  endpoint: Pick<Endpoint, "id" | "name">,
  boxId: string,
): NewEvent | undefined {
  if (wasParked || row.type === "delivery.parked") return undefined;
  const isOfPunch = row.punchId !== 0;
  return {
    type: "delivery.parked",
    deviceId: row.deviceId,
    atMs: epochMs(row.lastAttemptAtMs ?? row.eventAtMs),
    data: {
      endpoint_id: endpoint.id,
      endpoint: endpoint.name,
      message_id: eventIdOf(row, boxId),
      message_type: row.type,
      device_id: row.deviceId === "" ? null : row.deviceId,
      punch_id: isOfPunch ? row.punchId : null,
      revision: isOfPunch ? row.revision : null,
      attempts: row.attemptCount,
      http_status: row.lastHttpStatus,
    },
  };
}
