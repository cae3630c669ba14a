/**
 * Aim: the receiver for trials takes any JSON without a token, tells what it found in either format,
 * and keeps nothing.
 */

import { describe, expect, test } from "bun:test";
import { deviceId } from "#domain/identifiers.ts";
import { encodeEvent } from "#webhooks/event-format.ts";
import { encodeLogs } from "#webhooks/logs-format.ts";
import { makeEvent, makePunch } from "../../../webhooks/webhook-values.ts";
import { ApiFixture } from "../../api-fixture.ts";

const PATH = "/api/webhook-receiver/biometric";
const FORMAT = {
  siteTimeZone: "Asia/Manila",
  primaryDeviceId: deviceId("2401058352"),
  expectedUsers: undefined,
  extraFields: false,
};
const OUT = makeEvent({ punch: makePunch({ direction: "out" }) });
const UNKNOWN = { user_id: "unknown", direction: "unknown", timestamp: "unknown" };

async function send(body: string, contentType = "application/json") {
  return new ApiFixture().call(PATH, {
    method: "POST",
    headers: { "content-type": contentType },
    body,
  });
}

describe(`POST ${PATH}`, () => {
  test.each([
    [
      "format logs",
      encodeLogs(OUT, FORMAT),
      { user_id: "7", direction: "OUT", timestamp: "20250102081530" },
    ],
    [
      "format event",
      encodeEvent(OUT, FORMAT),
      { user_id: 7, direction: "OUT", timestamp: "20250102081530" },
    ],
    [
      "a plain message",
      '{"user_id": 6, "direction": "IN", "timestamp": 1772410504}',
      { user_id: 6, direction: "IN", timestamp: 1772410504 },
    ],
    ["an empty list of logs", '{"logs": []}', UNKNOWN],
    ["fields of other types", '{"user_id": {}, "direction": null, "timestamp": 0.5}', UNKNOWN],
    ["a list", "[1, 2]", UNKNOWN],
    ["null", "null", UNKNOWN],
    ["names that every object has", '{"__proto__": {"user_id": 1}}', UNKNOWN],
  ])("tells what it found in %s", async (_case, body, found) => {
    const answer = await send(body);
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      success: true,
      message: expect.any(String),
      ...found,
      processed_at: "2026-03-02T08:15:04+08:00",
    });
  });

  test("cuts what it echoes", async () => {
    const { json } = await send(JSON.stringify({ user_id: "x".repeat(5000) }));
    expect(json).toMatchObject({ user_id: "x".repeat(200) });
  });

  test.each([
    ["malformed JSON", { body: "{", contentType: "application/json" }, 400],
    ["another content type", { body: "{}", contentType: "text/plain" }, 415],
    [
      "more than any message of ours",
      { body: `"${"x".repeat(70_000)}"`, contentType: "application/json" },
      413,
    ],
  ])("refuses %s in JSON", async (_case, { body, contentType }, status) => {
    const answer = await send(body, contentType);
    expect(answer.status).toBe(status);
    expect(answer.json).toEqual({ error: expect.any(String), message: expect.any(String) });
  });
});

test("GET /api/webhook-receiver/status describes it to everyone", async () => {
  const answer = await new ApiFixture().call("/api/webhook-receiver/status");
  expect(answer.status).toBe(200);
  expect(answer.json).toMatchObject({ success: true, endpoint: PATH });
});
