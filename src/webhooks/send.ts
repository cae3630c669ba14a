/**
 * One try of one delivery: a POST, and what its end means for the event and for the endpoint. The
 * only place of the program that calls `fetch`. It neither retries nor waits between tries.
 */

import type { EpochMs } from "#base/epoch.ts";
import type { OwnPorts } from "#config/webhook-url.ts";
import type { Clock } from "#platform/clock.ts";
import { parseRetryAfter } from "./backoff.ts";
import { HostGuard, type LookUp } from "./host-guard.ts";
import { cutText, openReplyReader } from "./reply-text.ts";

/** What goes on the wire. */
export interface SignedRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Why the endpoint, not the event, is to blame. `status` is an answer of 1xx, 3xx, 5xx and a few 4xx. */
export type EndpointFailureCode = "connect" | "tls" | "timeout" | "status";

/** A try that failed for a reason that holds for every event. */
export interface EndpointFailure {
  readonly kind: "endpoint-failed";
  readonly code: EndpointFailureCode;
  /** For the operator: the HTTP status, or the system's word, such as `ECONNREFUSED`. */
  readonly detail: string;
  /** Of the answer; undefined where there was none. */
  readonly httpStatus: number | undefined;
  readonly replyText: string;
  /** Milliseconds the receiver asks us to stay away, 0 to 24 h; undefined when it did not ask. */
  readonly retryAfterMs: number | undefined;
}

/** The receiver took the event. */
export interface Delivered {
  readonly kind: "delivered";
  readonly httpStatus: number;
  /** The first 2 KB of the answer's body, without what is secret. */
  readonly replyText: string;
}

/** The receiver does not want this event. */
export interface Refused {
  readonly kind: "refused";
  /** Undefined where a bug of ours let nothing be sent. */
  readonly httpStatus: number | undefined;
  /** For the operator: what of the answer is the refusal. */
  readonly detail: string;
  readonly replyText: string;
}

/** How a try ended. */
export type SendResult =
  | Delivered
  | Refused
  | EndpointFailure
  /** We gave it up ourselves; nothing is known of the event or the endpoint. */
  | { readonly kind: "aborted" };

/** Makes one try. Never throws on what the network does. `signal` gives it up. */
export type SendDelivery = (request: SignedRequest, signal: AbortSignal) => Promise<SendResult>;

/** Where to post, and how long to wait. */
export interface PostOptions {
  /** Absolute `http:` or `https:` URL; user and password in it become basic authentication. */
  readonly url: string;
  /** From the first byte out to the last byte read, in milliseconds. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** In PEM: who may have signed the receiver's certificate; the well-known ones when undefined. */
  readonly authorities: readonly string[] | undefined;
  readonly guard: HostGuard;
}

/** The same, and what an answer must not show. */
export interface SenderOptions extends Omit<PostOptions, "guard"> {
  readonly secrets: readonly string[];
  readonly ownPorts: OwnPorts;
  /** The system's when absent. */
  readonly lookUp?: LookUp;
}

/** What a receiver answered. */
export interface Answer {
  readonly kind: "answered";
  readonly httpStatus: number;
  /** The header, as sent. */
  readonly retryAfter: string | null;
  /** The first bytes of the body, in pieces: 4 KiB of them where it has so many. */
  readonly head: readonly Uint8Array[];
}

/** How a POST ended. */
export type PostResult = Answer | EndpointFailure | { readonly kind: "aborted" };

/** Enough to end an ordinary answer, so that its connection can be used again. */
const ANSWER_BYTES_MAX = 4096;
const REPLY_BYTES_MAX = 2048;

/** 4xx that speak of the endpoint, not of the event (design 7). 410 pauses and keeps queueing. */
const ENDPOINT_4XX: ReadonlySet<number> = new Set([408, 410, 425, 429]);

/** Codes of a failed handshake or certificate check, as Bun takes them over from the TLS library. */
const TLS_CODE = /^EPROTO$|^ERR_(TLS|SSL)_|CERT|SIGNATURE|ISSUER|^HOSTNAME_MISMATCH$|^CRL_/;

