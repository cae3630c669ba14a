/**
 * Drives what storage put off, step by step, with a pause between steps in which terminals are
 * served.
 *
 * States: resting (looks again a second after the next commit); working (steps follow each other);
 * stopped.
 */

import type { Clock, Timer } from "#platform/clock.ts";
import type { Log } from "#platform/log.ts";

/** From a commit to the next look, in milliseconds. */
const REST_MS = 1_000;
/** Between two steps. */
const PAUSE_MS = 5;
/** After a failure of storage. */
const RETRY_MS = 5_000;

export class BackgroundLoop {
  readonly #step: () => Promise<boolean>;
  readonly #clock: Clock;
  readonly #log: Log;
  #timer: Timer | undefined;
  #dueMs = Number.POSITIVE_INFINITY;
  #working: Promise<void> | undefined;
  #isStopped = false;

  constructor(options: {
    /** Does one step; returns whether more is waiting. */
    readonly step: () => Promise<boolean>;
    readonly clock: Clock;
    readonly log: Log;
  }) {
    this.#step = options.step;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** Something may have been put off: look within a second. Cheap. */
  noteCommit(): void {
    this.#plan(REST_MS);
  }

  /** Something was put off: look at once. */
  wake(): void {
    this.#plan(0);
  }

  /** Resolves when the step at hand is done. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.stop();
    await this.#working;
  }

  #plan(delayMs: number): void {
    const dueMs = this.#clock.monotonicMs() + delayMs;
    if (this.#isStopped || dueMs >= this.#dueMs) return;
    this.#timer?.stop();
    this.#dueMs = dueMs;
    this.#timer = this.#clock.after(delayMs, () => {
      this.#working = this.#work();
    });
  }

  async #work(): Promise<void> {
    // From here on a wake plans another look, so that none is missed while the step runs.
    this.#dueMs = Number.POSITIVE_INFINITY;
    const nextMs = await this.#stepSafely();
    if (nextMs !== undefined) this.#plan(nextMs);
  }

  async #stepSafely(): Promise<number | undefined> {
    try {
      return (await this.#step()) ? PAUSE_MS : undefined;
    } catch (error) {
      this.#log.error("background.failed", { cause: String(error) }, { per: "background" });
      return RETRY_MS;
    }
  }
}
