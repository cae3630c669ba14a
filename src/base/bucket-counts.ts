/**
 * Counts values into buckets of fixed bounds, for figures of what happens often: noting a value
 * takes some tens of nanoseconds and no memory.
 */

/** What was noted so far. */
export interface BucketFigures {
  /** Upper bounds (inclusive), rising. */
  readonly bounds: readonly number[];
  /** How many values are in each bucket; one more than bounds, for what is above all of them. */
  readonly counts: readonly number[];
  /** Of all values. */
  readonly sum: number;
}

export class BucketCounts {
  readonly #bounds: readonly number[];
  readonly #counts: Float64Array;
  #sum = 0;

  /** `bounds` rise. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  note(value: number): void {
    let bucket = 0;
    while (value > (this.#bounds[bucket] ?? Number.POSITIVE_INFINITY)) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += value;
  }

  get figures(): BucketFigures {
    return { bounds: this.#bounds, counts: [...this.#counts], sum: this.#sum };
  }
}
