/**
 * The part of `Storage` that webhook delivery works on: reads on the readers' connection, results
 * in transactions of their own.
 */

import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import type { EndpointId } from "#domain/webhook-endpoint.ts";
import type { Clock } from "#platform/clock.ts";
import type { EndpointOutbox } from "./endpoint-outbox.ts";
import { shownEndpoint } from "./endpoints.ts";
import { guardEngine } from "./engine-error.ts";
import { LedgerReader } from "./ledger-reader.ts";
import {
  type ParkedDelivery,
  prepareWaiting,
  readDevicesWithDeliveries,
  readOldestWaiting,
} from "./outbox.ts";
import { parkedEvent } from "./parked-event.ts";
import type { Storage } from "./storage.ts";
import type { WriteParts } from "./write-parts.ts";

/** What it works with. */
export interface DeliveryStorageOptions {
  readonly parts: WriteParts;
  /** The readers' connection. */
  readonly reader: BunSQLiteDatabase;
  readonly clock: Clock;
  /** A part of every event's id. */
  readonly boxId: string;
}

export function deliveryStorage({
  parts,
  reader,
  clock,
  boxId,
}: DeliveryStorageOptions): Pick<Storage, "listEndpoints" | "outboxOf" | "trimLedger"> {
  const ledger = new LedgerReader(reader, { clock, boxId });
  const readWaiting = prepareWaiting(reader, boxId);
  const tellParked = (id: EndpointId, parked: ParkedDelivery | undefined): void => {
    if (parked === undefined) return;
    const endpoint = parts.endpoints.list().find((booked) => booked.id === id);
    // It is removed, or about to be.
    if (endpoint === undefined) return;
    const event = parkedEvent(parked, endpoint, boxId);
    // Who refused it knows, and might refuse this, too.
    if (event !== undefined) parts.eventLog.add(event, id);
  };
  const outboxOf = (endpointId: EndpointId): EndpointOutbox => ({
    listDevicesWithDeliveries: async () =>
      guardEngine("look for deliveries", () => readDevicesWithDeliveries(reader, endpointId)),
    listWaitingDeliveries: async (deviceId, afterId, limit) =>
      guardEngine("read deliveries", () => readWaiting({ endpointId, deviceId, afterId, limit })),
    findOldestWaiting: async () =>
      guardEngine("look for deliveries", () => readOldestWaiting(reader, endpointId)),
    recordAttempts: async (records) =>
      guardEngine("record deliveries", () =>
        parts.transaction(() => {
          for (const record of records) {
            tellParked(endpointId, parts.outbox.record(endpointId, record));
            parts.ledger.add(endpointId, record);
          }
        }),
      ),
    requeueParkedDeliveries: async (limit, afterId) =>
      guardEngine("put parked deliveries back", () =>
        parts.transaction(() => parts.redelivery.requeueParked(endpointId, limit, afterId)),
      ),
    redeliver: async (selection, afterId) =>
      guardEngine("put deliveries back", () =>
        parts.transaction(() => parts.redelivery.redeliver(endpointId, selection, afterId)),
      ),
    listDeliveries: (filter, limit) => ledger.list(endpointId, filter, limit),
    findDelivery: async (id) => ledger.find(endpointId, id),
  });
  return {
    listEndpoints: async () =>
      parts.endpoints.list().map((endpoint) => shownEndpoint(endpoint, parts.counters.values)),
    outboxOf,
    trimLedger: async (limits) =>
      guardEngine("trim the ledger", () => parts.transaction(() => parts.ledgerTrim.step(limits))),
  };
}
