/**
 * `/api/biometric/webhook/*`: how delivery stands, a test message on request, and parked messages
 * once more.
 */

import { Elysia } from "elysia";
import { TEST_RECEIVER_PATH } from "#config/test-receiver.ts";
import { rfc3339WithOffset } from "#domain/time-text.ts";
import { SETTINGS_ENDPOINT_ID } from "#domain/webhook-endpoint.ts";
import type { Storage } from "#storage/storage.ts";
import type { DeliveryFigures } from "#webhooks/dispatcher-options.ts";
import type { TestResult } from "#webhooks/test-event.ts";
import type { ArrivingBodies } from "../../arriving-bodies.ts";
import { type BearerGateOptions, bearerGate } from "../../auth.ts";
import { ApiFailure, failingAs, ORIGINAL_REFUSALS } from "../../errors.ts";
import { jsonBody } from "../../json-body.ts";
import { Places } from "../../places.ts";
import type { WebhookFigures } from "../status/routes.ts";
import { readQueue, spellStats } from "./figures.ts";
import {
  LIMIT_DEFAULT,
  RETRY_FAILED,
  RetryAnswer,
  RetryFailed,
  RetryRefused,
  RetryRequest,
  STATUS_UNAVAILABLE,
  StatusUnavailable,
  WebhookStatus,
  WebhookTest,
} from "./model.ts";
import { spellTest } from "./test-answer.ts";

/** Delivery to the receiver that is set. */
export interface WebhookDelivery {
  figures(): DeliveryFigures;
  /** Says that so many parked deliveries wait again. */
  noteRequeued(count: number): void;
  /** Sends a test message; `signal` gives it up. */
  sendTest(signal: AbortSignal): Promise<TestResult>;
}

/** What the routes need. */
export interface WebhookRoutesOptions {
  readonly storage: Pick<Storage, "listEndpoints" | "outboxOf">;
  readonly gate: BearerGateOptions;
  readonly bodies: ArrivingBodies;
  /** IANA zone of `timestamp`. */
  readonly siteTimeZone: string;
  /** The server's own address. */
  readonly apiUrl: string;
  readonly webhookFigures: () => WebhookFigures;
  /** Undefined when no receiver is set. */
  readonly webhookDelivery: () => Promise<WebhookDelivery | undefined>;
}

/** Tests under way at once; further ones wait. A receiver may answer with as much as it likes. */
const TESTS_MAX = 2;
/** Parked messages put back in one transaction. */
const REQUEUED_MAX = 1000;

/** The routes: reading needs a token that may read, the others one that may write. */
export function webhookRoutes(options: WebhookRoutesOptions) {
  return new Elysia({ name: "original-webhook" })
    .use(statusRoute(options))
    .use(testRoute(options))
    .use(retryRoute(options));
}

function statusRoute(options: WebhookRoutesOptions) {
  return new Elysia({ name: "original-webhook-status" })
    .use(bearerGate(options.gate, "read"))
    .get("/api/biometric/webhook/status", () => readStatus(options), {
      response: { 200: WebhookStatus, ...ORIGINAL_REFUSALS, 500: StatusUnavailable },
      detail: { tags: ["Original"], summary: "The webhook: settings, what waits, what was sent" },
    });
}

function testRoute(options: WebhookRoutesOptions) {
  const { gate, apiUrl, webhookFigures, webhookDelivery } = options;
  const places = new Places(TESTS_MAX);
  return new Elysia({ name: "original-webhook-test" }).use(bearerGate(gate, "write")).post(
    "/api/biometric/webhook/test",
    async ({ request }) => {
      const { enabled, url } = webhookFigures();
      const result = await inTurn(places, async () =>
        (await webhookDelivery())?.sendTest(request.signal),
      );
      return spellTest(result, {
        url: enabled ? url : undefined,
        ownReceiverUrl: `${apiUrl}${TEST_RECEIVER_PATH}`,
      });
    },
    {
      parse: "none",
      response: { 200: WebhookTest, ...ORIGINAL_REFUSALS },
      detail: {
        tags: ["Original"],
        summary: "Send a test message to the receiver",
        description:
          "Waits at most 10 seconds for its answer, and follows no redirect. Two at a time. 200 also when it " +
          "fails: see `success`. What waits to be sent is not touched.",
      },
    },
  );
}

async function inTurn<Value>(places: Places, work: () => Promise<Value>): Promise<Value> {
  await places.take();
  try {
    return await work();
  } finally {
    places.leave();
  }
}

function retryRoute({ storage, gate, bodies, webhookDelivery }: WebhookRoutesOptions) {
  const body = jsonBody(RetryRequest, { bodies, refusal });
  return new Elysia({ name: "original-webhook-retry" }).use(bearerGate(gate, "write")).post(
    "/api/biometric/webhook/retry",
    async ({ body: { limit = LIMIT_DEFAULT } }) => {
      const delivery = await webhookDelivery();
      const step =
        delivery === undefined
          ? undefined
          : await failingAs({ message: RETRY_FAILED, body: refusal }, () =>
              storage
                .outboxOf(SETTINGS_ENDPOINT_ID)
                .requeueParkedDeliveries(Math.min(limit, REQUEUED_MAX), 0),
            );
      const count = step?.requeuedCount ?? 0;
      if (count > 0) delivery?.noteRequeued(count);
      const message = `Manually retried ${count} failed webhooks`;
      return { success: true as const, message, retried_count: count, limit };
    },
    {
      ...body,
      transform: (context) => body.transform(context).catch(refuseAs400),
      response: {
        200: RetryAnswer,
        400: RetryRefused,
        413: RetryRefused,
        ...ORIGINAL_REFUSALS,
        500: RetryFailed,
      },
      detail: {
        tags: ["Original"],
        summary: "Send parked messages once more",
        description:
          "Puts the oldest messages that the receiver refused for good back into the queue, for " +
          "one more try each. None while no webhook is set.",
      },
    },
  );
}

async function readStatus(options: WebhookRoutesOptions): Promise<WebhookStatus> {
  const { gate, siteTimeZone, webhookDelivery } = options;
  const { enabled, url, mode, rateLimit } = options.webhookFigures();
  const timestamp = rfc3339WithOffset(gate.clock.nowMs(), siteTimeZone);
  const body = () => ({ success: false, error: STATUS_UNAVAILABLE, timestamp });
  const words = { message: STATUS_UNAVAILABLE, body };
  const queue = await failingAs(words, () => readQueue(options.storage));
  const delivery = await webhookDelivery();
  return {
    success: true,
    timestamp,
    webhook: {
      enabled,
      url,
      mode,
      rate_limit: rateLimit,
      queue_size: queue.pending,
      persistent_queue: queue,
      stats: spellStats(delivery?.figures(), queue),
    },
  };
}

/** The original knew no 415 here: whatever was wrong with the body was a 500, which is a 400. */
function refuseAs400(error: unknown): never {
  if (!(error instanceof ApiFailure) || error.code !== "media-type-unsupported") throw error;
  const message = `${error.message}; wanted is a JSON body: {"limit": 10}, or {}`;
  throw new ApiFailure("body-malformed", message, { body: refusal(message) });
}

function refusal(message: string) {
  return { success: false as const, error: "Failed to retry webhooks", message };
}
