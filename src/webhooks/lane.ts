/**
 * A lane is one device's waiting deliveries, of which it holds a small window in order; a lane
 * queue is the order in which lanes get their turn. Both are plain state: no storage, no timers.
 */

import { assertDefined } from "#base/assert.ts";
import type { DeviceId } from "#domain/identifiers.ts";
import type { WaitingDelivery } from "#storage/storage.ts";
import type { Failing } from "./failing.ts";

/**
 * - `idle`: nothing known to wait.
 * - `queued`: in the lane queue.
 * - `running`: has a turn; at most one of its deliveries is in flight.
 * - `resting`: its head is not due yet, or could not be read; a timer queues it again.
 */
export type LaneState = "idle" | "queued" | "running" | "resting";

/** One device's place in the outbox. */
export class Lane {
  readonly deviceId: DeviceId;
  state: LaneState = "idle";
  /** Whether storage may hold deliveries behind the window. */
  mayHaveMore = true;
  /** Whether deliveries may wait again that the lane has passed. */
  mustRewind = false;
  /** Number of the last result of this device, as the attempt writer counts them; 0 for none. */
  lastResult = 0;
  /** Failures of the endpoint at one of its deliveries, the last that met any. */
  failing: Failing | undefined;
  /** Ids of its deliveries that were tried in vain: the head, or those that probes were made with. */
  readonly triedInVain = new Set<number>();
  /** Number of the last probe that was made with its head; 0 for none. */
  lastProbe = 0;
  /** The same of a delivery behind its head, and how many such probes there were. */
  lastLater = 0;
  laterCount = 0;
  #window: WaitingDelivery[] = [];
  #passedId = 0;

  constructor(deviceId: DeviceId) {
    this.deviceId = deviceId;
  }

  /** The delivery to send next; undefined while the window is empty. */
  get head(): WaitingDelivery | undefined {
    return this.#window[0];
  }

  /** Whether nothing is known to wait. */
  get isDrained(): boolean {
    return this.head === undefined && !this.mayHaveMore;
  }

  /** The id to read on behind. Results that are not written yet are never read again. */
  get readAfterId(): number {
    return this.#window.at(-1)?.id ?? this.#passedId;
  }

  /**
   * Deliveries behind the head that may be sent before it: of no punch that one before them tells of,
   * so that the states of a punch arrive in their order.
   */
  listLater(): readonly WaitingDelivery[] {
    const told = new Set<number>();
    return this.#window.filter(({ punch }, index) => {
      const isFirst = punch === undefined || !told.has(punch.id);
      if (punch !== undefined) told.add(punch.id);
      return index > 0 && isFirst;
    });
  }

  /** Adds what was read behind `readAfterId`. */
  append(page: readonly WaitingDelivery[]): void {
    this.#window.push(...page);
  }

  /** The head is delivered or parked. */
  passHead(): void {
    this.#passedId = this.#takeHead().id;
  }

  /** The head changed: a try left its body, a refused one counts, or its time has come. */
  changeHead(
    change: Partial<Pick<WaitingDelivery, "attemptCount" | "nextAttemptAtMs" | "bodyText">>,
  ): void {
    this.#window.unshift({ ...this.#takeHead(), ...change });
  }

  /** Forgets all but the head, which a lane keeps between turns, so that waiting lanes stay small. */
  trim(): void {
    if (this.#window.length <= 1) return;
    this.#window.length = 1;
    this.mayHaveMore = true;
  }

  /** Reads from the start again. Only while every result of the device is written. */
  rewind(): void {
    this.#window = [];
    this.#passedId = 0;
    this.mayHaveMore = true;
    this.mustRewind = false;
  }

  #takeHead(): WaitingDelivery {
    return assertDefined(this.#window.shift(), "The lane has no head");
  }
}

/**
 * Lanes that wait for a turn. One whose device had nothing waiting comes before one that has used
 * a turn without getting through, so a live punch goes before another terminal's backlog.
 */
export class LaneQueue {
  #fresh: Lane[] = [];
  #backlog: Lane[] = [];

  get size(): number {
    return this.#fresh.length + this.#backlog.length;
  }

  /** Queues a lane that was idle. */
  addFresh(lane: Lane): void {
    lane.state = "queued";
    this.#fresh.push(lane);
  }

  /** Queues a lane that has had its turn. */
  addBacklog(lane: Lane): void {
    lane.state = "queued";
    this.#backlog.push(lane);
  }

  /** Every queued lane, next turn first. */
  list(): readonly Lane[] {
    return [...this.#fresh, ...this.#backlog];
  }

  /** Removes the lane whose turn it is. */
  take(): Lane | undefined {
    return this.#fresh.shift() ?? this.#backlog.shift();
  }

  /** Removes every lane. */
  takeAll(): readonly Lane[] {
    return [...this.#fresh.splice(0), ...this.#backlog.splice(0)];
  }

  /** Removes a lane, wherever it stands. */
  remove(lane: Lane): void {
    this.#fresh = this.#fresh.filter((queued) => queued !== lane);
    this.#backlog = this.#backlog.filter((queued) => queued !== lane);
  }
}
