/**
 * A webhook receiver without a network: it remembers every try and answers as the test decides.
 */

import type { SendDelivery, SendResult, SignedRequest } from "#webhooks/send.ts";

export const DELIVERED: SendResult = { kind: "delivered", httpStatus: 200, replyText: "ok" };
export const REFUSED: SendResult = {
  kind: "refused",
  httpStatus: 422,
  detail: "status 422",
  replyText: "no",
};
export const ABORTED: SendResult = { kind: "aborted" };

/** An answer of the endpoint with a status that is not the event's fault. */
export function failedWith(status: number, retryAfterMs?: number): SendResult {
  return {
    kind: "endpoint-failed",
    code: "status",
    detail: String(status),
    httpStatus: status,
    replyText: "oops",
    retryAfterMs,
  };
}

/** One try as the receiver saw it. */
export interface SeenTry {
  readonly eventId: string;
  readonly device: string;
  readonly body: string;
  readonly result: SendResult;
}

export class FakeReceiver {
  /** Tries whose answer is given, in order of arrival. */
  readonly tries: SeenTry[] = [];
  inFlightMax = 0;
  #inFlight = 0;
  /** Devices with a try in flight; a second one at once is an error. */
  readonly #busy = new Set<string>();

  /** Decides each answer; a promise keeps the try in flight. */
  answer: (eventId: string, device: string) => SendResult | Promise<SendResult> = () => DELIVERED;

  readonly send: SendDelivery = async (request, signal) => {
    const eventId = request.headers["webhook-id"] ?? "";
    const device = deviceOf(request);
    if (this.#busy.has(device)) throw new Error(`Two tries of ${device} at once`);
    this.#busy.add(device);
    this.#inFlight += 1;
    this.inFlightMax = Math.max(this.inFlightMax, this.#inFlight);
    const aborted = new Promise<SendResult>((resolve) => {
      signal.addEventListener("abort", () => resolve(ABORTED));
    });
    const result = await Promise.race([this.answer(eventId, device), aborted]);
    this.#inFlight -= 1;
    this.#busy.delete(device);
    this.tries.push({ eventId, device, body: request.body, result });
    return result;
  };

  /** Event ids that were answered with success, in order. */
  get deliveredIds(): readonly string[] {
    return this.tries.filter((seen) => seen.result.kind === "delivered").map((one) => one.eventId);
  }

  /** Event ids of every try, in order. */
  get triedIds(): readonly string[] {
    return this.tries.map((seen) => seen.eventId);
  }
}

function deviceOf(request: SignedRequest): string {
  return /"device_id": "([^"]*)"/.exec(request.body)?.[1] ?? "";
}
