/**
 * One try of one delivery, from what is stored to the end of the POST. What the end means for the
 * lane and the endpoint is the dispatcher's to say.
 */

import { assertDefined } from "#base/assert.ts";
import type { WebhookFormat } from "#domain/webhook-endpoint.ts";
import type { Clock } from "#platform/clock.ts";
import type { Log } from "#platform/log.ts";
import type { WaitingDelivery } from "#storage/storage.ts";
import { encodeEvent } from "./event-format.ts";
import { failureFields } from "./failure-fields.ts";
import { encodeLogs } from "./logs-format.ts";
import type { SendDelivery, SendResult } from "./send.ts";
import { signDelivery } from "./sign.ts";
import { encodeStandard } from "./standard-format.ts";
import type { FormatOptions, WebhookEvent } from "./webhook-event.ts";

export interface AttemptOptions extends FormatOptions {
  readonly format: WebhookFormat;
  readonly secret: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly send: SendDelivery;
}

const ENCODERS: Readonly<
  Record<WebhookFormat, (event: WebhookEvent, options: FormatOptions) => string>
> = { logs: encodeLogs, event: encodeEvent, standard: encodeStandard };

/**
 * Encodes, signs and sends. Never throws: a bug of ours that one event trips is logged and counts
 * as a refusal of that event, with HTTP status 0, so that the others go on.
 */
export async function attemptDelivery(
  delivery: WaitingDelivery,
  options: AttemptOptions,
  signal: AbortSignal,
): Promise<SendResult> {
  try {
    const { eventId, eventAtMs } = delivery;
    const body = delivery.bodyText ?? encodePunch(delivery, options);
    const signing = { secret: options.secret, triedAtMs: options.clock.nowMs() };
    const headers = signDelivery({ eventId, eventAtMs, body }, signing);
    return await options.send({ headers, body }, signal);
  } catch (error) {
    options.log.error("webhook.failed", { event: delivery.eventId, ...failureFields(error) });
    return { kind: "refused", httpStatus: 0 };
  }
}

function encodePunch(delivery: WaitingDelivery, options: AttemptOptions): string {
  const punch = assertDefined(delivery.punch, "A message tells of no punch and has no body");
  return ENCODERS[options.format]({ ...delivery, punch }, options);
}
