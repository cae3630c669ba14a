/** What removed endpoints leave behind: messages that nobody will send, deleted in bounded steps. */

import type { Database } from "bun:sqlite";
import { type EndpointId, endpointId } from "#domain/webhook-endpoint.ts";
import type { WriteParts } from "./write-parts.ts";

/** Deleted in one transaction. */
const ROWS_PER_STEP = 200;

/** The status is written out: the partial indexes are not used for a bound value. */
const deleteSome = (status: "waiting" | "parked") =>
  `DELETE FROM deliveries WHERE id IN (
    SELECT id FROM deliveries
    WHERE status = '${status}' AND endpoint_id = +$endpointId LIMIT ${ROWS_PER_STEP}
  )`;

export class EndpointRemoval {
  readonly #deleteWaiting;
  readonly #deleteParked;

  constructor(database: Database) {
    type Bindings = { readonly endpointId: number };
    this.#deleteWaiting = database.prepare<never, [Bindings]>(deleteSome("waiting"));
    this.#deleteParked = database.prepare<never, [Bindings]>(deleteSome("parked"));
  }

  /** Whether a step can be done now: from memory, without a query. */
  isDue(parts: WriteParts): boolean {
    return findRemoved(parts) !== undefined;
  }

  /** One step, inside the caller's transaction. */
  step(parts: WriteParts): void {
    const removed = findRemoved(parts);
    if (removed === undefined) return;
    const waiting = this.#deleteWaiting.run({ endpointId: removed }).changes;
    const parked = this.#deleteParked.run({ endpointId: removed }).changes;
    // The marks of `endpoint-fill.ts`, which count for nothing.
    const marks = this.#deleteWaiting.run({ endpointId: -removed }).changes;
    parts.counters.addDeliveries(removed, { waiting: -waiting, parked: -parked });
    if (Math.max(waiting, parked, marks) < ROWS_PER_STEP) parts.counters.forgetEndpoint(removed);
  }
}

/** An endpoint that has totals and is in the book no more. */
function findRemoved({ counters, endpoints }: WriteParts): EndpointId | undefined {
  for (const key of Object.keys(counters.values.endpointTotals)) {
    const id = endpointId(Number(key));
    if (endpoints.find(id) === undefined) return id;
  }
  return undefined;
}
