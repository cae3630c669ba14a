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
 * - The endpoint failed: the next probe waits longer, up to 5 min, without end.
 *
 * A 5xx is always taken for a failure of the endpoint, even if one event alone provokes it.
 *
 * ## parked events that wait again
 *
 * They lie before the place that a lane has reached. Before its next event, a lane waits until its
 * results are written, which takes a moment, and reads from the start, so that the oldest comes
 * first and nothing is sent twice. A probe does not wait for that.
 *
 * The outbox is looked through at start, after `wake` and `noteRequeued`, and when a pause ends.
 */

import { setImmediate as nextLoopTurn } from "node:timers/promises";
import { epochMs } from "#base/epoch.ts";
import type { DeviceId } from "#domain/identifiers.ts";
import type { Timer } from "#platform/clock.ts";
import type { WaitingDelivery } from "#storage/storage.ts";
import { type Attempt, type AttemptOptions, attemptDelivery } from "./attempt.ts";
import { endedTry } from "./attempt-record.ts";
import { AttemptWriter } from "./attempt-writer.ts";
import { dueInMs, refusalDelayMs } from "./backoff.ts";
import type { DeliveryFigures, DispatcherOptions } from "./dispatcher-options.ts";
import { EndpointHealth } from "./endpoint-health.ts";
import { Lane, LaneQueue } from "./lane.ts";
import { OutboxReader } from "./outbox-reader.ts";
import { RateLimit } from "./rate-limit.ts";
import { type EndpointFailure, openSender, type Refused } from "./send.ts";
import { secretsOf } from "./sign.ts";
import { Tally } from "./tally.ts";
import { TimerSet } from "./timer-set.ts";

/** A lane's turn to send. */
interface Turn {
  readonly lane: Lane;
  /** By the monotonic clock; it goes on longer while no other lane waits. */
  readonly endsAtMs: number;
  /** Whether it is the one try that a pause waits for. */
  readonly isProbe: boolean;
}

const CONCURRENCY = 8;
const PAGE_DELIVERIES = 50;
const TURN_MS = 200;
/** Looking for work after each of a thousand commits a second would cost more than the work. */
const SCAN_PERIOD_MS = 25;
const STORAGE_RETRY_MS = 1000;
/** A little longer than a result waits to be written. */
const REWIND_RETRY_MS = 60;
const STOP_GRACE_MS = 2000;
/** Lanes read in one go when a pause begins, before terminals get their share of the loop. */
const HEADS_PER_LOOP_TURN = 20;

