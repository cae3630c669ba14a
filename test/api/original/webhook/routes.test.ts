/**
 * Aim: the webhook paths of contract 3.1 have its shapes, true figures, and touch nothing that they
 * are not asked to touch.
 */

import { describe, expect, test } from "bun:test";
import type { WebhookDelivery } from "#api/original/webhook/routes.ts";
import type { DeliveryFigures } from "#webhooks/dispatcher-options.ts";
import type { TestResult } from "#webhooks/test-event.ts";
import { eventually } from "../../../support/eventually.ts";
import { ApiFixture, addClient, field, textField } from "../../api-fixture.ts";

const STATUS = "/api/biometric/webhook/status";
const TEST = "/api/biometric/webhook/test";
const RETRY = "/api/biometric/webhook/retry";
const URL = "http://hris.example/hook";

const FIGURES: DeliveryFigures = {
  lastResult: undefined,
  lastResultAtMs: undefined,
  lastDeliveredAtMs: undefined,
  deliveredCount: 120,
  refusedCount: 4,
  endpointFailedCount: 3,
  parkedCount: 1,
  retriedCount: 6,
  deliveredPerSecond: 0,
  rateLimitedCount: 2,
  recoveredCount: 9,
  state: "active",
  pauseReason: undefined,
  nextProbeInMs: undefined,
  runningCount: 0,
};

/** Delivery that remembers what was asked of it. */
class FakeDelivery implements WebhookDelivery {
  readonly requeued: number[] = [];
  testCount = 0;
  /** The receiver takes its time until this resolves. */
  untilAnswered: Promise<void> = Promise.resolve();
  result: TestResult = { kind: "answered", httpStatus: 200, text: '{"received":true}' };

  figures(): DeliveryFigures {
    return FIGURES;
  }

  noteRequeued(count: number): void {
    this.requeued.push(count);
  }

  async sendTest(): Promise<TestResult> {
    this.testCount += 1;
    await this.untilAnswered;
    return this.result;
  }
}

function fixtureWith(delivery: FakeDelivery | undefined = new FakeDelivery()) {
  return new ApiFixture({ webhookDelivery: async () => delivery });
}

/** What a site without a receiver tells of it. */
const NO_WEBHOOK = {
  enabled: false,
  url: "",
  mode: "sync",
  rateLimit: 0,
  timeoutSeconds: 30,
  retryEnabled: true,
};

async function post(fixture: ApiFixture, path: string, init: RequestInit = {}) {
  const authorization = `Bearer ${await fixture.token()}`;
  return fixture.call(path, {
    method: "POST",
    ...init,
    headers: { authorization, ...init.headers },
  });
}

function json(body: string): RequestInit {
  return { body, headers: { "content-type": "application/json" } };
}

describe("GET /api/biometric/webhook/status", () => {
  test("tells settings, what is stored, and what was done since the start", async () => {
    const fixture = fixtureWith();
    fixture.storage.deliveriesWaiting = 5;
    fixture.storage.deliveriesParked = 2;
    const answer = await fixture.get(STATUS);
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      success: true,
      timestamp: "2026-03-02T08:15:04+08:00",
      webhook: {
        enabled: true,
        url: URL,
        mode: "sync",
        rate_limit: 60,
        queue_size: 5,
        persistent_queue: {
          total: 7,
          pending: 5,
          failed: 2,
          retry_ready: 2,
          by_status: { pending: 5, failed: 2 },
        },
        stats: {
          sent: 120,
          failed: 7,
          retried: 6,
          rate_limited: 2,
          recovered: 9,
          persistent_queue_size: 7,
        },
      },
    });
  });

  test("counts nothing without a receiver, and still tells what is stored", async () => {
    const fixture = new ApiFixture({ webhookFigures: () => NO_WEBHOOK });
    fixture.storage.deliveriesParked = 2;
    const { json: answer } = await fixture.get(STATUS);
    expect(field(answer, "webhook")).toMatchObject({ enabled: false, url: "", queue_size: 0 });
    expect(field(answer, "webhook", "persistent_queue", "failed")).toBe(2);
    expect(field(answer, "webhook", "stats", "sent")).toBe(0);
  });
});

