/**
 * Which historic punches an endpoint was told because somebody asked: of these alone corrections are
 * told. Each is a mark, a delivered correction under the negative number of its endpoint, where nobody
 * shows it; it goes with the ledger.
 */

import type { Database } from "bun:sqlite";
import type { EpochMs } from "#base/epoch.ts";
import type { EndpointId } from "#domain/webhook-endpoint.ts";
import type { EndpointBook } from "./endpoints.ts";

const FIND = `SELECT 1 FROM deliveries WHERE punch_id = +$punchId AND endpoint_id = -$endpointId
  AND type = 'punch.updated' AND status = 'delivered'`;
const MARK = `INSERT INTO deliveries (endpoint_id, type, device_id, punch_id, revision, event_at_ms,
  status, attempt_count, next_attempt_at_ms, is_duplicate)
  SELECT -$endpointId, 'punch.updated', $deviceId, $punchId, $revision, $nowMs,
  'delivered', 0, 0, 0 WHERE NOT EXISTS (${FIND})`;

/** A historic punch that is told. */
export interface ToldPunch {
  readonly deviceId: string;
  readonly punchId: number;
  readonly revision: number;
  readonly nowMs: EpochMs;
}

/** Works inside the caller's transaction. */
export class ToldHistory {
  readonly #endpoints: EndpointBook;
  readonly #mark;
  readonly #find;

  constructor(database: Database, endpoints: EndpointBook) {
    type Bindings = Record<string, string | number>;
    this.#endpoints = endpoints;
    this.#mark = database.prepare<never, [Bindings]>(MARK);
    this.#find = database.prepare<unknown, [Bindings]>(FIND);
  }

  /** Notes that these are told of the punch, as far as they want corrections. */
  note(endpointIds: readonly EndpointId[], told: ToldPunch): void {
    const { deviceId, punchId, revision, nowMs } = told;
    for (const endpointId of endpointIds) {
      if (!this.#endpoints.wants(endpointId, "punch.updated", deviceId)) continue;
      this.#mark.run({ endpointId, deviceId, punchId, revision, nowMs });
    }
  }

  /** Those of the endpoints that were told of the punch. */
  filterTold(endpointIds: readonly EndpointId[], punchId: number): readonly EndpointId[] {
    return endpointIds.filter((endpointId) => this.#find.get({ endpointId, punchId }) !== null);
  }
}
