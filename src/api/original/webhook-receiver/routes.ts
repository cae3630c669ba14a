/**
 * A receiver for trials of the webhook without an HRIS. Open to everyone: it stores nothing, and
 * tells a sender nothing but what it sent. Checks no signature.
 */

import { Elysia, t } from "elysia";
import { TEST_RECEIVER_PATH } from "#config/test-receiver.ts";
import { rfc3339WithOffset } from "#domain/time-text.ts";
import type { Clock } from "#platform/clock.ts";
import type { ArrivingBodies } from "../../arriving-bodies.ts";
import { OriginalError } from "../../errors.ts";
import { readJsonBody } from "../../json-body.ts";
import { ReceivedWebhook, ReceiverStatus } from "./model.ts";

/** What the routes need. */
export interface WebhookReceiverRoutesOptions {
  readonly clock: Clock;
  readonly bodies: ArrivingBodies;
  /** IANA zone of `processed_at`. */
  readonly siteTimeZone: string;
}

/** More than three times the largest message of ours. */
const BODY_BYTES_MAX = 64 * 1024;
const SHOWN_LENGTH_MAX = 200;
const UNKNOWN = "unknown";

/** `POST /api/webhook-receiver/biometric` and `GET /api/webhook-receiver/status`. */
export function webhookReceiverRoutes(options: WebhookReceiverRoutesOptions) {
  const { clock, bodies, siteTimeZone } = options;
  return new Elysia({ name: "original-webhook-receiver" })
    .post(
      TEST_RECEIVER_PATH,
      ({ body }) => ({
        success: true as const,
        message: "Webhook received; nothing is stored",
        ...findPunch(body),
        processed_at: rfc3339WithOffset(clock.nowMs(), siteTimeZone),
      }),
      {
        parse: ({ request }) => readJsonBody(request, { bodies, bytesMax: BODY_BYTES_MAX }),
        body: t.Unknown({
          description: "Any JSON.",
          examples: [{ logs: [{ user_id: "6", direction: "IN", timestamp: "20260302081504" }] }],
        }),
        response: {
          200: ReceivedWebhook,
          400: OriginalError,
          413: OriginalError,
          415: OriginalError,
          503: OriginalError,
        },
        detail: {
          tags: ["Original"],
          summary: "Receive a webhook for a trial",
          description: "`BIOMETRIC_WEBHOOK_URL` may be this address. Stores nothing.",
          security: [],
        },
      },
    )
    .get("/api/webhook-receiver/status", () => STATUS, {
      response: { 200: ReceiverStatus, 503: OriginalError },
      detail: { tags: ["Original"], summary: "What the receiver for trials is", security: [] },
    });
}

const STATUS = {
  success: true as const,
  status: "active" as const,
  endpoint: TEST_RECEIVER_PATH,
  methods: ["POST" as const],
  description: "Takes any JSON for a trial and stores nothing",
};

/** Looks where either format, or a plain message, has its punch. */
function findPunch(message: unknown) {
  const places = [memberOf(memberOf(message, "logs"), "0"), memberOf(message, "data"), message];
  const find = (...names: readonly string[]): string | number => {
    const found = places.flatMap((place) => names.map((name) => memberOf(place, name)));
    return found.map(shown).find((value) => value !== undefined) ?? UNKNOWN;
  };
  return {
    user_id: find("user_id"),
    direction: String(find("direction", "io_mode_str")),
    timestamp: find("timestamp"),
  };
}

function memberOf(value: unknown, name: string): unknown {
  const isThere = typeof value === "object" && value !== null && Object.hasOwn(value, name);
  return isThere ? Reflect.get(value, name) : undefined;
}

function shown(value: unknown): string | number | undefined {
  if (typeof value === "string") return value.slice(0, SHOWN_LENGTH_MAX);
  return Number.isSafeInteger(value) ? Number(value) : undefined;
}
