/**
 * The webhook dispatcher takes deliveries from the outbox to the endpoint: in order per device,
 * devices side by side, at least once. It makes no deliveries and knows no SQL.
 *
 * The endpoint is in one of two modes.
 *
 * ## active
 *
 * Each device with something waiting has a lane (`lane.ts`) which is `idle`, `queued`, `running`
 * or `resting`. At most `concurrency` lanes run. A running lane has a turn: it reads a page of its
 * deliveries and sends them one after another. While other lanes wait, a turn ends after a moment,
 * and the lane keeps only its head, so memory is bounded by the lanes that run, not by the backlog.
 *
 * - Delivered: the result goes to the attempt writer, and the lane goes on without waiting for it.
 * - Refused: the try counts against the event. Its lane rests, others go on. After the last try
 *   the event is parked and its lane goes on.
 * - The endpoint failed: nothing counts against the event; it moves to `paused`.
 *
 * ## paused
 *
 * No lane starts a turn. What is in flight ends by itself, and decides nothing but a later probe if
 * it brings a `Retry-After`. When the probe is due, the lane with the oldest event sends it, alone.
 *
 * - Delivered or refused, the endpoint answers again: it moves to `active`.
 * - The endpoint failed: the next probe waits longer, up to 5 min, without end. One that is gone
 *   (410) is asked once a day.
 * - After 15 min the oldest event is under suspicion (`failing.ts`), and each probe with it is
 *   followed by one with another event (`probe.ts`). Where that is delivered, and the oldest then
 *   fails once more, this is a refusal of the oldest.
 *
 * ## parked events that wait again
 *
 * They lie before the place that a lane has reached. Before its next event, a lane waits until its
 * results are written, which takes a moment, and reads from the start, so that the oldest comes
 * first and nothing is sent twice. A probe is sent from another lane meanwhile.
 *
 * The outbox is looked through at start, after `wake` and `noteRequeued`, and when a pause ends.
 */

import { epochMs } from "#base/epoch.ts";
import type { DeviceId } from "#domain/identifiers.ts";
import type { Timer } from "#platform/clock.ts";
import type { WaitingDelivery } from "#storage/storage.ts";
import { type Attempt, type AttemptOptions, attemptDelivery } from "./attempt.ts";
import { AttemptWriter } from "./attempt-writer.ts";
import { dueInMs } from "./backoff.ts";
import { DeliveryRate } from "./delivery-rate.ts";
import type { DeliveryFigures, DispatcherOptions } from "./dispatcher-options.ts";
import { EndpointHealth } from "./endpoint-health.ts";
import { Lane, LaneQueue } from "./lane.ts";
import { OutboxReader } from "./outbox-reader.ts";
import { ProbeChooser } from "./probe.ts";
import { RateLimit } from "./rate-limit.ts";
import { openSender } from "./send.ts";
import { secretsOf } from "./sign.ts";
import { Tally } from "./tally.ts";
import { TimerSet } from "./timer-set.ts";
import { TryResults } from "./try-results.ts";

/** A lane's turn to send. */
interface Turn {
  readonly lane: Lane;
  /** By the monotonic clock; it goes on longer while no other lane waits. */
  readonly endsAtMs: number;
  /** Whether it is the one try that a pause waits for. */
  readonly isProbe: boolean;
  /** Sent in place of the head, by a probe. */
  readonly later?: WaitingDelivery | undefined;
}

const CONCURRENCY = 8;
const PAGE_DELIVERIES = 10;
const TURN_MS = 200;
/** Looking for work after each of a thousand commits a second would cost more than the work. */
const SCAN_PERIOD_MS = 25;
const STORAGE_RETRY_MS = 1000;
/** A little longer than a result waits to be written. */
const REWIND_RETRY_MS = 60;
const STOP_GRACE_MS = 2000;

