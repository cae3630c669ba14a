/**
 * One try of one delivery, from what is stored to the end of the POST. What the end means for the
 * lane and the endpoint is the dispatcher's to say.
 */

import { assertDefined } from "#base/assert.ts";
import type { EpochMs } from "#base/epoch.ts";
import type { WebhookFormat } from "#domain/webhook-endpoint.ts";
import type { Clock } from "#platform/clock.ts";
import type { Log } from "#platform/log.ts";
import type { WaitingDelivery } from "#storage/storage.ts";
import { encodeEvent } from "./event-format.ts";
import { failureFields } from "./failure-fields.ts";
import { encodeLogs } from "./logs-format.ts";
import type { Refused, SendDelivery, SendResult } from "./send.ts";
import { type SigningKeys, signDelivery, signingAt } from "./sign.ts";
import { encodeStandard } from "./standard-format.ts";
import type { FormatOptions, WebhookEvent } from "./webhook-event.ts";

export interface AttemptOptions extends FormatOptions, SigningKeys {
  readonly format: WebhookFormat;
  readonly clock: Clock;
  readonly log: Log;
  readonly send: SendDelivery;
}

/** A try that has ended. */
export interface Attempt<Result extends SendResult = SendResult> {
  readonly result: Result;
  /** When it began (UTC). */
  readonly atMs: EpochMs;
  /** Milliseconds. */
  readonly durationMs: number;
  /** As sent; undefined where a bug of ours let nothing be sent. */
  readonly bodyText: string | undefined;
}

const ENCODERS: Readonly<
  Record<WebhookFormat, (event: WebhookEvent, options: FormatOptions) => string>
> = { logs: encodeLogs, event: encodeEvent, standard: encodeStandard };

/**
 * Encodes, signs and sends. Never throws: a bug of ours that one event trips is logged and counts
 * as a refusal of that event, without an HTTP status, so that the others go on.
 */
export async function attemptDelivery(
  delivery: WaitingDelivery,
  options: AttemptOptions,
  signal: AbortSignal,
): Promise<Attempt> {
  const { clock, log } = options;
  const { eventId, eventAtMs } = delivery;
  const atMs = clock.nowMs();
  const startedMs = clock.monotonicMs();
  let bodyText: string | undefined;
  let result: SendResult;
  try {
    const body = delivery.bodyText ?? encodePunch(delivery, options);
    const headers = signDelivery({ eventId, eventAtMs, body }, signingAt(options, atMs));
    bodyText = body;
    result = await options.send({ headers, body }, signal);
  } catch (error) {
    const fields = { event: eventId, ...failureFields(error) };
    log.error("webhook.failed", fields, { per: "sending" });
    result = NOT_SENT;
  }
  const durationMs = clock.monotonicMs() - startedMs;
  const ms = Math.round(durationMs);
  log.debug("webhook.tried", { event: eventId, result: result.kind, ms });
  return { result, atMs, durationMs, bodyText };
}

const NOT_SENT: Refused = {
  kind: "refused",
  httpStatus: undefined,
  detail: "not sent: an error of this server, see its log",
  replyText: "",
};
function encodePunch(delivery: WaitingDelivery, options: AttemptOptions): string {
  const punch = assertDefined(delivery.punch, "A message tells of no punch and has no body");
  return ENCODERS[options.format]({ ...delivery, punch }, options);
}