describe("POST /api/biometric/webhook/test", () => {
  test.each([
    ["no body", {}],
    ["a body that it ignores", json('{"url": "http://elsewhere.example/"}')],
    ["a body that is no JSON", json("{")],
  ])("sends one test message with %s", async (_case, init) => {
    const delivery = new FakeDelivery();
    const answer = await post(fixtureWith(delivery), TEST, init);
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      success: true,
      message: expect.any(String),
      test_result: {
        success: true,
        url: URL,
        status_code: 200,
        response: '{"received":true}',
      },
      recommendation: expect.any(String),
    });
    expect(delivery.testCount).toBe(1);
  });

  test("has two messages under way at most, and in the end one for everybody who asked", async () => {
    const delivery = new FakeDelivery();
    const { promise, resolve } = Promise.withResolvers<void>();
    delivery.untilAnswered = promise;
    const fixture = fixtureWith(delivery);
    const answers = Array.from({ length: 5 }, () => post(fixture, TEST));
    await eventually("the first two are sent", () => delivery.testCount === 2);
    // Whoever asked has had a turn of the loop by now.
    await fixture.get("/api/biometric/webhook/status");
    expect(delivery.testCount).toBe(2);
    resolve();
    for (const answer of await Promise.all(answers)) expect(answer.status).toBe(200);
    expect(delivery.testCount).toBe(5);
  });

  test.each([
    [
      { kind: "answered", httpStatus: 302, text: "" },
      { status_code: 302, response: "" },
    ],
    [
      { kind: "answered", httpStatus: 500, text: "Oops" },
      { status_code: 500, response: "Oops" },
    ],
    [{ kind: "failed", code: "connect", detail: "ECONNREFUSED" }, { error: "Connection refused" }],
    [
      { kind: "failed", code: "timeout", detail: "10000 ms" },
      { error: "Timeout after 10 seconds" },
    ],
    [
      { kind: "failed", code: "tls", detail: "CERT_HAS_EXPIRED" },
      { error: "Secure connection failed: CERT_HAS_EXPIRED" },
    ],
    [
      { kind: "failed", code: "connect", detail: "ENOTFOUND" },
      { error: "Connection failed: ENOTFOUND" },
    ],
  ] as const)("answers 200 and says how to go on after %o", async (result, told) => {
    const delivery = new FakeDelivery();
    delivery.result = result;
    const answer = await post(fixtureWith(delivery), TEST);
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      success: false,
      message: expect.any(String),
      test_result: { success: false, url: URL, ...told },
      recommendation: expect.any(String),
      troubleshooting: {
        check_hris_running: expect.any(String),
        check_endpoint: expect.any(String),
        check_network: expect.any(String),
        alternative_url: "http://localhost:5050/api/webhook-receiver/biometric",
      },
    });
  });

  test("says in the same shape that no webhook is set", async () => {
    const fixture = new ApiFixture({ webhookFigures: () => NO_WEBHOOK });
    const answer = await post(fixture, TEST);
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({
      success: false,
      test_result: { success: false, url: "", error: "No webhook is set" },
      troubleshooting: { check_hris_running: expect.any(String) },
    });
  });

  test("needs a token that may write, and sends nothing without one", async () => {
    const delivery = new FakeDelivery();
    const answer = await fixtureWith(delivery).call(TEST, { method: "POST" });
    expect(answer.status).toBe(401);
    expect(delivery.testCount).toBe(0);
  });

  test("is sent by nothing but its own request", async () => {
    const delivery = new FakeDelivery();
    const fixture = fixtureWith(delivery);
    await fixture.get(STATUS);
    await post(fixture, RETRY, json("{}"));
    await fixture.clock.advance(24 * 3_600_000);
    expect(delivery.testCount).toBe(0);
  });
});

