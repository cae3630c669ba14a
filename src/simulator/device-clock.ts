/**
 * The clock of a fake terminal: runs with the machine's, shows local time, can be set, and falls back
 * when power is lost (protocol sections 0.9 and 13).
 */

import type { Clock } from "#platform/clock.ts";
import { formatWallTime } from "./workload.ts";

/** A local clock without a zone. */
export class DeviceClock {
  readonly #clock: Pick<Clock, "monotonicMs">;
  #setTo: Temporal.PlainDateTime;
  #setAtMs: number;

  /** Shows `reading` now. */
  constructor(clock: Pick<Clock, "monotonicMs">, reading: Temporal.PlainDateTime) {
    this.#clock = clock;
    this.#setTo = reading;
    this.#setAtMs = clock.monotonicMs();
  }

  /** Makes it show `reading` now. */
  set(reading: Temporal.PlainDateTime): void {
    this.#setTo = reading;
    this.#setAtMs = this.#clock.monotonicMs();
  }

  /** 14 digits `YYYYMMDDhhmmss` as shown now. */
  wallTime(): string {
    const milliseconds = Math.floor(this.#clock.monotonicMs() - this.#setAtMs);
    return formatWallTime(this.#setTo.add({ milliseconds }));
  }
}
