/**
 * Whether the endpoint takes deliveries, and when a paused one is probed next. Plain state: the
 * time, by a monotonic clock in milliseconds, and randomness are passed in.
 */

import { probeDelayMs } from "./backoff.ts";

/** A failure of the endpoint, as far as the pause depends on it. */
export interface HealthFailure {
  readonly monotonicMs: number;
  /** Of the probe that the pause waited for; others were in flight when it began. */
  readonly isProbe: boolean;
  /** For people: `status 503`. */
  readonly reason: string;
  /** What the receiver asked for, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** In [0, 1). */
  readonly random: number;
}

interface Pause {
  readonly sinceMs: number;
  readonly failureCount: number;
  readonly probeAtMs: number;
  readonly reason: string;
}

/** `active`, or `paused` with a probe due at a known time. */
export class EndpointHealth {
  #pause: Pause | undefined;

  get isPaused(): boolean {
    return this.#pause !== undefined;
  }

  /** What the last failure was; undefined while active. */
  get reason(): string | undefined {
    return this.#pause?.reason;
  }

  /** Milliseconds until the next probe is due; 0 when it is, or when the endpoint is active. */
  waitMs(monotonicMs: number): number {
    return this.#pause === undefined ? 0 : Math.max(0, this.#pause.probeAtMs - monotonicMs);
  }

  /** Pauses, or puts the next probe further off. A `Retry-After` never shortens the wait. */
  noteFailure(failure: HealthFailure): void {
    const pause = this.#pause;
    const isNewStep = pause === undefined || failure.isProbe;
    const failureCount = (pause?.failureCount ?? 0) + (isNewStep ? 1 : 0);
    const backoffMs = isNewStep ? probeDelayMs(failureCount, failure.random) : 0;
    const probeAtMs = failure.monotonicMs + Math.max(backoffMs, failure.retryAfterMs ?? 0);
    this.#pause = {
      sinceMs: pause?.sinceMs ?? failure.monotonicMs,
      failureCount,
      probeAtMs: Math.max(probeAtMs, pause?.probeAtMs ?? 0),
      reason: failure.reason,
    };
  }

  /** Ends the pause. Returns how long it lasted in milliseconds. */
  resume(monotonicMs: number): number {
    const pausedMs = this.#pause === undefined ? 0 : monotonicMs - this.#pause.sinceMs;
    this.#pause = undefined;
    return pausedMs;
  }
}
