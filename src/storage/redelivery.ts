/**
 * Lets messages that were delivered or parked wait once more. One that a later message of the same
 * punch has taken the place of is superseded instead, so that a receiver never hears the older state
 * after the newer one. Not every correction of a historic punch makes a message, and every time it is
 * asked for makes another one: there each tells the punch as it stands.
 */

import type { Database } from "bun:sqlite";
import { assertNever } from "#base/assert.ts";
import type { EndpointId } from "#domain/webhook-endpoint.ts";
import type { Counters } from "./counters.ts";
import type { DeliveryStatus, RedeliverySelection, RedeliveryStep } from "./endpoint-outbox.ts";
import { DELIVERY_BYTES } from "./ledger.ts";

/** Looked at in one step: a few milliseconds when all of them are to wait again. */
const ROWS_PER_STEP = 200;

const SELECT = `SELECT id, status, endpoint_id AS endpointId, ${DELIVERY_BYTES} AS bytes,
  coalesce(last_attempt_at_ms, event_at_ms) AS atMs,
  EXISTS (
    SELECT 1 FROM deliveries AS later
    WHERE later.type = 'punch.updated' AND later.punch_id = deliveries.punch_id
    AND later.endpoint_id = deliveries.endpoint_id AND later.revision > deliveries.revision
    AND later.status IN ('delivered', 'waiting')
  ) AS hasSuccessor,
  EXISTS (
    SELECT 1 FROM punches
    WHERE punches.id = deliveries.punch_id AND is_historic
    AND punches.revision > deliveries.revision
  ) AS isOutdated
  FROM deliveries WHERE`;
const ORDER = "ORDER BY id LIMIT $limit";
/** `parked` is written out: the partial index is not used for a bound value. */
const PARKED = `${SELECT} status = 'parked' AND endpoint_id = $endpointId AND id > $afterId ${ORDER}`;
const LISTED = `${SELECT} id IN (SELECT value FROM json_each($ids) WHERE value > $afterId) ${ORDER}`;
const BETWEEN = `${SELECT} id BETWEEN $fromId AND $toId ${ORDER}`;

const SUPERSEDE = "UPDATE deliveries SET status = 'superseded' WHERE id = ?";
const REQUEUE = `UPDATE deliveries SET status = 'waiting', next_attempt_at_ms = 0,
  attempt_count = CASE WHEN $keepsCount THEN attempt_count ELSE 0 END,
  body_text = CASE WHEN $keepsBody THEN body_text END WHERE id = $id`;

interface Row {
  readonly id: number;
  readonly status: DeliveryStatus;
  readonly endpointId: number;
  readonly bytes: number;
  readonly atMs: number;
  /** 0 or 1, both. */
  readonly hasSuccessor: number;
  readonly isOutdated: number;
}

type Bindings = Record<string, string | number | boolean>;

/** One step's work. */
interface Step {
  readonly endpointId: EndpointId;
  readonly afterId: number;
  readonly limit: number;
}

export class Redelivery {
  readonly #counters: Counters;
  readonly #parked;
  readonly #listed;
  readonly #between;
  readonly #supersede;
  readonly #requeue;

  constructor(database: Database, counters: Counters) {
    this.#counters = counters;
    this.#parked = database.prepare<Row, [Bindings]>(PARKED);
    this.#listed = database.prepare<Row, [Bindings]>(LISTED);
    this.#between = database.prepare<Row, [Bindings]>(BETWEEN);
    this.#supersede = database.prepare<never, [number]>(SUPERSEDE);
    this.#requeue = database.prepare<never, [Bindings]>(REQUEUE);
  }

  /** See `EndpointOutbox.requeueParkedDeliveries`; inside the caller's transaction. */
  requeueParked(endpointId: EndpointId, limit: number, afterId: number): RedeliveryStep {
    const step = { endpointId, limit, afterId };
    return this.#putBack(step, this.#parked.all({ ...step }), { keepsCount: true });
  }

  /** See `EndpointOutbox.redeliver`; inside the caller's transaction. */
  redeliver(
    endpointId: EndpointId,
    selection: RedeliverySelection,
    afterId: number,
  ): RedeliveryStep {
    const step = { endpointId, limit: ROWS_PER_STEP, afterId };
    return this.#putBack(step, this.#look(step, selection), {
      keepsCount: false,
      sinceMs: selection.kind === "since" ? selection.sinceMs : undefined,
    });
  }

  #look({ endpointId, limit, afterId }: Step, selection: RedeliverySelection): readonly Row[] {
    // One bound of the range alone is used to find its beginning.
    const between = (fromId: number, toId: number) =>
      this.#between.all({ limit, fromId: Math.max(fromId, afterId + 1), toId });
    switch (selection.kind) {
      case "parked":
        return this.#parked.all({ limit, afterId, endpointId });
      case "ids":
        return this.#listed.all({ limit, afterId, ids: JSON.stringify(selection.ids) });
      case "range":
        return between(selection.fromId, selection.toId);
      case "since":
        return between(0, Number.MAX_SAFE_INTEGER);
      default:
        return assertNever(selection);
    }
  }

  #putBack(
    { endpointId, limit, afterId }: Step,
    looked: readonly Row[],
    {
      keepsCount,
      sinceMs = 0,
    }: { readonly keepsCount: boolean; readonly sinceMs?: number | undefined },
  ): RedeliveryStep {
    const counts = { requeuedCount: 0, supersededCount: 0, unchangedCount: 0 };
    for (const row of looked) {
      if (row.endpointId !== endpointId || row.atMs < sinceMs) continue;
      if (row.status === "waiting" || row.status === "superseded") {
        counts.unchangedCount += 1;
      } else if (row.hasSuccessor === 1) {
        this.#end(endpointId, row);
        counts.supersededCount += 1;
      } else {
        this.#begin(endpointId, row, keepsCount);
        counts.requeuedCount += 1;
      }
    }
    const hasMore = looked.length === limit && limit > 0;
    return { ...counts, hasMore, lastId: looked.at(-1)?.id ?? afterId };
  }

  #end(endpointId: EndpointId, { id, status, bytes }: Row): void {
    this.#supersede.run(id);
    if (status !== "parked") return;
    this.#counters.addDeliveries(endpointId, { parked: -1 });
    // It is finished from here on, and a part of the ledger.
    this.#counters.add({ ledgerBytes: bytes });
  }

  #begin(endpointId: EndpointId, row: Row, keepsCount: boolean): void {
    const { id, status, bytes } = row;
    this.#requeue.run({ id, keepsCount, keepsBody: row.isOutdated === 0 });
    const isParked = status === "parked";
    this.#counters.addDeliveries(endpointId, { waiting: 1, parked: isParked ? -1 : 0 });
    if (!isParked) this.#counters.add({ ledgerBytes: -bytes });
  }
}
