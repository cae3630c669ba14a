/**
 * Aim: the three webhook endpoints of contract 3.1 have the contract's shapes and true numbers, and
 * the test goes out when it is asked for, in the original's words.
 */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { HookReceiver } from "../support/hook-receiver.ts";
import { expectRow, type Row, readJson, SECONDARY, Site } from "./contract-site.ts";
import { anyOf, flag, int, isoTime, mapOf, type Shape, text, words } from "./shape.ts";

setDefaultTimeout(60_000);

const TEST = "POST /api/biometric/webhook/test";
const RETRY = "POST /api/biometric/webhook/retry";

const WEBHOOK_STATUS: Shape = {
  success: true,
  timestamp: isoTime,
  webhook: {
    enabled: flag,
    url: text,
    mode: anyOf("sync", "async"),
    rate_limit: int,
    // Promised by the original's own document, and absent there.
    "timeout?": int,
    "retry_enabled?": flag,
    queue_size: int,
    persistent_queue: {
      total: int,
      pending: int,
      failed: int,
      retry_ready: int,
      by_status: mapOf(int),
    },
    stats: {
      sent: int,
      failed: int,
      retried: int,
      rate_limited: int,
      recovered: int,
      persistent_queue_size: int,
    },
  },
};

const ADVICE = {
  check_hris_running: words,
  check_endpoint: words,
  check_network: words,
  alternative_url: text,
} as const;

interface WebhookStatus {
  readonly webhook: {
    readonly url: string;
    readonly persistent_queue: Readonly<Record<string, unknown>>;
    readonly stats: Readonly<Record<string, unknown>>;
  };
}

function readStatus(site: Site): Promise<WebhookStatus> {
  return site.read<WebhookStatus>("/api/biometric/webhook/status");
}

describe("with a receiver", () => {
  let receiver: HookReceiver;
  let site: Site;

  beforeAll(async () => {
    receiver = new HookReceiver();
    site = await Site.open({
      ...receiver.settings,
      BIOMETRIC_WEBHOOK_RATE_LIMIT: "100000",
      BIOMETRIC_WEBHOOK_TIMEOUT: "7",
      BIOMETRIC_WEBHOOK_MAX_RETRIES: "0",
    });
  });
  afterAll(async () => {
    await site[Symbol.asyncDispose]();
    await receiver[Symbol.asyncDispose]();
  });

  test("webhook/status counts what was sent, and what waits", async () => {
    const punch = { device: SECONDARY, user: "7", time: "20260302081504" } as const;
    await site.punch(punch, { ...punch, time: "20260302171504" });
    await eventually("both to be sent, and that to be written down", async () => {
      const { stats, persistent_queue: queue } = (await readStatus(site)).webhook;
      return stats.sent === 2 && queue.total === 0;
    });
    const row: Row = {
      what: "",
      ask: "GET /api/biometric/webhook/status",
      status: 200,
      shape: WEBHOOK_STATUS,
    };
    expect(readJson<unknown>(await expectRow(site, row))).toMatchObject({
      webhook: {
        enabled: true,
        url: receiver.url,
        mode: "sync",
        rate_limit: 100_000,
        persistent_queue: { total: 0, pending: 0, failed: 0 },
        stats: { sent: 2, failed: 0 },
      },
    });
    // Parked at once, since nothing is to be tried again.
    receiver.answer = 422;
    await site.punch({ ...punch, user: "8" });
    await eventually("it to be parked", async () => {
      return (await readStatus(site)).webhook.persistent_queue.failed === 1;
    });
    expect((await readStatus(site)).webhook).toMatchObject({
      persistent_queue: { total: 1, failed: 1 },
    });
    receiver.answer = 200;
  });

  test("status tells the settings too", async () => {
    expect(await site.read<unknown>("/api/biometric/status")).toMatchObject({
      webhook: { enabled: true, url: receiver.url, mode: "sync", rate_limit: 100_000, timeout: 7 },
    });
  });

  test("webhook/retry sends what was parked, as many as the limit says", async () => {
    const seen = receiver.accepted.length;
    const shape: Shape = {
      success: true,
      message: "Manually retried 1 failed webhooks",
      retried_count: 1,
      limit: 5,
    };
    await expectRow(site, {
      what: "",
      ask: RETRY,
      with: { json: { limit: 5 } },
      status: 200,
      shape,
    });
    await eventually("it to be accepted", () => receiver.accepted.length === seen + 1);
    await eventually("nothing to wait", async () => {
      return (await readStatus(site)).webhook.persistent_queue.total === 0;
    });
  });

  test("webhook/retry takes 10 for a limit that is absent", async () => {
    const shape: Shape = {
      success: true,
      message: "Manually retried 0 failed webhooks",
      retried_count: 0,
      limit: 10,
    };
    await expectRow(site, { what: "", ask: RETRY, with: { json: {} }, status: 200, shape });
  });

  // 500 in the original.
  test.each([
    ["no body", {}],
    ["malformed JSON", { body: "{", headers: { "Content-Type": "application/json" } }],
    ["a word as limit", { json: { limit: "many" } }],
    ["a negative limit", { json: { limit: -1 } }],
    ["a list", { json: [10] }],
  ])("webhook/retry with %s: 400", async (what, options) => {
    const shape: Shape = { success: false, error: words, message: words };
    await expectRow(site, { what, ask: RETRY, with: options, status: 400, shape });
  });

  test("webhook/test sends the original's message, signed, whatever the body", async () => {
    for (const options of [{}, { json: { ignored: true } }, { body: "{" }]) {
      const seen = receiver.hooks.length;
      const shape: Shape = {
        success: true,
        message: words,
        test_result: {
          success: true,
          url: receiver.url,
          status_code: 200,
          response: '{"received":true,"status":200}',
        },
        recommendation: words,
      };
      await expectRow(site, { what: "", ask: TEST, with: options, status: 200, shape });
      expect(receiver.hooks).toHaveLength(seen + 1);
      const hook = receiver.hooks.at(-1);
      expect(JSON.parse(hook?.body ?? "")).toEqual({
        event_type: "test_webhook",
        timestamp: expect.any(Number),
        message: expect.any(String),
        source: "biometric_server",
      });
    }
    expect(receiver.forged).toEqual([]);
  });

  test("webhook/test answers 200 also when the receiver refuses", async () => {
    receiver.answer = 500;
    const shape: Shape = {
      success: false,
      message: words,
      test_result: { success: false, url: receiver.url, status_code: 500, response: text },
      recommendation: words,
      troubleshooting: ADVICE,
    };
    await expectRow(site, { what: "", ask: TEST, status: 200, shape });
    receiver.answer = 200;
  });

  test("webhook/test answers 200 also when nobody is there", async () => {
    await receiver.down();
    const shape: Shape = {
      success: false,
      message: words,
      test_result: { success: false, url: receiver.url, error: words },
      recommendation: words,
      troubleshooting: ADVICE,
    };
    await expectRow(site, { what: "", ask: TEST, status: 200, shape });
    receiver.up();
  });
});

describe("without a receiver", () => {
  test("webhook/test answers 200 and says what is missing, webhook/status that it is off", async () => {
    await using site = await Site.open();
    const answer = await site.call(TEST);
    expect(answer.status).toBe(200);
    expect(readJson<unknown>(answer)).toMatchObject({
      success: false,
      test_result: { success: false },
    });
    const row: Row = {
      what: "",
      ask: "GET /api/biometric/webhook/status",
      status: 200,
      shape: WEBHOOK_STATUS,
    };
    expect(readJson<unknown>(await expectRow(site, row))).toMatchObject({
      webhook: { enabled: false },
    });
  });
});