/** Delivers what waits until stopped. One for each endpoint. */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #attempt: AttemptOptions;
  readonly #lanes = new Map<DeviceId, Lane>();
  readonly #queue = new LaneQueue();
  readonly #health = new EndpointHealth();
  readonly #rateLimit: RateLimit;
  readonly #reader: OutboxReader;
  readonly #writer: AttemptWriter;
  readonly #results: TryResults;
  readonly #probes: ProbeChooser;
  readonly #tally = new Tally();
  readonly #rate: DeliveryRate;
  readonly #timers: TimerSet;
  readonly #tasks = new Set<Promise<void>>();
  readonly #abort = new AbortController();
  #phase: "new" | "running" | "stopping" = "new";
  #scanPlanned = false;
  #nextScanAtMs = 0;
  #pumpTimer: Timer | undefined;
  #runningCount = 0;
  #isProbing = false;
  /** Its head is under suspicion and has failed in the last probe: another event has its turn. */
  #suspected: Lane | undefined;
  /** Whether the rate limit holds something up. */
  #isHeldUp = false;

  constructor(options: DispatcherOptions) {
    const { outbox, clock, log, endpoint } = options;
    this.#options = options;
    const { siteTimeZone, primaryDeviceId, expectedUsers } = options;
    this.#attempt = {
      ...endpoint,
      siteTimeZone,
      primaryDeviceId,
      expectedUsers,
      clock,
      log,
      send: options.send ?? openSender({ ...endpoint, secrets: secretsOf(endpoint), clock }),
    };
    this.#timers = new TimerSet(clock);
    this.#rate = new DeliveryRate(clock.monotonicMs());
    this.#rateLimit = options.rateLimit ?? new RateLimit(endpoint.rateLimitPerMinute, clock);
    this.#reader = new OutboxReader(outbox, log);
    const onWritten = () => this.#pump();
    this.#writer = new AttemptWriter({ ...options, onWritten });
    this.#results = new TryResults({
      ...options,
      writer: this.#writer,
      health: this.#health,
      tally: this.#tally,
      countWaiting: () => this.#queue.size,
    });
    this.#probes = new ProbeChooser({
      queue: this.#queue,
      reader: this.#reader,
      writer: this.#writer,
      clock,
      findDevices: async () => void (await this.#offerAll()),
    });
  }

  /** Begins with what an earlier process left. */
  start(): void {
    this.#phase = "running";
    this.wake();
  }

  /** Says that there may be new deliveries. Cheap; the work is done in a later turn of the loop. */
  wake(): void {
    // A pause ends with a look through the whole outbox, which finds them.
    if (this.#phase !== "running" || this.#scanPlanned || this.#health.isPaused) return;
    this.#scanPlanned = true;
    const waitMs = this.#nextScanAtMs - this.#options.clock.monotonicMs();
    if (waitMs > 0) this.#timers.after(waitMs, () => this.#track(this.#scan()));
    else setImmediate(() => this.#track(this.#scan()));
  }

  /**
   * Says that deliveries wait again which were parked or delivered. Must follow their change before
   * anything else is stored, so that nothing that comes later is sent before them.
   */
  noteRequeued(count: number): void {
    this.#options.log.info("webhook.requeued", { count }, { per: "requeued" });
    this.noteGone();
  }

  /** Says that what was read may wait no more: what is not in flight is read again before it is sent. */
  noteGone(): void {
    for (const lane of this.#lanes.values()) lane.mustRewind = true;
    this.wake();
  }

  /** Lets what is in flight end for 2 s, gives up the rest, and writes the results. */
  async stop(): Promise<void> {
    this.#phase = "stopping";
    this.#timers.stopAll();
    const grace = this.#options.clock.after(STOP_GRACE_MS, () => this.#abort.abort());
    await Promise.all(this.#tasks);
    grace.stop();
    await this.#writer.close();
  }

  /** A snapshot; reads nothing from storage. */
  figures(): DeliveryFigures {
    const { isPaused } = this.#health;
    const nowMs = this.#options.clock.monotonicMs();
    const probeWaitMs = this.#health.waitMs(nowMs);
    return {
      ...this.#tally.figures,
      deliveredPerSecond: this.#rate.perSecond(nowMs),
      state: isPaused ? "paused" : "active",
      pauseReason: this.#health.reason,
      nextProbeInMs: isPaused ? probeWaitMs : undefined,
      runningCount: this.#runningCount,
      recoveredCount: this.#options.recoveredCount,
    };
  }

  /** Queues the lane of every device with something waiting. */
  async #scan(): Promise<void> {
    this.#scanPlanned = false;
    if (this.#phase !== "running") return;
    const hasRead = await this.#offerAll();
    const periodMs = hasRead ? SCAN_PERIOD_MS : STORAGE_RETRY_MS;
    this.#nextScanAtMs = this.#options.clock.monotonicMs() + periodMs;
    if (!hasRead) this.wake();
    this.#pump();
  }

  /** Returns whether storage answered. */
  async #offerAll(): Promise<boolean> {
    const deviceIds = await this.#reader.listDevices();
    for (const deviceId of deviceIds ?? []) this.#offer(deviceId);
    return deviceIds !== undefined;
  }

  #offer(deviceId: DeviceId): void {
    const lane = this.#lanes.get(deviceId) ?? new Lane(deviceId);
    this.#lanes.set(deviceId, lane);
    lane.mayHaveMore = true;
    if (lane.state !== "idle") return;
    if (this.#writer.isWritten(lane.lastResult)) lane.rewind();
    this.#queue.addFresh(lane);
  }

  /** Starts every turn that may start now, and comes back when the next one may. */
  #pump(): void {
    while (this.#phase === "running" && this.#queue.size > 0 && !this.#writer.isFull) {
      const nowMs = this.#options.clock.monotonicMs();
      const isAtOnce = this.#suspected?.failing?.last.asksToWait === false;
      const pauseMs = isAtOnce ? 0 : this.#health.waitMs(nowMs);
      const limitMs = this.#rateLimit.waitMs();
      this.#noteRateLimit(limitMs > pauseMs);
      if (pauseMs > 0 || limitMs > 0) {
        this.#pumpIn(Math.max(pauseMs, limitMs));
        return;
      }
      if (this.#health.isPaused) {
        if (!this.#isProbing) this.#track(this.#probe());
        return;
      }
      const isFree = this.#runningCount < (this.#options.concurrency ?? CONCURRENCY);
      const lane = isFree ? this.#queue.take() : undefined;
      if (lane === undefined) return;
      this.#rateLimit.reserve();
      this.#track(this.#runTurn({ lane, endsAtMs: nowMs + TURN_MS, isProbe: false }));
    }
  }

  #noteRateLimit(isHeldUp: boolean): void {
    if (isHeldUp && !this.#isHeldUp) this.#tally.noteRateLimited();
    this.#isHeldUp = isHeldUp;
  }

  #pumpIn(delayMs: number): void {
    this.#pumpTimer?.stop();
    this.#pumpTimer = this.#timers.after(delayMs, () => this.#pump());
  }

  async #probe(): Promise<void> {
    this.#isProbing = true;
    this.#rateLimit.reserve();
    const suspected = this.#suspected;
    this.#suspected = undefined;
    const probe =
      suspected === undefined
        ? await this.#probes.choose()
        : await this.#probes.chooseBeside(suspected);
    if (probe === undefined) {
      this.#rateLimit.release();
      if (suspected === undefined) this.#restAll();
    } else {
      const { failing } = probe.lane;
      await this.#runTurn({ ...probe, endsAtMs: 0, isProbe: true });
      const hasFailed = this.#health.isPaused && probe.lane.failing !== failing;
      const isAlone = suspected === undefined && hasFailed;
      if (isAlone && this.#probes.isSuspect(probe.lane)) this.#suspected = probe.lane;
    }
    this.#isProbing = false;
    this.#pump();
  }

  /** No lane in the queue could be read. */
  #restAll(): void {
    for (const lane of this.#queue.takeAll()) this.#rest(lane, STORAGE_RETRY_MS);
  }

  async #runTurn(turn: Turn): Promise<void> {
    const { lane } = turn;
    lane.state = "running";
    this.#runningCount += 1;
    while ((await this.#sendOne(turn)) && this.#mayGoOn(turn)) this.#rateLimit.reserve();
    this.#runningCount -= 1;
    if (lane.state === "running") this.#putAway(lane);
    this.#pump();
  }

  #mayGoOn(turn: Turn): boolean {
    const nowMs = this.#options.clock.monotonicMs();
    return (
      !turn.isProbe &&
      !turn.lane.isDrained &&
      this.#phase === "running" &&
      !this.#health.isPaused &&
      !this.#writer.isFull &&
      this.#rateLimit.waitMs() === 0 &&
      (nowMs < turn.endsAtMs || this.#queue.size === 0)
    );
  }

  #putAway(lane: Lane): void {
    lane.trim();
    if (lane.isDrained) lane.state = "idle";
    else this.#queue.addBacklog(lane);
  }

  #rest(lane: Lane, delayMs: number): void {
    lane.trim();
    lane.state = "resting";
    this.#timers.after(delayMs, () => {
      // The timer is monotonic: a wall clock that was set back meanwhile delays nothing.
      if (lane.head !== undefined) lane.changeHead({ nextAttemptAtMs: epochMs(0) });
      this.#queue.addBacklog(lane);
      this.#pump();
    });
  }

  /** Uses or releases the turn's reserved try. Returns whether the lane may send its next event. */
  async #sendOne(turn: Turn): Promise<boolean> {
    await this.#options.pace.turn();
    const delivery = turn.later ?? (await this.#findHead(turn));
    if (delivery === undefined) {
      this.#rateLimit.release();
      return false;
    }
    this.#rateLimit.use();
    const attempt = await attemptDelivery(delivery, this.#attempt, this.#abort.signal);
    return this.#applyResult(turn, delivery, attempt);
  }

  /** The lane's head if it may be sent now; a lane whose head is not due rests. */
  async #findHead(turn: Turn): Promise<WaitingDelivery | undefined> {
    const { lane } = turn;
    if (lane.mustRewind && !turn.isProbe && !this.#rewind(lane)) return undefined;
    if (lane.head === undefined && lane.mayHaveMore) {
      const isRead = await this.#reader.extend(lane, PAGE_DELIVERIES);
      if (!isRead) {
        this.#rest(lane, STORAGE_RETRY_MS);
        return undefined;
      }
    }
    if (this.#phase !== "running" || (this.#health.isPaused && !turn.isProbe)) return undefined;
    const { head } = lane;
    if (head === undefined) return undefined;
    const delayMs = dueInMs(head.nextAttemptAtMs, this.#options.clock.nowMs());
    if (delayMs === 0) return head;
    this.#rest(lane, delayMs);
    return undefined;
  }

  /** A lane that has results which are not written yet rests instead. */
  #rewind(lane: Lane): boolean {
    const canRewind = this.#writer.isWritten(lane.lastResult);
    if (canRewind) lane.rewind();
    else this.#rest(lane, REWIND_RETRY_MS);
    return canRewind;
  }

  #applyResult(
    { lane, isProbe }: Turn,
    delivery: WaitingDelivery,
    { result, ...attempt }: Attempt,
  ): boolean {
    if (result.kind === "aborted") return false;
    if (result.kind === "delivered") this.#rate.note(this.#options.clock.monotonicMs());
    const consequence = this.#results.apply({ ...attempt, result, lane, delivery, isProbe });
    if (consequence.kind === "refused") this.#rest(lane, consequence.delayMs);
    if (isProbe && consequence.kind !== "failed") this.wake();
    return consequence.kind === "passed";
  }

  /** Lets `stop` wait for it. A rejection is a bug and ends the process. */
  #track(task: Promise<void>): void {
    this.#tasks.add(task);
    void task.finally(() => this.#tasks.delete(task));
  }
}
