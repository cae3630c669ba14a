/**
 * One try of one delivery: a POST, and what its end means for the event and for the endpoint. The
 * only place of the program that calls `fetch`. It neither retries nor waits between tries.
 */

import type { EpochMs } from "#base/epoch.ts";
import type { Clock } from "#platform/clock.ts";
import { parseRetryAfter } from "./backoff.ts";

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
  /** Milliseconds the receiver asks us to stay away, 0 to 24 h; undefined when it did not ask. */
  readonly retryAfterMs: number | undefined;
}

/** How a try ended. */
export type SendResult =
  | { readonly kind: "delivered"; readonly httpStatus: number }
  /** The receiver does not want this event. */
  | { readonly kind: "refused"; readonly httpStatus: number }
  | EndpointFailure
  /** We gave it up ourselves; nothing is known of the event or the endpoint. */
  | { readonly kind: "aborted" };

/** Makes one try. Never throws on what the network does. `signal` gives it up. */
export type SendDelivery = (request: SignedRequest, signal: AbortSignal) => Promise<SendResult>;

/** Where to send, and how long to wait. */
export interface SenderOptions {
  /** Absolute `http:` or `https:` URL; user and password in it become basic authentication. */
  readonly url: string;
  /** From the first byte out to the last byte read, in milliseconds. */
  readonly timeoutMs: number;
  readonly clock: Clock;
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

/** 4xx that speak of the endpoint, not of the event (design 7). 410 pauses and keeps queueing. */
const ENDPOINT_4XX: ReadonlySet<number> = new Set([408, 410, 425, 429]);

/** Codes of a failed handshake or certificate check, as Bun takes them over from the TLS library. */
const TLS_CODE = /^EPROTO$|^ERR_(TLS|SSL)_|CERT|SIGNATURE|ISSUER|^HOSTNAME_MISMATCH$|^CRL_/;

/** A sender for one endpoint. Connections are kept alive between tries. */
export function openSender(options: SenderOptions): SendDelivery {
  return async (request, signal) => {
    const ended = await post(options, request, signal);
    return ended.kind === "answered" ? judgeAnswer(ended, options.clock.nowMs()) : ended;
  };
}

/** One POST, without a judgement of the answer. Never throws; `signal` gives it up. */
export async function post(
  options: SenderOptions,
  request: SignedRequest,
  signal: AbortSignal,
): Promise<PostResult> {
  if (signal.aborted) return { kind: "aborted" };
  const controller = new AbortController();
  const giveUp = (): void => controller.abort();
  let timedOut = false;
  const timer = options.clock.after(options.timeoutMs, () => {
    timedOut = true;
    giveUp();
  });
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    const response = await fetch(options.url, {
      method: "POST",
      headers: request.headers,
      body: request.body,
      signal: controller.signal,
      // A redirect could carry attendance data to another host, and turns a POST into a GET.
      redirect: "manual",
      // Without this, Bun takes HTTP_PROXY and its kin from the environment.
      proxy: false,
      decompress: false,
    });
    const head: Uint8Array[] = [];
    // The status is the answer: a body that breaks off or never ends changes nothing about it.
    await readHead(response, head).catch(giveUp);
    const retryAfter = response.headers.get("retry-after");
    return { kind: "answered", httpStatus: response.status, retryAfter, head };
  } catch (error) {
    if (timedOut) return endpointFailure("timeout", `${options.timeoutMs} ms`);
    if (signal.aborted) return { kind: "aborted" };
    const code = systemCode(error);
    return endpointFailure(TLS_CODE.test(code) ? "tls" : "connect", code);
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

function judgeAnswer({ httpStatus, retryAfter }: Answer, nowMs: EpochMs): SendResult {
  if (httpStatus >= 200 && httpStatus < 300) return { kind: "delivered", httpStatus };
  if (httpStatus >= 400 && httpStatus < 500 && !ENDPOINT_4XX.has(httpStatus)) {
    return { kind: "refused", httpStatus };
  }
  const retryAfterMs = parseRetryAfter(retryAfter, nowMs);
  return endpointFailure("status", String(httpStatus), retryAfterMs);
}

function endpointFailure(
  code: EndpointFailureCode,
  detail: string,
  retryAfterMs?: number,
): EndpointFailure {
  return { kind: "endpoint-failed", code, detail, retryAfterMs };
}

/** The error's code, never its text: that may name the URL with its credentials. */
function systemCode(error: unknown): string {
  if (error instanceof Error && "code" in error) return String(error.code);
  return error instanceof Error ? error.name : "unknown";
}
