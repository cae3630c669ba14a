/**
 * Keeps the ledger within its limits: what is too old goes, and the oldest of what is too much. A
 * message that waits or is parked never goes. Works in steps that look at a bounded number of rows;
 * each walk goes on where the step before it ended.
 */

import type { Database } from "bun:sqlite";
import type { Counters } from "./counters.ts";
import type { LedgerLimits } from "./endpoint-outbox.ts";
import { ATTEMPT_BYTES, DELIVERY_BYTES, type SizedRow } from "./ledger.ts";

/** A few milliseconds when all of them go. */
const ROWS_PER_STEP = 200;

const LIST = {
  deliveries: `SELECT id, status IN ('delivered', 'superseded') AS isFinished,
    coalesce(last_attempt_at_ms, event_at_ms) AS atMs
    FROM deliveries WHERE id > ? ORDER BY id LIMIT ${ROWS_PER_STEP}`,
  attempts: `SELECT id, 1 AS isFinished, at_ms AS atMs
    FROM attempts WHERE id > ? ORDER BY id LIMIT ${ROWS_PER_STEP}`,
} as const;
const SIZE_OF_DELIVERY = `SELECT ${DELIVERY_BYTES} AS bytes FROM deliveries WHERE id = ?`;
const DROP_TRIES = `DELETE FROM attempts WHERE delivery_id = ? RETURNING ${ATTEMPT_BYTES} AS bytes`;
const DROP_TRY = `DELETE FROM attempts WHERE id = ? RETURNING ${ATTEMPT_BYTES} AS bytes`;
/**
 * While an older message is parked, a delivered correction stays without its body: that it was
 * delivered is what keeps the punch as it was before from being sent after it.
 */
const STRIP = `UPDATE deliveries SET body_text = NULL
  WHERE id = ? AND type = 'punch.updated' AND status = 'delivered' AND id > (
    SELECT min(parked.id) FROM deliveries AS parked
    WHERE parked.status = 'parked' AND parked.endpoint_id = deliveries.endpoint_id
  )
  RETURNING id`;
const DROP_DELIVERY = "DELETE FROM deliveries WHERE id = ?";

interface Row {
  readonly id: number;
  /** 0 or 1. */
  readonly isFinished: number;
  readonly atMs: number;
}

/** Where a walk is: first through the messages, then through the tries that are left. */
interface Place {
  readonly table: keyof typeof LIST;
  readonly afterId: number;
}

const START: Place = { table: "deliveries", afterId: 0 };

/** The walks. A process begins them anew. */
export class LedgerTrim {
  readonly #counters: Counters;
  readonly #list;
  readonly #sizeOfDelivery;
  readonly #dropTries;
  readonly #dropTry;
  readonly #strip;
  readonly #dropDelivery;
  #agePlace = START;
  #sizePlace = START;
  /** Whether the walk for the size has made room since it was at the first message. */
  #hasDropped = false;

  constructor(database: Database, counters: Counters) {
    this.#counters = counters;
    this.#list = {
      deliveries: database.prepare<Row, [number]>(LIST.deliveries),
      attempts: database.prepare<Row, [number]>(LIST.attempts),
    };
    this.#sizeOfDelivery = database.prepare<SizedRow, [number]>(SIZE_OF_DELIVERY);
    this.#dropTries = database.prepare<SizedRow, [number]>(DROP_TRIES);
    this.#dropTry = database.prepare<SizedRow, [number]>(DROP_TRY);
    this.#strip = database.prepare<{ id: number }, [number]>(STRIP);
    this.#dropDelivery = database.prepare<never, [number]>(DROP_DELIVERY);
  }

  /** See `Storage.trimLedger`; inside the caller's transaction. */
  step({ bytesMax, beforeMs }: LedgerLimits): boolean {
    const isTooMuch = this.#counters.values.ledgerBytes > bytesMax;
    if (isTooMuch && this.#dropOldest(bytesMax)) return true;
    return beforeMs !== undefined && this.#dropOld(beforeMs);
  }

  #dropOld(beforeMs: number): boolean {
    const { table, afterId } = this.#agePlace;
    const rows = this.#list[table].all(afterId);
    for (const { id, isFinished, atMs } of rows) {
      if (isFinished === 1 && atMs < beforeMs) this.#drop(table, id);
    }
    this.#agePlace = { table, afterId: rows.at(-1)?.id ?? afterId };
    if (rows.length === ROWS_PER_STEP) return true;
    this.#agePlace = table === "deliveries" ? { table: "attempts", afterId: 0 } : START;
    return table === "deliveries";
  }

  #dropOldest(bytesMax: number): boolean {
    const { table } = this.#sizePlace;
    const rows = this.#list[table].all(this.#sizePlace.afterId);
    for (const { id, isFinished } of rows) {
      if (this.#counters.values.ledgerBytes <= bytesMax) return false;
      const bytes = isFinished === 1 ? this.#drop(table, id) : 0;
      this.#hasDropped ||= bytes > 0;
      this.#sizePlace = { table, afterId: id };
    }
    if (rows.length === ROWS_PER_STEP) return true;
    // What waited when the walk passed it may be finished by the next lap.
    const isTriesTurn = table === "deliveries" && !this.#hasDropped;
    this.#sizePlace = isTriesTurn ? { table: "attempts", afterId: 0 } : START;
    this.#hasDropped = false;
    return table === "deliveries";
  }

  /** Returns what it counted for. */
  #drop(table: Place["table"], id: number): number {
    const dropped = table === "attempts" ? this.#dropTry.all(id) : this.#dropDeliveryWithTries(id);
    const bytes = dropped.reduce((sum, row) => sum + row.bytes, 0);
    this.#counters.add({ ledgerBytes: -bytes });
    return bytes;
  }

  #dropDeliveryWithTries(id: number): readonly SizedRow[] {
    const dropped = [...this.#sizeOfDelivery.all(id), ...this.#dropTries.all(id)];
    if (this.#strip.get(id) === null) this.#dropDelivery.run(id);
    return dropped;
  }
}
