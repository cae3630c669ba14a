/**
 * The test event, in the form of the endpoint's messages (contract 4.2), signed like every message and
 * sent once when a person asks for it. It is no delivery: outbox, endpoint health, rate limit and
 * figures know nothing of it.
 */

import type { EpochMs } from "#base/epoch.ts";
import type { OwnPorts } from "#config/webhook-url.ts";
import { canonicalJson } from "#domain/canonical-json.ts";
import { encodeMessage } from "#domain/event-message.ts";
import { rfc3339WithOffset } from "#domain/time-text.ts";
import type { WebhookFormat } from "#domain/webhook-endpoint.ts";
import type { Clock } from "#platform/clock.ts";
import { HostGuard } from "./host-guard.ts";
import { openReplyReader } from "./reply-text.ts";
import { type EndpointFailureCode, post } from "./send.ts";
import { type SigningKeys, secretsOf, signDelivery, signingAt } from "./sign.ts";

/** Where the test event goes, and what signs it. */
export interface TestTarget extends SigningKeys {
  /** Absolute `http:` or `https:` URL. */
  readonly url: string;
  readonly format: WebhookFormat;
  /** IANA name. */
  readonly siteTimeZone: string;
  readonly clock: Clock;
  /** As in `PostOptions`. */
  readonly authorities: readonly string[] | undefined;
  readonly ownPorts: OwnPorts;
}

/** What came of a test event. `aborted`: we gave it up ourselves. */
export type TestResult =
  | {
      readonly kind: "answered";
      readonly httpStatus: number;
      /** The first 500 characters of the answer, with stars for everything that is secret. */
      readonly text: string;
    }
  | { readonly kind: "failed"; readonly code: EndpointFailureCode; readonly detail: string }
  | { readonly kind: "aborted" };

/** For the whole try, in milliseconds, whatever the setting for deliveries says. */
export const TEST_TIMEOUT_MS = 10_000;
const SHOWN_CHARACTERS_MAX = 500;
const MESSAGE = "Test message of biometric-server";

/** Waits at most 10 s; `signal` gives it up. Redirects are not followed. */
export async function sendTestEvent(target: TestTarget, signal: AbortSignal): Promise<TestResult> {
  const { url, clock, authorities } = target;
  const nowMs = clock.nowMs();
  const body = encodeTest(target, nowMs);
  const test = { eventId: `test-${crypto.randomUUID()}`, eventAtMs: nowMs, body };
  const headers = signDelivery(test, signingAt(target, nowMs));
  const guard = new HostGuard(target);
  const options = { url, timeoutMs: TEST_TIMEOUT_MS, clock, authorities, guard };
  const ended = await post(options, { headers, body }, signal);
  if (ended.kind === "aborted") return ended;
  if (ended.kind === "endpoint-failed") {
    return { kind: "failed", code: ended.code, detail: ended.detail };
  }
  const text = [...openReplyReader({ url, secrets: secretsOf(target) })(ended.head)];
  const shown = text.slice(0, SHOWN_CHARACTERS_MAX).join("");
  return { kind: "answered", httpStatus: ended.httpStatus, text: shown };
}

function encodeTest({ format, siteTimeZone }: TestTarget, nowMs: EpochMs): string {
  if (format === "standard") {
    const timestamp = rfc3339WithOffset(nowMs, siteTimeZone);
    return encodeMessage({ type: "webhook.test", timestamp, data: { message: MESSAGE } });
  }
  return canonicalJson({
    event_type: "test_webhook",
    timestamp: Math.floor(nowMs / 1000),
    message: MESSAGE,
    source: "biometric_server",
  });
}
