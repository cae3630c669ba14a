/** How many messages a receiver took lately. Plain state: the time is passed in. */

const SLOT_MS = 10_000;
const SLOTS = 6;

/** Counts over the last minute, in slots of 10 s. Times are of one monotonic clock, in milliseconds. */
export class DeliveryRate {
  readonly #startedAtMs: number;
  /** Counts of the slots up to `#slot`, oldest first. */
  #counts: readonly number[] = [0];
  #slot: number;

  constructor(monotonicMs: number) {
    this.#startedAtMs = monotonicMs;
    this.#slot = slotOf(monotonicMs);
  }

  /** A message was taken. */
  note(monotonicMs: number): void {
    this.#moveTo(monotonicMs);
    this.#counts = this.#counts.with(-1, (this.#counts.at(-1) ?? 0) + 1);
  }

  /** On average over the last minute, or since the beginning where that is less. */
  perSecond(monotonicMs: number): number {
    this.#moveTo(monotonicMs);
    const count = this.#counts.reduce((sum, each) => sum + each, 0);
    const firstSlotMs = (this.#slot - this.#counts.length + 1) * SLOT_MS;
    const spanMs = monotonicMs - Math.max(this.#startedAtMs, firstSlotMs);
    // Of less than a second nothing can be said.
    return count / (Math.max(spanMs, 1000) / 1000);
  }

  #moveTo(monotonicMs: number): void {
    const slot = slotOf(monotonicMs);
    const passed = Math.min(slot - this.#slot, SLOTS);
    if (passed <= 0) return;
    const empty = Array.from({ length: passed }, () => 0);
    this.#counts = [...this.#counts, ...empty].slice(-SLOTS);
    this.#slot = slot;
  }
}

function slotOf(monotonicMs: number): number {
  return Math.floor(monotonicMs / SLOT_MS);
}
