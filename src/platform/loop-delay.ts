/**
 * How late the event loop is: once a second it is to be back at a known moment. Costs a timer and
 * nothing else.
 */

import { BucketCounts, type BucketFigures } from "#base/bucket-counts.ts";
import type { Clock, Timer } from "./clock.ts";

const PERIOD_MS = 1_000;
const BOUNDS_SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

export class LoopDelay {
  readonly #clock: Clock;
  readonly #delays = new BucketCounts(BOUNDS_SECONDS);
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  start(): void {
    const dueMs = this.#clock.monotonicMs() + PERIOD_MS;
    this.#timer = this.#clock.after(PERIOD_MS, () => {
      this.#delays.note(Math.max(0, this.#clock.monotonicMs() - dueMs) / 1000);
      this.start();
    });
  }

  stop(): void {
    this.#timer?.stop();
  }

  /** In seconds. */
  get figures(): BucketFigures {
    return this.#delays.figures;
  }
}
