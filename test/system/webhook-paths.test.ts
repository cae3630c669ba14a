/**
 * Aim: the webhook can be tried without an HRIS, against the executable's own receiver, and what
 * the executable says of its deliveries is what they were; a test message disturbs none of them.
 */

import { expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { RunningServer } from "../support/running-server.ts";
import { WebhookReceiver } from "../support/webhook-receiver.ts";
import { simulate } from "./simulation.ts";

setDefaultTimeout(30_000);

interface WebhookStatus {
  readonly webhook: {
    readonly enabled: boolean;
    readonly url: string;
    readonly queue_size: number;
    readonly persistent_queue: { readonly pending: number; readonly failed: number };
    readonly stats: { readonly sent: number; readonly failed: number; readonly recovered: number };
  };
}

interface WebhookTest {
  readonly success: boolean;
  readonly test_result: Readonly<Record<string, unknown>>;
}

async function readStatus(server: RunningServer): Promise<WebhookStatus["webhook"]> {
  const answer = await server.get("/api/biometric/webhook/status");
  const { webhook }: WebhookStatus = JSON.parse(await answer.text());
  return webhook;
}

async function sendTest(server: RunningServer): Promise<WebhookTest> {
  const answer = await fetch(`${server.webUrl}/api/biometric/webhook/test`, {
    method: "POST",
    headers: { Authorization: `Bearer ${await server.token()}` },
  });
  expect(answer.status).toBe(200);
  return JSON.parse(await answer.text());
}

test("the executable delivers to its own receiver for trials, in either format", async () => {
  await using server = new RunningServer();
  const url = `${server.webUrl}/api/webhook-receiver/biometric`;
  await server.start({ BIOMETRIC_WEBHOOK_URL: url });
  await simulate(server, "--punches", "5");
  await eventually("all to be sent", async () => (await readStatus(server)).stats.sent === 5);
  const tried = await sendTest(server);
  expect(tried).toMatchObject({ success: true, test_result: { url, status_code: 200 } });
  expect(String(tried.test_result.response)).toContain('"user_id":"unknown"');

  await server.stop();
  await server.start({ BIOMETRIC_WEBHOOK_FORMAT: "event" });
  await simulate(server, "--punches", "3", "--device-prefix", "LATER");
  await eventually("all to be sent", async () => (await readStatus(server)).stats.sent === 3);
  await eventually("it to be noted", async () => (await readStatus(server)).queue_size === 0);
  expect((await readStatus(server)).stats).toMatchObject({ failed: 0, recovered: 0 });
});

test("a test message fails beside deliveries that wait, and neither disturbs the other", async () => {
  await using receiver = new WebhookReceiver("silent");
  const password = "hunter2";
  const url = receiver.url.replace("://", `://hris:${password}@`);
  await using server = new RunningServer({ settings: receiver.settings });
  await server.start({ BIOMETRIC_WEBHOOK_URL: url });
  await simulate(server, "--punches", "2");
  await receiver.until("the first request", () => receiver.received.length === 1);

  // The receiver takes punches alone, and answers 400 to anything else.
  const tried = await sendTest(server);
  expect(tried).toMatchObject({ success: false, test_result: { status_code: 400 } });
  expect(JSON.stringify(tried)).not.toContain(password);
  expect(receiver.problems).toEqual([expect.stringContaining('"event_type": "test_webhook"')]);
  const status = await readStatus(server);
  expect(status).toMatchObject({
    url: receiver.url,
    persistent_queue: { pending: 2, failed: 0 },
    stats: { sent: 0, failed: 0 },
  });

  receiver.behaviour = 200;
  await receiver.untilAccepted(2);
  expect(receiver.received).toHaveLength(2);
  expect(server.logLines("webhook.paused")).toEqual([]);
});

test("the executable shows a receiver that is set and switched off, and sends it nothing", async () => {
  await using receiver = new WebhookReceiver();
  await using server = new RunningServer();
  await server.start({ ...receiver.settings, BIOMETRIC_WEBHOOK_ENABLED: "false" });
  await simulate(server, "--punches", "2");
  expect(await readStatus(server)).toMatchObject({ enabled: false, url: receiver.url });
  expect(await sendTest(server)).toMatchObject({
    success: false,
    test_result: { success: false, url: "", error: "No webhook is set" },
  });
  expect(receiver.received).toEqual([]);
});