/** A sender for one endpoint. Connections are kept alive between tries. */
export function openSender(options: SenderOptions): SendDelivery {
  const readReply = openReplyReader(options);
  const guard = new HostGuard(options);
  return async (request, signal) => {
    const ended = await post({ ...options, guard }, request, signal);
    if (ended.kind !== "answered") return ended;
    const replyText = cutText(readReply(ended.head), REPLY_BYTES_MAX);
    return judgeAnswer(ended, replyText, options.clock.nowMs());
  };
}

/** One POST, without a judgement of the answer. Never throws; `signal` gives it up. */
export async function post(
  options: PostOptions,
  request: SignedRequest,
  signal: AbortSignal,
): Promise<PostResult> {
  if (signal.aborted) return { kind: "aborted" };
  const { authorities } = options;
  const controller = new AbortController();
  const giveUp = (): void => controller.abort();
  let timedOut = false;
  const timer = options.clock.after(options.timeoutMs, () => {
    timedOut = true;
    giveUp();
  });
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    const refusal = await orAborted(options.guard.refusal(), controller.signal);
    if (refusal !== undefined) return unanswered("connect", refusal);
    const response = await fetch(options.url, {
      method: "POST",
      // The answer is shown, so it must not come compressed.
      headers: { ...request.headers, "Accept-Encoding": "identity" },
      body: request.body,
      signal: controller.signal,
      // A redirect could carry attendance data to another host, and turns a POST into a GET.
      redirect: "manual",
      // Without this, Bun takes HTTP_PROXY and its kin from the environment.
      proxy: false,
      ...(authorities === undefined ? {} : { tls: { ca: [...authorities] } }),
      decompress: false,
    });
    const head: Uint8Array[] = [];
    // The status is the answer: a body that breaks off or never ends changes nothing about it.
    await readHead(response, head).catch(giveUp);
    const retryAfter = response.headers.get("retry-after");
    return { kind: "answered", httpStatus: response.status, retryAfter, head };
  } catch (error) {
    if (timedOut) return unanswered("timeout", `${options.timeoutMs} ms`);
    if (signal.aborted) return { kind: "aborted" };
    const code = systemCode(error);
    return unanswered(TLS_CODE.test(code) ? "tls" : "connect", code);
  } finally {
    timer.stop();
    signal.removeEventListener("abort", giveUp);
  }
}

async function readHead(response: Response, head: Uint8Array[]): Promise<void> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  let seenBytes = 0;
  while (seenBytes < ANSWER_BYTES_MAX) {
    const { done, value } = await reader.read();
    if (done) return;
    head.push(value);
    seenBytes += value.byteLength;
  }
  await reader.cancel();
}

function judgeAnswer(answer: Answer, replyText: string, nowMs: EpochMs): SendResult {
  const { httpStatus } = answer;
  if (httpStatus >= 200 && httpStatus < 300) return { kind: "delivered", httpStatus, replyText };
  if (httpStatus >= 400 && httpStatus < 500 && !ENDPOINT_4XX.has(httpStatus)) {
    return { kind: "refused", httpStatus, detail: `status ${httpStatus}`, replyText };
  }
  return {
    kind: "endpoint-failed",
    code: "status",
    detail: String(httpStatus),
    httpStatus,
    replyText,
    retryAfterMs: parseRetryAfter(answer.retryAfter, nowMs),
  };
}

function unanswered(code: EndpointFailureCode, detail: string): EndpointFailure {
  return {
    kind: "endpoint-failed",
    code,
    detail,
    httpStatus: undefined,
    replyText: "",
    retryAfterMs: undefined,
  };
}

/** @throws what the signal gives, when that comes first. */
function orAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const aborted = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => aborted.reject(signal.reason), { once: true });
  return Promise.race([work, aborted.promise]);
}

/** The error's code, never its text: that may name the URL with its credentials. */
function systemCode(error: unknown): string {
  if (error instanceof Error && "code" in error) return String(error.code);
  return error instanceof Error ? error.name : "unknown";
}
