/** Endpoints as tests add them, and what waits for one. */

import { deviceId } from "#domain/identifiers.ts";
import type { Endpoint, EndpointId, NewEndpoint } from "#domain/webhook-endpoint.ts";
import type { EndedTry } from "#storage/endpoint-outbox.ts";
import type { Storage, WaitingDelivery } from "#storage/storage.ts";
import { RECEIVED_AT_MS } from "./test-storage.ts";

/** An endpoint that is told of punches from now on. */
export const PAYROLL: NewEndpoint = {
  name: "payroll",
  url: "http://payroll.test/punches",
  format: "logs",
  types: undefined,
  deviceIds: undefined,
  secret: "ab".repeat(32),
  start: { kind: "now" },
  nowMs: RECEIVED_AT_MS,
};

/** Adds an endpoint, which there must be room and a name for. */
export async function addedEndpoint(
  storage: Storage,
  change: Partial<NewEndpoint> = {},
): Promise<Endpoint> {
  const added = await storage.addEndpoint({ ...PAYROLL, ...change });
  if (added.kind !== "added") throw new Error(`Not added: ${added.kind}`);
  return added.endpoint;
}

/** An endpoint as it stands; undefined when there is none. */
export async function findEndpoint(
  storage: Storage,
  id: EndpointId,
): Promise<Endpoint | undefined> {
  return (await storage.listEndpoints()).find((endpoint) => endpoint.id === id);
}

/** Everything that waits for an endpoint, of one terminal, in the order it is sent. */
export async function listWaiting(
  storage: Storage,
  id: EndpointId,
  device = "GATE1",
): Promise<readonly WaitingDelivery[]> {
  return storage.outboxOf(id).listWaitingDeliveries(deviceId(device), 0, 100_000);
}

/** Takes deliveries out of the outbox, as a receiver would that answers at once. */
export async function takeDeliveries(
  storage: Storage,
  id: EndpointId,
  deliveries: readonly WaitingDelivery[],
): Promise<void> {
  await storage.outboxOf(id).recordAttempts(
    deliveries.map((delivery) => ({
      ...endedTry(delivery.id),
      kind: "delivered" as const,
      httpStatus: 200,
    })),
  );
}

/** A try of a delivery, of which a test says what came of it. */
export function endedTry(deliveryId: number): EndedTry {
  return {
    deliveryId,
    atMs: RECEIVED_AT_MS,
    durationMs: 12,
    httpStatus: undefined,
    detail: "",
    replyText: "",
    bodyText: "{}",
  };
}
