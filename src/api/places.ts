/** A fixed number of places to be in, for what costs memory as long as it lasts. */

/** Who finds no place free waits in line, first come, first served. */
export class Places {
  readonly #line: (() => void)[] = [];
  #free: number;

  /** `count` at least 1. */
  constructor(count: number) {
    this.#free = count;
  }

  get isFull(): boolean {
    return this.#free === 0;
  }

  /** Waits for a place, however long. Each call must be followed by one of `leave`. */
  async take(): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#line.push(resolve);
    await promise;
  }

  /** Gives a place back, to the first in the line if there is one. */
  leave(): void {
    const next = this.#line.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
