/**
 * Aim: the loop-back receiver of contract 3.3 echoes what it finds in any JSON, for testing, and
 * stores nothing.
 */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { expectRow, type Row, readJson, Site } from "./contract-site.ts";
import { isoTime, type Shape, text, words } from "./shape.ts";

setDefaultTimeout(30_000);

const OPEN = { token: null } as const;

let site: Site;

beforeAll(async () => {
  site = await Site.open();
});

afterAll(() => site[Symbol.asyncDispose]());

describe("the loop-back receiver", () => {
  const ASK = "POST /api/webhook-receiver/biometric";
  const RECEIVED: Shape = {
    success: true,
    message: words,
    user_id: (value) => (value === undefined ? "is missing" : undefined),
    direction: text,
    timestamp: (value) => (value === undefined ? "is missing" : undefined),
    processed_at: isoTime,
  };

  test("echoes what it finds, and stores nothing", async () => {
    const json = { user_id: 7, direction: "IN", timestamp: "20260302081504" };
    const before = await site.read<unknown>("/api/hris/status").then(withoutTime);
    const row: Row = { what: "", ask: ASK, with: { ...OPEN, json }, status: 200, shape: RECEIVED };
    expect(readJson<unknown>(await expectRow(site, row))).toMatchObject(json);
    expect(await site.read<unknown>("/api/hris/status").then(withoutTime)).toEqual(before);
  });

  test.each([{ json: {} }, { json: { event_type: "test_webhook" } }, { json: { user_id: null } }])(
    "says unknown of what it does not find in %p",
    async ({ json }) => {
      const row: Row = {
        what: "",
        ask: ASK,
        with: { ...OPEN, json },
        status: 200,
        shape: RECEIVED,
      };
      expect(readJson<unknown>(await expectRow(site, row))).toMatchObject({
        user_id: "unknown",
        direction: "unknown",
        timestamp: "unknown",
      });
    },
  );

  test("takes a message of format logs, and a list", async () => {
    const log = { user_id: "7", direction: "IN", timestamp: "20260302081504" };
    for (const json of [{ logs: [log] }, { logs: [] }, [log]]) {
      const row: Row = {
        what: "",
        ask: ASK,
        with: { ...OPEN, json },
        status: 200,
        shape: RECEIVED,
      };
      await expectRow(site, row);
    }
  });

  test("GET /api/webhook-receiver/status describes it", async () => {
    const answer = await site.call("GET /api/webhook-receiver/status", OPEN);
    expect(answer.status).toBe(200);
    expect(typeof readJson<unknown>(answer)).toBe("object");
  });
});

function withoutTime(status: unknown): unknown {
  return { ...Object(status), timestamp: undefined };
}
