/**
 * The punches that a fake terminal has to send, strictly first-in-first-out: the head stays the head
 * until it is removed (protocol section 0.5). Pure state; knows nothing of sockets or time.
 */

import type { PunchLog } from "./punch-log.ts";
import type { SimulatedPunch } from "./simulated-punch.ts";

/** What a queue is to hand out. */
export interface PunchQueueOptions {
  /** How many punches there will be in all. */
  readonly planned: number;
  /** Of 100 removed punches, how many come once more, as after a lost acknowledgement. */
  readonly duplicatePercent: number;
  /** True for the index (from 0) of a punch that never reaches the queue: only the log has it. */
  readonly isLost: (index: number) => boolean;
}

/** The punch that is to be sent now. */
export interface QueuedPunch {
  readonly punch: SimulatedPunch;
  /** True for one that was acknowledged before. */
  readonly duplicate: boolean;
}

/** A queue over what a log has recorded. */
export class PunchQueue {
  readonly #options: PunchQueueOptions;
  readonly #log: PunchLog;
  #end: number;
  #next = 0;
  #lostCount = 0;
  #head: QueuedPunch | undefined;
  #duplicateOwedPercent = 0;

  constructor(log: PunchLog, options: PunchQueueOptions) {
    this.#log = log;
    this.#options = options;
    this.#end = options.planned;
  }

  /** How many punches there will be to send: duplicates and those lost so far are not counted. */
  get planned(): number {
    return this.#end - this.#lostCount;
  }

  /** Punches that were passed over: only the log has them. */
  get lostCount(): number {
    return this.#lostCount;
  }

  /** True when every planned punch was handed out and removed. */
  get drained(): boolean {
    this.#passOverLost(this.#log.count);
    return this.#head === undefined && this.#next >= this.#end;
  }

  /** Takes the punches from `index` on out of the plan. */
  cutOff(index = this.#next): void {
    this.#end = Math.min(this.#end, Math.max(index, this.#next));
  }

  /** The oldest punch; undefined while none is ready. */
  head(): QueuedPunch | undefined {
    if (this.#head !== undefined) return this.#head;
    const ready = Math.min(this.#log.count, this.#end);
    this.#passOverLost(ready);
    if (this.#next < ready) {
      this.#head = { punch: this.#log.at(this.#next), duplicate: false };
      this.#next += 1;
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

  #passOverLost(ready: number): void {
    while (this.#next < Math.min(ready, this.#end) && this.#options.isLost(this.#next)) {
      this.#next += 1;
      this.#lostCount += 1;
    }
  }
}
