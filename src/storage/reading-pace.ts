/**
 * Bounds how long a reader holds one turn of the event loop, so that terminals are never kept
 * waiting for the count of a large table.
 */

import type { Clock } from "#platform/clock.ts";
import type { ReadingTurns } from "#platform/reading-turns.ts";

/** After so long a reader lets others have a turn. */
const TURN_MS = 1.5;

/** The pace of one reader, who begins in a turn of its own. */
export class ReadingPace {
  readonly #turns: ReadingTurns;
  readonly #clock: Clock;
  #turnStartedMs: number;

  constructor(turns: ReadingTurns, clock: Clock) {
    this.#turns = turns;
    this.#clock = clock;
    this.#turnStartedMs = clock.monotonicMs();
  }

  /** To be called between two short reads: waits for another turn when this one was long enough. */
  async keep(): Promise<void> {
    if (this.#clock.monotonicMs() - this.#turnStartedMs < TURN_MS) return;
    await this.#turns.next();
    this.#turnStartedMs = this.#clock.monotonicMs();
  }
}
