/**
 * The own log of a fake terminal: every punch that people made, whatever became of it. Acknowledging
 * deletes nothing here (protocol section 9), and `GET_LOG_DATA` reads it.
 */

import type { SimulatedPunch } from "./simulated-punch.ts";

/** The punches of a terminal's life. */
export interface PunchLogOptions {
  /** How many punches there will be in all. */
  readonly planned: number;
  /** Gives the planned punch at an index from 0. */
  readonly punchAt: (index: number) => SimulatedPunch;
  /** True when a punch has the time of the terminal's clock, false when it has the planned one. */
  readonly live: boolean;
}

/** A log that makes planned punches when they are asked for, and keeps live ones. */
export class PunchLog {
  readonly #options: PunchLogOptions;
  readonly #live: SimulatedPunch[] = [];
  #count = 0;

  constructor(options: PunchLogOptions) {
    this.#options = options;
  }

  /** Punches recorded so far. */
  get count(): number {
    return this.#count;
  }

  /** `count` people punch, while the clock shows `wallTime`; beyond the planned ones nobody does. */
  record(count: number, wallTime: () => string): void {
    const until = Math.min(this.#count + count, this.#options.planned);
    if (this.#options.live) {
      for (let index = this.#count; index < until; index += 1) {
        this.#live.push({ ...this.#options.punchAt(index), wallTime: wallTime() });
      }
    }
    this.#count = until;
  }

  /** The recorded punch at `index`, from 0. */
  at(index: number): SimulatedPunch {
    return this.#live[index] ?? this.#options.punchAt(index);
  }

  /** The punches between two times of 14 digits, both included, in the order they were made. */
  between(begin: string, end: string): readonly SimulatedPunch[] {
    return Array.from({ length: this.#count }, (_, index) => this.at(index)).filter(
      ({ wallTime }) => wallTime >= begin && wallTime <= end,
    );
  }
}
