/** What `/api/biometric/webhook/*` take and give (contract.md 3.1). */

import { type Static, t } from "elysia";

const count = (description: string, example: number) =>
  t.Integer({ minimum: 0, description, examples: [example] });

export const AnswerTime = t.String({
  format: "date-time",
  description: "The time of this answer, in the site's zone.",
});

export const WebhookStats = t.Object(
  {
    sent: count("Messages that the receiver took (any 2xx).", 120),
    failed: count("Tries that failed, for whatever reason.", 3),
    retried: count("Tries of a message that had been tried in vain before.", 3),
    rate_limited: count("How often messages had to wait for the rate limit; none is dropped.", 0),
    recovered: count("Messages that were waiting when the server started.", 0),
    persistent_queue_size: count("The same as `persistent_queue.total`.", 2),
  },
  { description: "Counted since the start of the server." },
);
export type WebhookStats = Static<typeof WebhookStats>;

export const WebhookStatus = t.Object({
  success: t.Literal(true),
  timestamp: AnswerTime,
  webhook: t.Object({
    enabled: t.Boolean(),
    url: t.String({ description: "Without password and query; empty when none is set." }),
    mode: t.String({ description: "As set; messages are always sent at once." }),
    rate_limit: t.Integer({ description: "Messages per minute; 0 for no limit." }),
    queue_size: count("Messages that wait for their turn.", 1),
    persistent_queue: t.Object(
      {
        total: count("Messages that are not delivered.", 2),
        pending: count("Those that wait for their turn.", 1),
        failed: count("Those that the receiver refused for good.", 1),
        retry_ready: count("Those that `webhook/retry` would send once more.", 1),
        by_status: t.Object({ pending: count("As above.", 1), failed: count("As above.", 1) }),
      },
      { description: "What is stored, so that it outlives the server." },
    ),
    stats: WebhookStats,
  }),
});
export type WebhookStatus = Static<typeof WebhookStatus>;

export const WebhookTest = t.Object({
  success: t.Boolean({ description: "Whether the receiver answered with a 2xx." }),
  message: t.String({ examples: ["The receiver took the test message"] }),
  test_result: t.Object({
    success: t.Boolean(),
    url: t.String({ description: "Without password and query; empty when none is set." }),
    status_code: t.Optional(
      t.Integer({ description: "What the receiver answered.", examples: [200] }),
    ),
    response: t.Optional(
      t.String({
        description: "The first 500 characters of the answer, without our secrets.",
        examples: ['{"received": true}'],
      }),
    ),
    error: t.Optional(
      t.String({
        description: "Why there was no answer: instead of the two above.",
        examples: ["Connection refused"],
      }),
    ),
  }),
  recommendation: t.String({ examples: ["Nothing to do"] }),
  troubleshooting: t.Optional(
    t.Object(
      {
        check_hris_running: t.String({ examples: ["Is the HRIS running and reachable?"] }),
        check_endpoint: t.String({ examples: ["Does it take POST at this path?"] }),
        check_network: t.String({ examples: ["Does a firewall let this server out?"] }),
        alternative_url: t.String({
          examples: ["http://localhost:5050/api/webhook-receiver/biometric"],
        }),
      },
      { description: "Only after a failure." },
    ),
  ),
});
export type WebhookTest = Static<typeof WebhookTest>;

export const LIMIT_DEFAULT = 10;

export const RetryRequest = t.Object({
  limit: t.Optional(
    t.Integer({
      minimum: 0,
      default: LIMIT_DEFAULT,
      description: "How many messages to try once more; at most 1000 are taken at a time.",
      examples: [LIMIT_DEFAULT],
    }),
  ),
});

export const RetryAnswer = t.Object({
  success: t.Literal(true),
  message: t.String({ examples: ["Manually retried 2 failed webhooks"] }),
  retried_count: count("Messages put back into the queue.", 2),
  limit: t.Integer({ examples: [LIMIT_DEFAULT] }),
});

export const STATUS_UNAVAILABLE = "Webhook status unavailable";

export const StatusUnavailable = t.Object({
  success: t.Literal(false),
  error: t.Literal(STATUS_UNAVAILABLE),
  timestamp: AnswerTime,
});

export const RetryRefused = t.Object({
  success: t.Literal(false),
  error: t.String({ examples: ["Failed to retry webhooks"] }),
  message: t.String({ examples: ['Field "limit" is "many": expected integer'] }),
});

export const RETRY_FAILED = "Nothing was put back into the queue";
export const RetryFailed = t.Object(RetryRefused.properties, {
  examples: [{ success: false, error: "Failed to retry webhooks", message: RETRY_FAILED }],
});
