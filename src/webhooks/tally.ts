/**
 * What became of the tries since the start of the process, for status and metrics.
 */

import type { EpochMs } from "#base/epoch.ts";
import type { SendResult } from "./send.ts";

/** Results so far. Counts are of tries, except `parkedCount`, which is of events. */
export interface TallyFigures {
  /** `delivered 200`, `refused 422`, `connect ECONNREFUSED`; undefined before the first try ends. */
  readonly lastResult: string | undefined;
  readonly lastResultAtMs: EpochMs | undefined;
  readonly lastDeliveredAtMs: EpochMs | undefined;
  readonly deliveredCount: number;
  readonly refusedCount: number;
  readonly endpointFailedCount: number;
  readonly parkedCount: number;
}

/** Counts results and remembers the last. */
export class Tally {
  #figures: TallyFigures = {
    lastResult: undefined,
    lastResultAtMs: undefined,
    lastDeliveredAtMs: undefined,
    deliveredCount: 0,
    refusedCount: 0,
    endpointFailedCount: 0,
    parkedCount: 0,
  };

  get figures(): TallyFigures {
    return this.#figures;
  }

  /** A try ended at this instant (UTC). */
  note(result: Exclude<SendResult, { readonly kind: "aborted" }>, atMs: EpochMs): void {
    const { kind } = result;
    const detail =
      kind === "endpoint-failed"
        ? `${result.code} ${result.detail}`
        : `${kind} ${result.httpStatus}`;
    const before = this.#figures;
    this.#figures = {
      lastResult: detail,
      lastResultAtMs: atMs,
      lastDeliveredAtMs: kind === "delivered" ? atMs : before.lastDeliveredAtMs,
      deliveredCount: before.deliveredCount + (kind === "delivered" ? 1 : 0),
      refusedCount: before.refusedCount + (kind === "refused" ? 1 : 0),
      endpointFailedCount: before.endpointFailedCount + (kind === "endpoint-failed" ? 1 : 0),
      parkedCount: before.parkedCount,
    };
  }

  /** An event used up its tries. */
  noteParked(): void {
    this.#figures = { ...this.#figures, parkedCount: this.#figures.parkedCount + 1 };
  }
}
