/**
 * The ledger: what every try came to. The messages are those of the outbox; one that is finished
 * stays as a part of the ledger until its time is over.
 */

import type { Database } from "bun:sqlite";
import type { EndpointId } from "#domain/webhook-endpoint.ts";
import type { Counters } from "./counters.ts";
import type { AttemptRecord } from "./endpoint-outbox.ts";

/**
 * Bytes that a finished message counts for, with its share of the indexes. A delivered correction
 * without a body counts for nothing: it stays although it was let go (`ledger-trim.ts`).
 */
export const DELIVERY_BYTES = `CASE
  WHEN body_text IS NULL AND status = 'delivered' AND type = 'punch.updated' THEN 0
  ELSE coalesce(octet_length(body_text), 0) + 100 END`;
/** The same of a try. */
export const ATTEMPT_BYTES = "octet_length(reply_text) + octet_length(detail) + 60";

/** A row that tells how much it counts for. */
export interface SizedRow {
  readonly bytes: number;
}

const INSERT = `INSERT INTO attempts
  (delivery_id, endpoint_id, at_ms, duration_ms, outcome, http_status, detail, reply_text)
  VALUES ($deliveryId, $endpointId, $atMs, $durationMs, $outcome, $httpStatus, $detail, $replyText)
  RETURNING ${ATTEMPT_BYTES} AS bytes`;

export class Ledger {
  readonly #counters: Counters;
  readonly #insert;
  readonly #isDiskLow: () => boolean;

  constructor(database: Database, counters: Counters, isDiskLow: () => boolean) {
    this.#counters = counters;
    this.#isDiskLow = isDiskLow;
    this.#insert = database.prepare<SizedRow, [Record<string, string | number | null>]>(INSERT);
  }

  /** Keeps a try, inside the caller's transaction; not on a disk that is to be kept for punches. */
  add(endpointId: EndpointId, record: AttemptRecord): void {
    if (this.#isDiskLow()) return;
    const inserted = this.#insert.get({
      endpointId,
      deliveryId: record.deliveryId,
      atMs: record.atMs,
      durationMs: Math.round(record.durationMs),
      outcome: record.kind === "parked" ? "refused" : record.kind,
      httpStatus: record.httpStatus ?? null,
      detail: record.detail,
      replyText: record.replyText,
    });
    this.#counters.add({ ledgerBytes: inserted?.bytes ?? 0 });
  }
}
