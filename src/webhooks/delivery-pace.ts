/**
 * How fast deliveries may follow one another, those to all endpoints together: terminals and
 * deliveries share one loop, so while punches come in there is a pause before each try.
 */

import type { HandleIntake } from "#devices/connection-host.ts";
import type { Clock } from "#platform/clock.ts";

/** Terminals count as punching for so long after a punch. */
const PUNCHING_MS = 1000;
/**
 * From one try to the next meanwhile: 125 a second, which no site's people bring about. Each writes
 * its result to another page of the database, and those make the checkpoints long.
 */
const TRY_PERIOD_MS = 8;
/**
 * How long results wait for others to be written with: a punch that comes during a flush of the disk
 * waits for it. Meanwhile there are so few flushes that hardly a punch meets one.
 */
const WRITE_DELAY_MS = { otherwise: 50, punching: 500 } as const;

/** One for all endpoints. While no punches come in it holds nothing up. */
export class DeliveryPace {
  readonly #clock: Pick<Clock, "monotonicMs" | "after">;
  #punchedAtMs = Number.NEGATIVE_INFINITY;
  #nextTryAtMs = 0;

  constructor(clock: Pick<Clock, "monotonicMs" | "after">) {
    this.#clock = clock;
  }

  /** `handleIntake`, with the arrival of punches noted. */
  following(handleIntake: HandleIntake): HandleIntake {
    return (received) => {
      if (received.intake.kind === "punches") this.#punchedAtMs = this.#clock.monotonicMs();
      return handleIntake(received);
    };
  }

  /** For how long a result may wait to be written, in milliseconds. */
  get writeDelayMs(): number {
    return this.#isPunching ? WRITE_DELAY_MS.punching : WRITE_DELAY_MS.otherwise;
  }

  get #isPunching(): boolean {
    return this.#clock.monotonicMs() - this.#punchedAtMs < PUNCHING_MS;
  }

  /** Resolves when the next try may be made, first come, first served. Undefined: at once. */
  turn(): Promise<void> | undefined {
    if (!this.#isPunching) return undefined;
    const nowMs = this.#clock.monotonicMs();
    const waitMs = this.#nextTryAtMs - nowMs;
    this.#nextTryAtMs = Math.max(this.#nextTryAtMs, nowMs) + TRY_PERIOD_MS;
    if (waitMs <= 0) return undefined;
    return new Promise((resolve) => this.#clock.after(waitMs, resolve));
  }
}
