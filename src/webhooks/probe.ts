/**
 * Which event a paused endpoint is probed with: the oldest, and once that has failed for so long
 * that it is under suspicion, another one after it. Sends nothing itself.
 */

import { setImmediate as nextLoopTurn } from "node:timers/promises";
import type { Clock } from "#platform/clock.ts";
import type { WaitingDelivery } from "#storage/storage.ts";
import type { AttemptWriter } from "./attempt-writer.ts";
import { dueInMs } from "./backoff.ts";
import { isSuspect } from "./failing.ts";
import type { Lane, LaneQueue } from "./lane.ts";
import type { OutboxReader } from "./outbox-reader.ts";

/** A lane that has left the queue. */
export interface Probe {
  readonly lane: Lane;
  /** Sent before the lane's head; undefined: the head itself. */
  readonly later?: WaitingDelivery | undefined;
}

export interface ProbeChooserOptions {
  readonly queue: LaneQueue;
  readonly reader: OutboxReader;
  readonly writer: Pick<AttemptWriter, "isWritten">;
  readonly clock: Clock;
  /** Queues the lanes of devices whose events came during the pause. */
  readonly findDevices: () => Promise<void>;
}

/** Events looked at behind a lane's head. */
const PAGE_DELIVERIES = 50;
/** Lanes read in one go, before terminals get their share of the loop. */
const HEADS_PER_LOOP_TURN = 20;

/** Chooses one probe after another. */
export class ProbeChooser {
  readonly #options: ProbeChooserOptions;
  #probeCount = 0;

  constructor(options: ProbeChooserOptions) {
    this.#options = options;
  }

  /** The oldest event; undefined when no lane could be read. */
  async choose(): Promise<Probe | undefined> {
    const oldest = leastOf(await this.#readyLanes(), headId);
    return oldest === undefined ? undefined : this.#take(oldest);
  }

  /** Whether others are to be tried beside the lane's head. */
  isSuspect({ failing, head }: Lane): boolean {
    return isSuspect(failing, head?.id, this.#options.clock.monotonicMs());
  }

  /**
   * After a head under suspicion has failed: the head of another device, each in turn. A later event
   * of its own device has its turn, too, where that leaves the order as it is unless the endpoint got
   * well within this moment.
   */
  async chooseBeside(failed: Lane): Promise<Probe | undefined> {
    const { asksToWait = true, isFresh = false } = failed.failing?.last ?? {};
    const mayPass = !asksToWait && isFresh;
    await this.#options.findDevices();
    const others = (await this.#readyLanes()).filter((lane) => lane !== failed);
    const other = leastOf(others, ({ lastProbe }) => lastProbe);
    if (mayPass && failed.lastLater < (other?.lastProbe ?? Number.POSITIVE_INFINITY)) {
      const later = await this.#findLater(failed);
      if (later !== undefined) return this.#take(failed, later);
    }
    return other === undefined ? undefined : this.#take(other);
  }

  #take(lane: Lane, later?: WaitingDelivery): Probe {
    this.#options.queue.remove(lane);
    this.#probeCount += 1;
    if (later === undefined) lane.lastProbe = this.#probeCount;
    else lane.lastLater = this.#probeCount;
    return { lane, later };
  }

  /**
   * Queued lanes with a head; one that had none is read, and later probes find it still there. Where
   * deliveries may wait again, what is behind them must not be sent before them.
   */
  async #readyLanes(): Promise<readonly Lane[]> {
    const { queue, reader, writer } = this.#options;
    let readCount = 0;
    for (const lane of queue.list()) {
      if (lane.mustRewind && writer.isWritten(lane.lastResult)) lane.rewind();
      if (lane.head !== undefined || !lane.mayHaveMore) continue;
      await reader.extend(lane, 1);
      readCount += 1;
      if (readCount % HEADS_PER_LOOP_TURN === 0) await nextLoopTurn();
    }
    return queue.list().filter((lane) => lane.head !== undefined && !lane.mustRewind);
  }

  /** One of the events behind a head under suspicion, another one each time. */
  async #findLater(lane: Lane): Promise<WaitingDelivery | undefined> {
    const { reader, clock } = this.#options;
    // What was sent out of its order would be read, and sent, once more.
    if (lane.mustRewind) return undefined;
    if (lane.mayHaveMore) await reader.extend(lane, PAGE_DELIVERIES);
    // What was read from the start may begin with another event.
    if (!this.isSuspect(lane)) return undefined;
    const nowMs = clock.nowMs();
    const later = lane.listLater().filter((one) => dueInMs(one.nextAttemptAtMs, nowMs) === 0);
    if (later.length === 0) return undefined;
    lane.laterCount += 1;
    return later[(lane.laterCount - 1) % later.length];
  }
}

function headId(lane: Lane): number {
  return lane.head?.id ?? Number.POSITIVE_INFINITY;
}

/** The first of those with the least rank. */
function leastOf(lanes: readonly Lane[], rank: (lane: Lane) => number): Lane | undefined {
  let least: Lane | undefined;
  for (const lane of lanes) {
    if (least === undefined || rank(lane) < rank(least)) least = lane;
  }
  return least;
}
