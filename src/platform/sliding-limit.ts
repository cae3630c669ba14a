/**
 * The sliding log of contract 2.3: at most N accepted events in any window, per key, and what is
 * refused counts for nothing. Waits for nothing; time is passed in by a monotonic clock.
 */

import { assert } from "#base/assert.ts";
import type { Clock } from "./clock.ts";

/**
 * Where the times of accepted events are kept: the whole state of a limit. Instances that shared
 * one limit would replace this and nothing else.
 */
export interface AcceptedTimes {
  /** When the `count`th last event of a key was accepted, 1 for the last; undefined if never. */
  findLast(key: string, count: number): number | undefined;
  /** Notes an accepted event. Of earlier ones only as many as the limit allows need be kept. */
  add(key: string, atMs: number): void;
  /** Changes how many that are. */
  setDepth(requests: number): void;
}

/** What a limit allows. */
export interface SlidingLimitRule {
  /** Accepted events in any window; at least 1. */
  readonly requests: number;
  readonly windowMs: number;
}

/** How events are counted. */
export interface SlidingLimitOptions extends SlidingLimitRule {
  /** Keys remembered; beyond it the one that was used longest ago is forgotten. */
  readonly keysMax: number;
  readonly clock: Pick<Clock, "monotonicMs">;
  /** In the memory of this process, and lost with it, when absent. */
  readonly times?: AcceptedTimes;
}

/** Counts events per key over a sliding window. */
export class SlidingLimit {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #times: AcceptedTimes;
  #rule: SlidingLimitRule;

  constructor(options: SlidingLimitOptions) {
    this.#clock = options.clock;
    this.#times = options.times ?? new TimesInMemory(options);
    this.#rule = checkedRule(options);
  }

  /** What is allowed. */
  get rule(): SlidingLimitRule {
    return this.#rule;
  }

  /** Changes what is allowed. What was accepted before counts on. */
  setRule(rule: SlidingLimitRule): void {
    this.#rule = checkedRule(rule);
    this.#times.setDepth(rule.requests);
  }

  /**
   * Milliseconds until an event of this key would be accepted; 0 for at once. Counts nothing.
   * `reservedCount` events of the key have been let through and are not recorded yet.
   */
  waitMs(key: string, reservedCount = 0): number {
    const { requests, windowMs } = this.#rule;
    if (reservedCount >= requests) return windowMs;
    const leavingMs = this.#times.findLast(key, requests - reservedCount);
    return leavingMs === undefined
      ? 0
      : Math.max(0, leavingMs + windowMs - this.#clock.monotonicMs());
  }

  /** Counts an accepted event. */
  record(key: string): void {
    this.#times.add(key, this.#clock.monotonicMs());
  }

  /** Counts an event if it is accepted. Returns 0, or the milliseconds to wait when it is refused. */
  take(key: string): number {
    const waitMs = this.waitMs(key);
    if (waitMs === 0) this.record(key);
    return waitMs;
  }
}

function checkedRule({ requests, windowMs }: SlidingLimitRule): SlidingLimitRule {
  assert(requests >= 1, "A rate limit lets at least one request through");
  return { requests, windowMs };
}

/** The last times of one key as a ring: once it is full, `next` holds the oldest. */
interface Ring {
  readonly timesMs: number[];
  next: number;
}

/** Keeps as many times of a key as the limit allows events, and no more keys than it may. */
export class TimesInMemory implements AcceptedTimes {
  #depth: number;
  readonly #keysMax: number;
  /** Least recently used first. */
  readonly #rings = new Map<string, Ring>();

  constructor({ requests, keysMax }: Pick<SlidingLimitOptions, "requests" | "keysMax">) {
    this.#depth = requests;
    this.#keysMax = keysMax;
  }

  /** How many keys are remembered. */
  get keyCount(): number {
    return this.#rings.size;
  }

  setDepth(requests: number): void {
    if (requests === this.#depth) return;
    this.#depth = requests;
    for (const [key, { timesMs, next }] of this.#rings) {
      const oldestFirst = [...timesMs.slice(next), ...timesMs.slice(0, next)];
      const kept = oldestFirst.slice(-requests);
      this.#rings.set(key, { timesMs: kept, next: kept.length % requests });
    }
  }

  findLast(key: string, count: number): number | undefined {
    const ring = this.#rings.get(key);
    if (ring === undefined || count > ring.timesMs.length) return undefined;
    return ring.timesMs[(ring.next - count + this.#depth) % this.#depth];
  }

  add(key: string, atMs: number): void {
    const ring = this.#rings.get(key) ?? { timesMs: [], next: 0 };
    ring.timesMs[ring.next] = atMs;
    ring.next = (ring.next + 1) % this.#depth;
    this.#rings.delete(key);
    this.#rings.set(key, ring);
    if (this.#rings.size > this.#keysMax) this.#forgetLeastRecent();
  }

  #forgetLeastRecent(): void {
    for (const key of this.#rings.keys()) {
      this.#rings.delete(key);
      return;
    }
  }
}
