/**
 * How many tries a minute the endpoint is given. It delays and never drops; time is passed in.
 */

const WINDOW_MS = 60_000;

/**
 * A sliding window: any 60 s hold at most the given number of tries, and they may come together.
 * A try is first reserved, then either used or released, because finding its event takes time.
 */
export class RateLimit {
  /** When the last tries were made, as a ring; the next place to write holds the oldest. */
  readonly #usedAtMs: number[];
  #next = 0;
  #reservedCount = 0;

  /** `perMinute` at least 1; undefined is no limit. */
  constructor(perMinute: number | undefined) {
    this.#usedAtMs = new Array<number>(perMinute ?? 0).fill(Number.NEGATIVE_INFINITY);
  }

  /** Milliseconds until a try can be reserved, by a monotonic clock; 0 for at once. */
  waitMs(monotonicMs: number): number {
    const size = this.#usedAtMs.length;
    if (size === 0) return 0;
    if (this.#reservedCount >= size) return WINDOW_MS;
    const oldestMs = this.#usedAtMs[(this.#next + this.#reservedCount) % size] ?? 0;
    return Math.max(0, oldestMs + WINDOW_MS - monotonicMs);
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
  use(monotonicMs: number): void {
    this.release();
    if (this.#usedAtMs.length === 0) return;
    this.#usedAtMs[this.#next] = monotonicMs;
    this.#next = (this.#next + 1) % this.#usedAtMs.length;
  }
}
