/**
 * What the end of a try means: for its event, for its lane, and for the endpoint. Everything that
 * became of a try is written down, counted and told here; when lanes run is the dispatcher's to say.
 */

import { epochMs } from "#base/epoch.ts";
import type { AttemptRecord } from "#storage/endpoint-outbox.ts";
import type { WaitingDelivery } from "#storage/storage.ts";
import type { Attempt } from "./attempt.ts";
import { endedTry, failureText } from "./attempt-record.ts";
import type { AttemptWriter } from "./attempt-writer.ts";
import { GONE_MS, refusalDelayMs } from "./backoff.ts";
import type { DispatcherOptions } from "./dispatcher-options.ts";
import type { EndpointHealth } from "./endpoint-health.ts";
import { type Failure, failedAgain, failsAlone } from "./failing.ts";
import type { Lane } from "./lane.ts";
import type { EndpointFailure, Refused, SendResult } from "./send.ts";
import type { Tally } from "./tally.ts";

export interface TryResultsOptions
  extends Pick<DispatcherOptions, "clock" | "log" | "random" | "endpoint"> {
  readonly writer: AttemptWriter;
  readonly health: EndpointHealth;
  readonly tally: Tally;
  /** Lanes that wait for a turn. */
  readonly countWaiting: () => number;
}

/** A try that somebody ended: the receiver, or the network. */
export interface EndedAttempt extends Attempt<Exclude<SendResult, { readonly kind: "aborted" }>> {
  readonly lane: Lane;
  /** The lane's head, or one behind it. */
  readonly delivery: WaitingDelivery;
  /** Whether a pause waited for it. */
  readonly isProbe: boolean;
}

/**
 * `passed`: the event is done with, and the lane may go on. `refused`: the lane rests. `failed`: the
 * endpoint is paused.
 */
export type Consequence =
  | { readonly kind: "passed" | "failed" }
  | { readonly kind: "refused"; readonly delayMs: number };

/** The results of one endpoint's tries. */
export class TryResults {
  readonly #options: TryResultsOptions;
  /** Without path and credentials, for the log. */
  readonly #host: string;

  constructor(options: TryResultsOptions) {
    this.#options = options;
    this.#host = new URL(options.endpoint.url).host;
  }

  /** Takes a result, which is written soon. */
  apply(ended: EndedAttempt): Consequence {
    const { lane, delivery, isProbe } = ended;
    const result = this.#judge(ended);
    const isRetry = delivery.attemptCount > 0 || lane.triedInVain.has(delivery.id);
    this.#followFailures(ended);
    this.#options.tally.note(result, { atMs: this.#options.clock.nowMs(), isRetry });
    if (result.kind === "endpoint-failed") return this.#fail({ ...ended, result });
    if (isProbe) this.#resume();
    if (result.kind === "refused") return this.#refuse({ ...ended, result });
    this.#write(lane, { kind: "delivered", ...endedTry(delivery.id, ended) });
    this.#pass(ended);
    return PASSED;
  }

  /** What an event meets that fails alone is a refusal of it. */
  #judge(ended: EndedAttempt): EndedAttempt["result"] {
    const { lane, result } = ended;
    if (result.kind !== "endpoint-failed" || !isHead(ended)) return result;
    if (!failsAlone(lane.failing, this.#failureOf(ended, result))) return result;
    const { httpStatus, replyText } = result;
    const detail = `${failureText(result)}, while other events are delivered`;
    return { kind: "refused", httpStatus, detail, replyText };
  }

  #followFailures(ended: EndedAttempt): void {
    const { lane, result } = ended;
    if (!isHead(ended)) return;
    lane.failing =
      result.kind === "endpoint-failed"
        ? failedAgain(lane.failing, this.#failureOf(ended, result))
        : undefined;
  }

  #failureOf({ delivery, durationMs }: EndedAttempt, result: EndpointFailure): Failure {
    const { clock, tally } = this.#options;
    return {
      deliveryId: delivery.id,
      nowMs: clock.monotonicMs(),
      deliveredCount: tally.figures.deliveredCount,
      asksToWait: askedWaitMs(result) !== undefined,
      isFresh: result.httpStatus !== undefined || durationMs < MOMENT_MS,
    };
  }

