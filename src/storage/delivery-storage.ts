/**
 * The part of `Storage` that webhook delivery works on: reads on the readers' connection, results
 * in transactions of their own.
 */

import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import type { EndpointId } from "#domain/webhook-endpoint.ts";
import { shownEndpoint } from "./endpoints.ts";
import { guardEngine } from "./engine-error.ts";
import { readDevicesWithDeliveries, readWaitingDeliveries } from "./outbox.ts";
import type { EndpointOutbox, Storage } from "./storage.ts";
import type { WriteParts } from "./write-parts.ts";

/** `boxId` is a part of every event's id. */
export function deliveryStorage(
  parts: WriteParts,
  reader: BunSQLiteDatabase,
  boxId: string,
): Pick<Storage, "listEndpoints" | "outboxOf"> {
  const outboxOf = (endpointId: EndpointId): EndpointOutbox => ({
    listDevicesWithDeliveries: async () =>
      guardEngine("look for deliveries", () => readDevicesWithDeliveries(reader, endpointId)),
    listWaitingDeliveries: async (deviceId, afterId, limit) =>
      guardEngine("read deliveries", () =>
        readWaitingDeliveries(reader, deviceId, { endpointId, afterId, limit, boxId }),
      ),
    recordAttempts: async (records) =>
      guardEngine("record deliveries", () =>
        parts.transaction(() => {
          for (const record of records) parts.outbox.record(record);
        }),
      ),
    requeueParkedDeliveries: async (limit) =>
      guardEngine("put parked deliveries back", () =>
        parts.transaction(() => parts.outbox.requeueParked(endpointId, limit)),
      ),
  });
  return {
    listEndpoints: async () =>
      parts.endpoints
        .list()
        .map((endpoint) => shownEndpoint(endpoint, parts.counters.values.endpointTotals)),
    outboxOf,
  };
}
