/**
 * The part of `Storage` that webhook delivery works on: reads on the readers' connection, results
 * in transactions of their own.
 */

import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import { guardEngine } from "./engine-error.ts";
import { readDevicesWithDeliveries, readWaitingDeliveries } from "./outbox.ts";
import type { Storage } from "./storage.ts";
import type { WriteParts } from "./write-parts.ts";

/** What delivery calls. */
export type DeliveryStorage = Pick<
  Storage,
  | "listDevicesWithDeliveries"
  | "listWaitingDeliveries"
  | "recordAttempts"
  | "requeueParkedDeliveries"
>;

/** `boxId` is a part of every event's id. */
export function deliveryStorage(
  parts: WriteParts,
  reader: BunSQLiteDatabase,
  boxId: string,
): DeliveryStorage {
  return {
    listDevicesWithDeliveries: async () =>
      guardEngine("look for deliveries", () => readDevicesWithDeliveries(reader)),
    listWaitingDeliveries: async (deviceId, afterId, limit) =>
      guardEngine("read deliveries", () =>
        readWaitingDeliveries(reader, deviceId, { afterId, limit, boxId }),
      ),
    recordAttempts: async (records) =>
      guardEngine("record deliveries", () =>
        parts.transaction(() => {
          for (const record of records) parts.outbox.record(record);
        }),
      ),
    requeueParkedDeliveries: async (limit) =>
      guardEngine("put parked deliveries back", () =>
        parts.transaction(() => parts.outbox.requeueParked(limit)),
      ),
  };
}
