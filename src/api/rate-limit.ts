/**
 * The sliding log of `contract.md` 2.3: at most N accepted events in any window, per key, and what
 * is refused counts for nothing. In memory, lost at a restart.
 */

import { assert } from "#base/assert.ts";
import type { Clock } from "#platform/clock.ts";

/** What a limit allows. */
export interface SlidingLimitOptions {
  /** Accepted events in any window; at least 1. */
  readonly requests: number;
  readonly windowMs: number;
  /** Keys remembered; beyond it the one that was used longest ago is forgotten. */
  readonly keysMax: number;
  readonly clock: Clock;
}

/** The times of the last accepted events of one key, oldest at `oldest` once the ring is full. */
interface KeyLog {
  readonly acceptedMs: number[];
  oldest: number;
}

/** Counts events per key over a sliding window. */
export class SlidingLimit {
  readonly #options: SlidingLimitOptions;
  /** Least recently used first. */
  readonly #logs = new Map<string, KeyLog>();

  constructor(options: SlidingLimitOptions) {
    assert(options.requests >= 1, "A rate limit lets at least one request through");
    this.#options = options;
  }

  /** How many keys are remembered. */
  get keyCount(): number {
    return this.#logs.size;
  }

  /** Milliseconds until an event of this key would be accepted; 0 for at once. Counts nothing. */
  waitMs(key: string): number {
    const { requests, windowMs, clock } = this.#options;
    const log = this.#logs.get(key);
    if (log === undefined || log.acceptedMs.length < requests) return 0;
    const oldestMs = log.acceptedMs[log.oldest] ?? 0;
    return Math.max(0, oldestMs + windowMs - clock.monotonicMs());
  }

  /** Counts an accepted event. */
  record(key: string): void {
    const { requests, clock, keysMax } = this.#options;
    const log = this.#logs.get(key) ?? { acceptedMs: [], oldest: 0 };
    if (log.acceptedMs.length < requests) {
      log.acceptedMs.push(clock.monotonicMs());
    } else {
      log.acceptedMs[log.oldest] = clock.monotonicMs();
      log.oldest = (log.oldest + 1) % requests;
    }
    this.#logs.delete(key);
    this.#logs.set(key, log);
    if (this.#logs.size > keysMax) this.#forgetLeastRecent();
  }

  /** Counts an event if it is accepted. Returns 0, or the milliseconds to wait when it is refused. */
  take(key: string): number {
    const waitMs = this.waitMs(key);
    if (waitMs === 0) this.record(key);
    return waitMs;
  }

  #forgetLeastRecent(): void {
    for (const key of this.#logs.keys()) {
      this.#logs.delete(key);
      return;
    }
  }
}
