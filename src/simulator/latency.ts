/**
 * Collects durations and gives their percentiles. Keeps every value, so that the tail is exact.
 */

/** Percentiles by nearest rank, in milliseconds; all 0 when nothing was recorded. */
export interface LatencySummary {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

const INITIAL_CAPACITY = 1024;

/** A growing list of durations: 4 bytes each. */
export class LatencyRecorder {
  #valuesMs = new Float32Array(INITIAL_CAPACITY);
  #count = 0;

  /** Adds one duration in milliseconds. */
  record(durationMs: number): void {
    if (this.#count === this.#valuesMs.length) {
      const grown = new Float32Array(this.#valuesMs.length * 2);
      grown.set(this.#valuesMs);
      this.#valuesMs = grown;
    }
    this.#valuesMs[this.#count] = durationMs;
    this.#count += 1;
  }

  /** Sorts what was recorded; blocks for about 0.1 s per million values. */
  summary(): LatencySummary {
    const sorted = this.#valuesMs.slice(0, this.#count).sort();
    return {
      p50: percentile(sorted, 50),
      p90: percentile(sorted, 90),
      p99: percentile(sorted, 99),
      max: percentile(sorted, 100),
    };
  }
}

/**
 * The least value that at least `percent` (1-100) of the ascending `sorted` values do not exceed
 * (nearest rank), rounded to a microsecond; 0 for no values.
 */
export function percentile(sorted: Float32Array, percent: number): number {
  const rank = Math.ceil((percent / 100) * sorted.length);
  return Math.round((sorted[Math.max(0, rank - 1)] ?? 0) * 1000) / 1000;
}
