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

  /** Resolves when the next try may be made, first come, first served. Undefined: at once. */
  turn(): Promise<void> | undefined {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#punchedAtMs >= PUNCHING_MS) return undefined;
    const waitMs = this.#nextTryAtMs - nowMs;
    this.#nextTryAtMs = Math.max(this.#nextTryAtMs, nowMs) + TRY_PERIOD_MS;
    if (waitMs <= 0) return undefined;
    return new Promise((resolve) => this.#clock.after(waitMs, resolve));
  }
}
