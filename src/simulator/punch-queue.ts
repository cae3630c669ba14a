/**
 * The punches a fake terminal holds, strictly first-in-first-out: the head stays the head until it
 * is removed (protocol section 0.5). Pure state; knows nothing of sockets or time.
 */

import type { SimulatedPunch } from "./encode-fkweb.ts";

/** What a queue is to hand out. */
export interface PunchQueueOptions {
  /** How many punches there will be in all. */
  readonly planned: number;
  /** Gives the punch at an index from 0. */
  readonly punchAt: (index: number) => SimulatedPunch;
  /** Of 100 removed punches, how many come once more, as after a lost acknowledgement. */
  readonly duplicatePercent: number;
}

/** The punch that is to be sent now. */
export interface QueuedPunch {
  readonly punch: SimulatedPunch;
  /** True for one that was acknowledged before. */
  readonly duplicate: boolean;
}

/** A queue that makes its punches when they are asked for. */
export class PunchQueue {
  readonly #options: PunchQueueOptions;
  #planned: number;
  #released = 0;
  #handedOut = 0;
  #head: QueuedPunch | undefined;
  #duplicateOwedPercent = 0;

  constructor(options: PunchQueueOptions) {
    this.#options = options;
    this.#planned = options.planned;
  }

  /** How many punches there will be, duplicates not counted. */
  get planned(): number {
    return this.#planned;
  }

  /** True when every planned punch was handed out and removed. */
  get drained(): boolean {
    return this.#head === undefined && this.#handedOut >= this.#planned;
  }

  /** Makes `count` more punches ready; beyond the planned ones there are none. */
  release(count: number): void {
    this.#released = Math.min(this.#released + count, this.#options.planned);
  }

  /** Takes the punches that were not handed out yet out of the plan. */
  cutOff(): void {
    this.#planned = this.#handedOut;
  }

  /** The oldest punch; undefined while none is ready. */
  head(): QueuedPunch | undefined {
    if (this.#head === undefined && this.#handedOut < Math.min(this.#released, this.#planned)) {
      this.#head = { punch: this.#options.punchAt(this.#handedOut), duplicate: false };
      this.#handedOut += 1;
    }
    return this.#head;
  }

  /** The head was acknowledged. Its duplicate, when one is due, takes its place. */
  removeHead(): void {
    const removed = this.#head;
    this.#head = undefined;
    if (removed === undefined || removed.duplicate) return;
    this.#duplicateOwedPercent += this.#options.duplicatePercent;
    if (this.#duplicateOwedPercent < 100) return;
    this.#duplicateOwedPercent -= 100;
    this.#head = { punch: removed.punch, duplicate: true };
  }
}