  #fail(ended: EndedAttempt & { readonly result: EndpointFailure }): Consequence {
    const { lane, delivery, bodyText } = ended;
    this.#write(lane, { kind: "failed", ...endedTry(delivery.id, ended) });
    this.#keep(ended, { bodyText: bodyText ?? delivery.bodyText });
    this.#pause(ended);
    return FAILED;
  }

  #pause({ result, isProbe }: EndedAttempt & { readonly result: EndpointFailure }): void {
    const { clock, log, random, health } = this.#options;
    const wasPaused = health.isPaused;
    const reason = `${result.code} ${result.detail}`;
    health.noteFailure({
      monotonicMs: clock.monotonicMs(),
      isProbe,
      reason,
      retryAfterMs: askedWaitMs(result),
      random: random(),
    });
    if (wasPaused) return;
    const fields = { host: this.#host, code: result.code, detail: result.detail };
    log.warn("webhook.paused", fields, { per: this.#host });
  }

  #resume(): void {
    const { clock, log, health, countWaiting } = this.#options;
    const pausedSeconds = Math.round(health.resume(clock.monotonicMs()) / 1000);
    // The lane that made the probe has left the queue.
    const devicesWaiting = countWaiting() + 1;
    const fields = { host: this.#host, pausedSeconds, devicesWaiting };
    log.info("webhook.resumed", fields, { per: this.#host });
  }

  #refuse(ended: EndedAttempt & { readonly result: Refused }): Consequence {
    const { clock, endpoint, log, tally } = this.#options;
    const { lane, delivery, bodyText } = ended;
    const attemptCount = delivery.attemptCount + 1;
    const { httpStatus: status, detail } = ended.result;
    const { deviceId, eventId } = delivery;
    const fields = { device: deviceId, event: eventId, status, detail, attempts: attemptCount };
    if (attemptCount >= endpoint.refusalsMax) {
      tally.noteParked();
      log.warn("webhook.parked", fields, { per: deviceId });
      this.#write(lane, { kind: "parked", ...endedTry(delivery.id, ended) });
      this.#pass(ended);
      return PASSED;
    }
    log.warn("webhook.refused", fields, { per: deviceId });
    const delayMs = refusalDelayMs(endpoint, delivery.attemptCount);
    const nextAttemptAtMs = epochMs(clock.nowMs() + delayMs);
    this.#write(lane, { kind: "refused", ...endedTry(delivery.id, ended), nextAttemptAtMs });
    this.#keep(ended, { attemptCount, bodyText: bodyText ?? delivery.bodyText });
    return { kind: "refused", delayMs };
  }

  #write(lane: Lane, record: AttemptRecord): void {
    lane.lastResult = this.#options.writer.add(record);
  }

  #pass(ended: EndedAttempt): void {
    ended.lane.triedInVain.delete(ended.delivery.id);
    if (isHead(ended)) ended.lane.passHead();
    else ended.lane.mustRewind = true;
  }

  #keep(ended: EndedAttempt, change: Parameters<Lane["changeHead"]>[0]): void {
    ended.lane.triedInVain.add(ended.delivery.id);
    if (isHead(ended)) ended.lane.changeHead(change);
    else ended.lane.mustRewind = true;
  }
}

const PASSED: Consequence = { kind: "passed" };
const FAILED: Consequence = { kind: "failed" };
/** The status of an endpoint that says it is gone for good. */
const GONE = 410;
const MOMENT_MS = 1000;

function askedWaitMs({ httpStatus, retryAfterMs }: EndpointFailure): number | undefined {
  return httpStatus === GONE ? GONE_MS : retryAfterMs;
}

/** One behind the head is still in the lane's window, which only a new reading brings up to date. */
function isHead({ lane, delivery }: EndedAttempt): boolean {
  return lane.head?.id === delivery.id;
}
