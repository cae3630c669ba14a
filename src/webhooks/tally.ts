/**
 * What became of the tries since the start of the process, for status and metrics.
 */

import type { EpochMs } from "#base/epoch.ts";
import type { SendResult } from "./send.ts";

/** Results so far. Counts are of tries, except where they say else. */
export interface TallyFigures {
  /** `delivered 200`, `refused 422`, `connect ECONNREFUSED`; undefined before the first try ends. */
  readonly lastResult: string | undefined;
  readonly lastResultAtMs: EpochMs | undefined;
  readonly lastDeliveredAtMs: EpochMs | undefined;
  readonly deliveredCount: number;
  readonly refusedCount: number;
  readonly endpointFailedCount: number;
  /** Events that used up their tries. */
  readonly parkedCount: number;
  /** Those of the tries whose event had been tried in vain before. */
  readonly retriedCount: number;
  /** How often deliveries had to wait for the rate limit. */
  readonly rateLimitedCount: number;
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
    retriedCount: 0,
    rateLimitedCount: 0,
  };

  get figures(): TallyFigures {
    return this.#figures;
  }

  /** A try ended at this instant (UTC). */
  note(
    result: Exclude<SendResult, { readonly kind: "aborted" }>,
    { atMs, isRetry }: { readonly atMs: EpochMs; readonly isRetry: boolean },
  ): void {
    const { kind } = result;
    const detail =
      kind === "endpoint-failed"
        ? `${result.code} ${result.detail}`
        : `${kind} ${result.httpStatus ?? "unsent"}`;
    const before = this.#figures;
    this.#figures = {
      ...before,
      lastResult: detail,
      lastResultAtMs: atMs,
      lastDeliveredAtMs: kind === "delivered" ? atMs : before.lastDeliveredAtMs,
      deliveredCount: before.deliveredCount + (kind === "delivered" ? 1 : 0),
      refusedCount: before.refusedCount + (kind === "refused" ? 1 : 0),
      endpointFailedCount: before.endpointFailedCount + (kind === "endpoint-failed" ? 1 : 0),
      retriedCount: before.retriedCount + (isRetry ? 1 : 0),
    };
  }

  /** Deliveries have to wait for the rate limit from here on. */
  noteRateLimited(): void {
    this.#figures = { ...this.#figures, rateLimitedCount: this.#figures.rateLimitedCount + 1 };
  }

  /** An event used up its tries. */
  noteParked(): void {
    this.#figures = { ...this.#figures, parkedCount: this.#figures.parkedCount + 1 };
  }
}
