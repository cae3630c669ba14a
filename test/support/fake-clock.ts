/**
 * A clock that only the test moves. Timers run in due order while `advance` passes their time.
 */

import { type EpochMs, epochMs } from "#base/epoch.ts";
import type { Clock, Timer } from "#platform/clock.ts";

interface PlannedTask {
  dueMs: number;
  readonly periodMs: number | undefined;
  readonly task: () => void;
}

export class FakeClock implements Clock {
  #wallMs: number;
  #monotonicMs = 0;
  readonly #planned = new Set<PlannedTask>();

  constructor(startMs: number = Date.UTC(2026, 2, 2, 0, 15, 4)) {
    this.#wallMs = startMs;
  }

  nowMs(): EpochMs {
    return epochMs(this.#wallMs);
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  after(delayMs: number, task: () => void): Timer {
    return this.#plan({ dueMs: this.#monotonicMs + delayMs, periodMs: undefined, task });
  }

  every(periodMs: number, task: () => void): Timer {
    return this.#plan({ dueMs: this.#monotonicMs + periodMs, periodMs, task });
  }

  /** How many timers wait. */
  get plannedCount(): number {
    return this.#planned.size;
  }

  /** Lets time pass: wall clock and timers together. Lets promises settle after each timer. */
  async advance(durationMs: number): Promise<void> {
    const untilMs = this.#monotonicMs + durationMs;
    for (;;) {
      await settle();
      const next = this.#nextDue(untilMs);
      if (next === undefined) break;
      this.#moveTo(next.dueMs);
      if (next.periodMs === undefined) this.#planned.delete(next);
      else next.dueMs += next.periodMs;
      next.task();
    }
    this.#moveTo(untilMs);
    await settle();
  }

  /** Steps the wall clock alone, as NTP or an operator would. Timers do not notice. */
  stepWallClock(byMs: number): void {
    this.#wallMs += byMs;
  }

  #plan(planned: PlannedTask): Timer {
    this.#planned.add(planned);
    return { stop: () => void this.#planned.delete(planned) };
  }

  #nextDue(untilMs: number): PlannedTask | undefined {
    let next: PlannedTask | undefined;
    for (const planned of this.#planned) {
      if (planned.dueMs <= untilMs && (next === undefined || planned.dueMs < next.dueMs)) {
        next = planned;
      }
    }
    return next;
  }

  #moveTo(monotonicMs: number): void {
    this.#wallMs += Math.max(0, monotonicMs - this.#monotonicMs);
    this.#monotonicMs = Math.max(this.#monotonicMs, monotonicMs);
  }
}

/** Lets every promise that is ready, and the callbacks behind it, run. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