/** Delivers what waits until stopped. One for each endpoint. */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #attempt: AttemptOptions;
  /** Without path and credentials, for the log. */
  readonly #host: string;
  readonly #lanes = new Map<DeviceId, Lane>();
  readonly #queue = new LaneQueue();
  readonly #health = new EndpointHealth();
  readonly #rateLimit: RateLimit;
  readonly #reader: OutboxReader;
  readonly #writer: AttemptWriter;
  readonly #tally = new Tally();
  readonly #timers: TimerSet;
  readonly #tasks = new Set<Promise<void>>();
  readonly #abort = new AbortController();
  #phase: "new" | "running" | "stopping" = "new";
  #scanPlanned = false;
  #nextScanAtMs = 0;
  #pumpTimer: Timer | undefined;
  #runningCount = 0;
  #isProbing = false;
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
    this.#host = new URL(endpoint.url).host;
    this.#timers = new TimerSet(clock);
    this.#rateLimit = new RateLimit(endpoint.rateLimitPerMinute, clock);
    this.#reader = new OutboxReader(outbox, log);
    this.#writer = new AttemptWriter({ outbox, clock, log, onWritten: () => this.#pump() });
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

  /** Says that parked deliveries wait again. */
  noteRequeued(count: number): void {
    this.#options.log.info("webhook.requeued", { count });
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
    const probeWaitMs = this.#health.waitMs(this.#options.clock.monotonicMs());
    return {
      ...this.#tally.figures,
      state: isPaused ? "paused" : "active",
      nextProbeInMs: isPaused ? probeWaitMs : undefined,
      runningCount: this.#runningCount,
      recoveredCount: this.#options.recoveredCount,
    };
  }

  /** Queues the lane of every device with something waiting. */
  async #scan(): Promise<void> {
    this.#scanPlanned = false;
    if (this.#phase !== "running") return;
    const deviceIds = await this.#reader.listDevices();
    const periodMs = deviceIds === undefined ? STORAGE_RETRY_MS : SCAN_PERIOD_MS;
    this.#nextScanAtMs = this.#options.clock.monotonicMs() + periodMs;
    for (const deviceId of deviceIds ?? []) this.#offer(deviceId);
    if (deviceIds === undefined) this.wake();
    this.#pump();
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
      const pauseMs = this.#health.waitMs(nowMs);
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

  /** Tries the oldest event of all lanes that do not rest. */
  async #probe(): Promise<void> {
    this.#isProbing = true;
    this.#rateLimit.reserve();
    await this.#readHeads();
    const lane = this.#queue.takeOldest();
    if (lane === undefined) {
      this.#rateLimit.release();
      for (const unread of this.#queue.takeAll()) this.#rest(unread, STORAGE_RETRY_MS);
    } else {
      await this.#runTurn({ lane, endsAtMs: 0, isProbe: true });
    }
    this.#isProbing = false;
    this.#pump();
  }

  /** Reads the head of queued lanes that have none; later probes find them still there. */
  async #readHeads(): Promise<void> {
    let readCount = 0;
    for (const lane of this.#queue.list()) {
      if (lane.head !== undefined || !lane.mayHaveMore) continue;
      await this.#reader.extend(lane, 1);
      readCount += 1;
      if (readCount % HEADS_PER_LOOP_TURN === 0) await nextLoopTurn();
    }
  }

  async #runTurn(turn: Turn): Promise<void> {
    const { lane } = turn;
    lane.state = "running";
    this.#runningCount += 1;
    while ((await this.#sendHead(turn)) && this.#mayGoOn(turn)) this.#rateLimit.reserve();
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
  async #sendHead(turn: Turn): Promise<boolean> {
    const delivery = await this.#findHead(turn);
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

  #applyResult(turn: Turn, delivery: WaitingDelivery, attempt: Attempt): boolean {
    const { result } = attempt;
    if (result.kind === "aborted") return false;
    const ended = { ...attempt, result };
    const { lane } = turn;
    const isRetry = delivery.attemptCount > 0 || lane.failedId === delivery.id;
    this.#tally.note(result, { atMs: this.#options.clock.nowMs(), isRetry });
    if (result.kind === "endpoint-failed") {
      lane.failedId = delivery.id;
      lane.lastResult = this.#writer.add({ kind: "failed", ...endedTry(delivery.id, ended) });
      lane.changeHead({ bodyText: attempt.bodyText ?? delivery.bodyText });
      this.#pause(turn, result);
      return false;
    }
    if (turn.isProbe) this.#resume();
    if (result.kind === "refused") return this.#refuse(lane, delivery, { ...attempt, result });
    lane.lastResult = this.#writer.add({ kind: "delivered", ...endedTry(delivery.id, ended) });
    lane.passHead();
    return true;
  }

  #pause(turn: Turn, failure: EndpointFailure): void {
    const { clock, log, random } = this.#options;
    const wasPaused = this.#health.isPaused;
    this.#health.noteFailure({
      monotonicMs: clock.monotonicMs(),
      isProbe: turn.isProbe,
      retryAfterMs: failure.retryAfterMs,
      random: random(),
    });
    if (wasPaused) return;
    log.warn("webhook.paused", { host: this.#host, code: failure.code, detail: failure.detail });
  }

  #resume(): void {
    const pausedSeconds = Math.round(this.#health.resume(this.#options.clock.monotonicMs()) / 1000);
    // The lane that made the probe has left the queue.
    const devicesWaiting = this.#queue.size + 1;
    this.#options.log.info("webhook.resumed", { host: this.#host, pausedSeconds, devicesWaiting });
    this.wake();
  }

  /** Returns whether the lane may send its next event. */
  #refuse(lane: Lane, delivery: WaitingDelivery, refused: Attempt<Refused>): boolean {
    const { clock, endpoint, log } = this.#options;
    const attemptCount = delivery.attemptCount + 1;
    const { deviceId, eventId } = delivery;
    const { httpStatus: status, detail } = refused.result;
    const fields = { device: deviceId, event: eventId, status, detail, attempts: attemptCount };
    const ended = endedTry(delivery.id, refused);
    if (attemptCount >= endpoint.refusalsMax) {
      this.#tally.noteParked();
      lane.lastResult = this.#writer.add({ kind: "parked", ...ended });
      log.warn("webhook.parked", fields);
      lane.passHead();
      return true;
    }
    const delayMs = refusalDelayMs(endpoint, delivery.attemptCount);
    const nextAttemptAtMs = epochMs(clock.nowMs() + delayMs);
    lane.lastResult = this.#writer.add({ kind: "refused", ...ended, nextAttemptAtMs });
    log.warn("webhook.refused", fields, { per: deviceId });
    lane.changeHead({ attemptCount, bodyText: refused.bodyText ?? delivery.bodyText });
    this.#rest(lane, delayMs);
    return false;
  }

  /** Lets `stop` wait for it. A rejection is a bug and ends the process. */
  #track(task: Promise<void>): void {
    this.#tasks.add(task);
    void task.finally(() => this.#tasks.delete(task));
  }
}