describe("POST /api/biometric/webhook/retry", () => {
  test("puts back as many as the limit says, and wakes delivery", async () => {
    const delivery = new FakeDelivery();
    const fixture = fixtureWith(delivery);
    fixture.storage.deliveriesParked = 15;
    const answer = await post(fixture, RETRY, json('{"limit": 2}'));
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      success: true,
      message: "Manually retried 2 failed webhooks",
      retried_count: 2,
      limit: 2,
    });
    expect((await post(fixture, RETRY, json("{}"))).json).toMatchObject({
      retried_count: 10,
      limit: 10,
    });
    expect((await post(fixture, RETRY, json('{"limit": 0}'))).json).toMatchObject({
      retried_count: 0,
      limit: 0,
    });
    expect(delivery.requeued).toEqual([2, 10]);
    expect(fixture.storage.deliveriesParked).toBe(3);
  });

  test("takes at most 1000 at a time, whatever the limit", async () => {
    const fixture = fixtureWith();
    fixture.storage.deliveriesParked = 2500;
    const answer = await post(fixture, RETRY, json('{"limit": 9007199254740991}'));
    expect(answer.json).toMatchObject({ retried_count: 1000, limit: 9_007_199_254_740_991 });
  });

  test("leaves parked what could not be sent, without a receiver", async () => {
    const fixture = new ApiFixture({ webhookFigures: () => NO_WEBHOOK });
    fixture.storage.deliveriesParked = 3;
    const answer = await post(fixture, RETRY, json("{}"));
    expect([answer.status, field(answer.json, "retried_count")]).toEqual([200, 0]);
    expect(fixture.storage.deliveriesParked).toBe(3);
  });

  test.each([
    ["no body", {}],
    ["an empty body", json("")],
    ["another content type", { body: "{}", headers: { "content-type": "text/plain" } }],
    ["malformed JSON", json("{")],
    ["null", json("null")],
    ["a list", json("[10]")],
    ["a number", json("10")],
    ["a limit that is text", json('{"limit": "many"}')],
    ["a limit below 0", json('{"limit": -1}')],
    ["a limit with a fraction", json('{"limit": 1.5}')],
    ["a limit beyond all numbers", json('{"limit": 1e400}')],
    ["a limit that is null", json('{"limit": null}')],
    ["a limit that is true", json('{"limit": true}')],
  ])("refuses %s with 400, and changes nothing", async (_case, init) => {
    const delivery = new FakeDelivery();
    const fixture = fixtureWith(delivery);
    fixture.storage.deliveriesParked = 3;
    const answer = await post(fixture, RETRY, init);
    expect(answer.status).toBe(400);
    expect(answer.json).toEqual({
      success: false,
      error: "Failed to retry webhooks",
      message: expect.stringMatching(/\w/),
    });
    expect(fixture.storage.deliveriesParked).toBe(3);
    expect(delivery.requeued).toEqual([]);
  });

  test("needs a token", async () => {
    const fixture = fixtureWith();
    fixture.storage.deliveriesParked = 3;
    const answer = await fixture.call(RETRY, { method: "POST", ...json("{}") });
    expect(answer.status).toBe(401);
    expect(fixture.storage.deliveriesParked).toBe(3);
  });
});

test.each([TEST, RETRY])("a token that may only read gets a 403 from POST %s", async (path) => {
  const delivery = new FakeDelivery();
  const fixture = fixtureWith(delivery);
  fixture.storage.deliveriesParked = 3;
  const secret = await addClient(fixture, "reader", ["read"]);
  const issued = await fixture.requestToken({ client_id: "reader", client_secret: secret });
  const authorization = `Bearer ${textField(issued.json, "token")}`;
  const headers = { authorization, "content-type": "application/json" };
  expect((await fixture.call(STATUS, { headers })).status).toBe(200);
  expect((await fixture.call(path, { method: "POST", headers, body: "{}" })).status).toBe(403);
  expect([delivery.testCount, fixture.storage.deliveriesParked]).toEqual([0, 3]);
});
