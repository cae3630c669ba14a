/** The figures of the receivers of webhooks. There are 16 at most. */

import type { Endpoint } from "#domain/webhook-endpoint.ts";
import { nextTurn } from "#platform/next-turn.ts";
import type { DeliveryFigures } from "#webhooks/dispatcher-options.ts";
import { counter, type Family, gauge, type Sample } from "./family.ts";
import type { MetricsSource } from "./source.ts";

interface ToldEndpoint {
  readonly endpoint: Endpoint;
  /** Undefined while nothing is delivered to it. */
  readonly figures: DeliveryFigures | undefined;
  readonly oldestAgeSeconds: number;
}

export async function deliveryFamilies(source: MetricsSource): Promise<readonly Family[]> {
  const { storage, dispatchers } = source;
  const told: ToldEndpoint[] = [];
  for (const endpoint of await storage.listEndpoints()) {
    const figures = dispatchers.find(endpoint.id)?.figures();
    told.push({ endpoint, figures, oldestAgeSeconds: await findAge(source, endpoint) });
    // Looking for the oldest takes some milliseconds where thousands of terminals have messages.
    await nextTurn();
  }
  const stored = (name: string, help: string, read: (one: ToldEndpoint) => number) =>
    gauge(
      name,
      help,
      told.map((one) => sample(one, read(one))),
    );
  const { ledgerBytes } = await storage.figures();
  return [
    stored(
      "biometric_deliveries_waiting",
      "Messages that wait for a receiver",
      ({ endpoint }) => endpoint.waitingCount,
    ),
    stored(
      "biometric_deliveries_parked",
      "Messages that a receiver refused for good",
      ({ endpoint }) => endpoint.parkedCount,
    ),
    stored(
      "biometric_deliveries_unfilled",
      "Places of the feed that are still to be looked through for a receiver",
      ({ endpoint }) => endpoint.unfilledCount,
    ),
    stored(
      "biometric_delivery_oldest_waiting_seconds",
      "Age of the oldest event that waits for a receiver; 0: none does",
      ({ oldestAgeSeconds }) => oldestAgeSeconds,
    ),
    stored("biometric_delivery_enabled", "1: messages are sent to the receiver", ({ figures }) =>
      Number(figures !== undefined),
    ),
    stored(
      "biometric_delivery_paused",
      "1: the receiver takes nothing, and is probed",
      ({ figures }) => Number(figures?.state === "paused"),
    ),
    counter(
      "biometric_delivery_attempts_total",
      "Tries to deliver, by what the receiver made of them; failed: it gave no answer that counts",
      told.flatMap(attemptsOf),
    ),
    counter(
      "biometric_delivery_rate_limited_total",
      "Times that messages began to wait for the rate limit of a receiver",
      told.flatMap((one) =>
        one.figures === undefined ? [] : [sample(one, one.figures.rateLimitedCount)],
      ),
    ),
    gauge(
      "biometric_delivery_ledger_bytes",
      "Kept of messages that are finished, and of all tries",
      ledgerBytes,
    ),
  ];
}

async function findAge(
  { storage, clock }: MetricsSource,
  { id, waitingCount }: Endpoint,
): Promise<number> {
  if (waitingCount === 0) return 0;
  const oldestMs = await storage.outboxOf(id).findOldestWaiting();
  return oldestMs === undefined ? 0 : Math.max(0, clock.nowMs() - oldestMs) / 1000;
}

function attemptsOf(one: ToldEndpoint): readonly Sample[] {
  const { figures } = one;
  if (figures === undefined) return [];
  return [
    sample(one, figures.deliveredCount, { outcome: "delivered" }),
    sample(one, figures.refusedCount, { outcome: "refused" }),
    sample(one, figures.endpointFailedCount, { outcome: "failed" }),
  ];
}

function sample({ endpoint }: ToldEndpoint, value: number, labels = {}): Sample {
  return { labels: { endpoint: endpoint.name, ...labels }, value };
}
