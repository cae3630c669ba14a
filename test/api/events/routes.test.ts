/** Aim: /v1/events shows every event once, page by page, and tells who missed some. */

import { describe, expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import type { RecordedEvent } from "#domain/recorded-event.ts";
import { RECORDED_EVENT_TYPES } from "#domain/webhook-endpoint.ts";
import { ApiFixture, field, listField, textField } from "../api-fixture.ts";
import { answerProblems, listOperations } from "../documented.ts";
import { tokenWithScope } from "../scoped-token.ts";

const AT_MS = epochMs(Date.UTC(2026, 2, 2, 0, 30, 5));

function eventOf(sequence: number, change: Partial<RecordedEvent> = {}): RecordedEvent {
  return {
    sequence,
    id: `box-event-${sequence}`,
    type: "device.offline",
    deviceId: "GATE",
    atMs: AT_MS,
    data: { device_id: "GATE", name: null },
    ...change,
  };
}

function withEvents(...sequences: readonly number[]): ApiFixture {
  const fixture = new ApiFixture();
  fixture.storage.events.push(...sequences.map((sequence) => eventOf(sequence)));
  return fixture;
}

const idsOf = (json: unknown) => listField(json, "events").map((event) => field(event, "id"));

describe("GET /v1/events", () => {
  test("shows events as webhooks tell them, with their id", async () => {
    const answer = await withEvents(1).get("/v1/events");
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      events: [
        {
          id: "box-event-1",
          type: "device.offline",
          timestamp: "2026-03-02T08:30:05+08:00",
          data: { device_id: "GATE", name: null },
        },
      ],
      next: expect.any(String),
      has_more: false,
    });
  });

  test("is walked along the cursor, by `next` or by the link", async () => {
    const fixture = withEvents(1, 2, 3);
    const first = await fixture.get("/v1/events?limit=2");
    expect(idsOf(first.json)).toEqual(["box-event-1", "box-event-2"]);
    expect(field(first.json, "has_more")).toBe(true);
    const [, link = ""] = /<(.+)>; rel="next"/.exec(first.headers.get("link") ?? "") ?? [];
    expect(link).toBe(`/v1/events?limit=2&after=${textField(first.json, "next")}`);
    const second = await fixture.get(link);
    expect(idsOf(second.json)).toEqual(["box-event-3"]);
    expect(second.headers.get("link")).toBeNull();
    const after = textField(second.json, "next");
    expect(idsOf((await fixture.get(`/v1/events?after=${after}`)).json)).toEqual([]);
    fixture.storage.events.push(eventOf(4));
    expect(idsOf((await fixture.get(`/v1/events?after=${after}`)).json)).toEqual(["box-event-4"]);
  });

  test("filters by types and terminal", async () => {
    const fixture = withEvents(1);
    fixture.storage.events.push(
      eventOf(2, { type: "disk.low", deviceId: "" }),
      eventOf(3, { type: "device.online" }),
      eventOf(4, { deviceId: "DOOR" }),
    );
    const some = await fixture.get("/v1/events?type=disk.low,device.online");
    expect(idsOf(some.json)).toEqual(["box-event-2", "box-event-3"]);
    const gate = await fixture.get("/v1/events?device=GATE");
    expect(idsOf(gate.json)).toEqual(["box-event-1", "box-event-3"]);
  });

  test("answers 304 while nothing changed, and no more when something did", async () => {
    const fixture = withEvents(1);
    const etag = (await fixture.get("/v1/events")).headers.get("etag") ?? "";
    const headers = { "if-none-match": `"other", W/${etag}` };
    const same = await fixture.get("/v1/events", headers);
    expect([same.status, same.text, same.headers.get("etag")]).toEqual([304, "", etag]);
    fixture.storage.events.push(eventOf(2));
    expect((await fixture.get("/v1/events", headers)).status).toBe(200);
    fixture.storage.events.splice(0, 2, eventOf(3));
    expect((await fixture.get("/v1/events", headers)).status).toBe(200);
  });

  test("answers 410 to a cursor behind which some are gone", async () => {
    const fixture = withEvents(1, 2);
    const { json } = await fixture.get("/v1/events?limit=1");
    const after = textField(json, "next");
    fixture.storage.events.splice(0, 2, eventOf(3));
    const gone = await fixture.get(`/v1/events?after=${after}`);
    expect(gone.status).toBe(410);
    expect(gone.json).toMatchObject({
      code: "cursor-expired",
      parameters: ["after"],
      detail: "Events behind this cursor are not kept any more: read again without a cursor",
    });
    expect(idsOf((await fixture.get("/v1/events")).json)).toEqual(["box-event-3"]);
  });

  test("answers 410 to a cursor of an earlier history", async () => {
    const fixture = withEvents(1);
    const after = textField((await fixture.get("/v1/events")).json, "next");
    fixture.storage.feedEpoch = "epoch-two";
    const reset = await fixture.get(`/v1/events?after=${after}`);
    expect([reset.status, field(reset.json, "code")]).toEqual([410, "cursor-reset"]);
  });

  test.each([
    ["after=nonsense", "cursor-invalid", ["after"]],
    // The feed's.
    [`after=${Buffer.from("1.epoch-one").toString("base64url")}`, "cursor-invalid", ["after"]],
    ["limit=0", "parameter-invalid", ["limit"]],
    ["limit=1001", "parameter-invalid", ["limit"]],
    ["type=punch.created", "parameter-invalid", ["type"]],
    ["type=disk.low,", "parameter-invalid", ["type"]],
    ["types=disk.low&since=1", "parameter-unknown", ["types", "since"]],
  ])("answers 400 to ?%s, naming it", async (query, code, parameters) => {
    const answer = await withEvents(1).get(`/v1/events?${query}`);
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({ code, parameters });
  });

  test("needs a token that may read", async () => {
    const fixture = withEvents(1);
    expect((await fixture.call("/v1/events")).status).toBe(401);
    const authorization = `Bearer ${await tokenWithScope(fixture, "write")}`;
    expect((await fixture.call("/v1/events", { headers: { authorization } })).status).toBe(403);
  });

  test("is documented as it answers, with an example of every type", async () => {
    const operation = (await listOperations()).find(({ template }) => template === "/v1/events");
    if (operation === undefined) throw new Error("/v1/events is not documented");
    expect(answerProblems(operation, await withEvents(1, 2).get("/v1/events"))).toEqual([]);
    const path = ["responses", "200", "content", "application/json", "example", "events"];
    const examples = listField(operation.document, ...path).map((event) => field(event, "type"));
    expect(examples.toSorted()).toEqual([...RECORDED_EVENT_TYPES].sort());
  });
});
