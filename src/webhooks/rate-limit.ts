/**
 * How many tries a minute the endpoint is given. It delays and never drops.
 */

import type { Clock } from "#platform/clock.ts";
import { SlidingLimit } from "#platform/sliding-limit.ts";

const WINDOW_MS = 60_000;
/** There is one endpoint. */
const KEY = "endpoint";

/**
 * Any 60 s hold at most the given number of tries, and they may come together. A try is first
 * reserved, then either used or released, because finding its event takes time.
 */
export class RateLimit {
  readonly #clock: Pick<Clock, "monotonicMs">;
  #limit: SlidingLimit | undefined;
  #reservedCount = 0;

  /** `perMinute` at least 1; undefined is no limit. */
  constructor(perMinute: number | undefined, clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
    this.setPerMinute(perMinute);
  }

  /** Changes the limit. Tries under an earlier one count on. */
  setPerMinute(perMinute: number | undefined): void {
    if (perMinute === undefined) {
      this.#limit = undefined;
      return;
    }
    const rule = { requests: perMinute, windowMs: WINDOW_MS };
    if (this.#limit !== undefined) this.#limit.setRule(rule);
    else this.#limit = new SlidingLimit({ ...rule, clock: this.#clock, keysMax: 1 });
  }

  /** Milliseconds until a try can be reserved; 0 for at once. */
  waitMs(): number {
    return this.#limit?.waitMs(KEY, this.#reservedCount) ?? 0;
  }

  /** Sets a try aside, while `waitMs` is 0. */
  reserve(): void {
    this.#reservedCount += 1;
  }

  /** Gives a reserved try back. */
  release(): void {
    this.#reservedCount -= 1;
  }

  /** Makes a reserved try at this moment. */
  use(): void {
    this.release();
    this.#limit?.record(KEY);
  }
}
