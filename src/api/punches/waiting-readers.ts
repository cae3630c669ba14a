/**
 * The readers of the feed that wait for news: bounds how many they are, and wakes them. Reads
 * nothing itself.
 *
 * States: open (readers sleep until something may have entered the feed, or their time is over);
 * closed (nobody sleeps).
 */

import type { Clock } from "#platform/clock.ts";

/** Readers that wait at once, of one client and of all; further ones are refused. */
export const WAITING_READERS_PER_CLIENT_MAX = 8;
export const WAITING_READERS_MAX = 64;

/** How a reader sleeps. */
export interface Sleep {
  /** By the monotonic clock; a sleep ends then at the latest. */
  readonly untilMs: number;
  /** Ends the sleep of a client that has gone. */
  readonly signal: AbortSignal;
}

export class WaitingReaders {
  readonly #clock: Clock;
  readonly #countOf = new Map<string, number>();
  readonly #sleepers = new Set<Sleeper>();
  #count = 0;
  #wakeCount = 0;
  #isClosed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Rises with each call of `wake`. Looked at before a read, it tells whether news came since. */
  get wakeCount(): number {
    return this.#wakeCount;
  }

  /** Whether nobody is to wait any more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Takes a place for a client; false when there is none. Followed by one call of `leave` if true. */
  enter(clientId: string): boolean {
    const count = this.#countOf.get(clientId) ?? 0;
    if (count >= WAITING_READERS_PER_CLIENT_MAX || this.#count >= WAITING_READERS_MAX) return false;
    this.#countOf.set(clientId, count + 1);
    this.#count += 1;
    return true;
  }

  leave(clientId: string): void {
    const count = this.#countOf.get(clientId) ?? 0;
    if (count > 1) this.#countOf.set(clientId, count - 1);
    else this.#countOf.delete(clientId);
    this.#count -= 1;
  }

  /** Something may have entered the feed. Cheap. */
  wake(): void {
    this.#wakeCount += 1;
    for (const sleeper of [...this.#sleepers]) {
      if (sleeper.isWakeable) sleeper.end();
    }
  }

  /** Ends every sleep, and lets nobody sleep again. */
  close(): void {
    this.#isClosed = true;
    for (const sleeper of [...this.#sleepers]) sleeper.end();
  }

  /** Sleeps until the next `wake`; not at all when there was one since `wakeCount` was looked at. */
  async untilWoken(wakeCount: number, sleep: Sleep): Promise<void> {
    if (this.#wakeCount === wakeCount) await this.#sleep(sleep, true);
  }

  /** Sleeps whatever comes into the feed. */
  async rest(sleep: Sleep): Promise<void> {
    await this.#sleep(sleep, false);
  }

  async #sleep({ untilMs, signal }: Sleep, isWakeable: boolean): Promise<void> {
    const forMs = untilMs - this.#clock.monotonicMs();
    if (this.#isClosed || signal.aborted || forMs <= 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const sleeper: Sleeper = { isWakeable, end: resolve };
    const timer = this.#clock.after(forMs, resolve);
    signal.addEventListener("abort", sleeper.end);
    this.#sleepers.add(sleeper);
    await promise;
    this.#sleepers.delete(sleeper);
    signal.removeEventListener("abort", sleeper.end);
    timer.stop();
  }
}

interface Sleeper {
  /** Whether news ends the sleep. */
  readonly isWakeable: boolean;
  readonly end: () => void;
}
