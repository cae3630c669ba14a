/**
 * The timers of one part, so that stopping the part stops them all.
 */

import type { Clock, Timer } from "#platform/clock.ts";

/** Hands out timers of a clock and remembers those that have not run. */
export class TimerSet {
  readonly #clock: Clock;
  readonly #waiting = new Set<Timer>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs `task` once, `delayMs` milliseconds from now, unless stopped before. */
  after(delayMs: number, task: () => void): Timer {
    const inner = this.#clock.after(delayMs, () => {
      this.#waiting.delete(timer);
      task();
    });
    const timer: Timer = {
      stop: () => {
        inner.stop();
        this.#waiting.delete(timer);
      },
    };
    this.#waiting.add(timer);
    return timer;
  }

  /** Stops every timer that has not run. */
  stopAll(): void {
    for (const timer of this.#waiting) timer.stop();
  }
}
