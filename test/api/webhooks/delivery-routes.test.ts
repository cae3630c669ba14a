/**
 * Aim: the ledger of a receiver is read page by page and message by message, of no other receiver; and
 * what is selected is sent once more, or the request is refused with what is wrong.
 */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { deviceId } from "#domain/identifiers.ts";
import { SETTINGS_ENDPOINT_ID } from "#domain/webhook-endpoint.ts";
import { addedEndpoint, endedTry } from "../../support/endpoint-values.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { RecordingLog } from "../../support/recording-log.ts";
import { FakeDispatchers, testDesk } from "../../support/test-desk.ts";
import {
  openTestStorage,
  outboxOf,
  punchesFrom,
  rawPunch,
  type TestStorage,
} from "../../support/test-storage.ts";
import { type Answer, ApiFixture, field, listField, textField } from "../api-fixture.ts";

const PATH = "/v1/webhooks/1/deliveries";
/** Spelled as a cursor, of what is no number. */
const NO_PLACE = Buffer.from("delivery:4e9").toString("base64url");

let opened: TestStorage;
let dispatchers: FakeDispatchers;
let fixture: ApiFixture;

beforeEach(async () => {
  opened = openTestStorage();
  dispatchers = new FakeDispatchers();
  const { storage } = opened;
  const parts = { storage, clock: new FakeClock(), log: new RecordingLog() };
  fixture = new ApiFixture({ ...parts, webhooks: testDesk({ ...parts, dispatchers }) });
  for (const [user, device] of [
    ["1", "GATE1"],
    ["2", "GATE2"],
    ["3", "GATE1"],
    ["4", "GATE1"],
  ] as const) {
    await storage.append([punchesFrom(device, [rawPunch(user, "20260302081504")])]);
  }
  await outboxOf(storage).recordAttempts([
    { ...endedTry(1), kind: "delivered", httpStatus: 200, replyText: "thanks" },
    { ...endedTry(2), kind: "parked", httpStatus: 422, replyText: "no such person" },
    { ...endedTry(3), kind: "parked", httpStatus: 422 },
  ]);
});

afterEach(() => opened[Symbol.dispose]());

const idsOf = (answer: Answer) =>
  listField(answer.json, "deliveries").map((delivery) => field(delivery, "id"));

async function redeliver(body: unknown, webhook = "1"): Promise<Answer> {
  return fixture.call(`/v1/webhooks/${webhook}/redeliver`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${await fixture.token()}`,
      "content-type": "application/json",
    },
    body: JSON.stringify(body),
  });
}

async function waitingUsers(): Promise<readonly unknown[]> {
  const users: unknown[] = [];
  for (const device of ["GATE1", "GATE2"]) {
    const waiting = await outboxOf(opened.storage).listWaitingDeliveries(deviceId(device), 0, 10);
    users.push(...waiting.map(({ punch }) => punch?.userId));
  }
  return users.sort();
}

describe("GET /v1/webhooks/{id}/deliveries", () => {
  test("lists the messages of the receiver, newest first, page by page", async () => {
    const first = await fixture.get(`${PATH}?limit=3`);
    expect(idsOf(first)).toEqual([4, 3, 2]);
    const next = textField(first.json, "next");
    expect(first.headers.get("link")).toBe(`<${PATH}?limit=3&after=${next}>; rel="next"`);
    const second = await fixture.get(`${PATH}?limit=3&after=${next}`);
    expect(idsOf(second)).toEqual([1]);
    expect(field(second.json, "next")).toBeNull();
    expect(listField(second.json, "deliveries")[0]).toEqual({
      id: 1,
      event_id: expect.stringMatching(/^[0-9a-f]{16}-1000001-1$/),
      type: "punch.created",
      device_id: "GATE1",
      punch_id: 1_000_001,
      revision: 1,
      event_at: "2026-03-02T09:00:00+08:00",
      status: "delivered",
      attempt_count: 0,
      last_attempt_at: "2026-03-02T09:00:00+08:00",
      last_http_status: 200,
    });
  });

  test("filters", async () => {
    expect(idsOf(await fixture.get(`${PATH}?status=parked`))).toEqual([3, 2]);
    expect(idsOf(await fixture.get(`${PATH}?device=GATE2`))).toEqual([2]);
    expect(idsOf(await fixture.get(`${PATH}?status=waiting&device=GATE1`))).toEqual([4]);
    expect(idsOf(await fixture.get(`${PATH}?since=2026-03-02T09:00:00%2B08:00`))).toHaveLength(4);
    expect(idsOf(await fixture.get(`${PATH}?since=2026-03-02T09:00:01%2B08:00`))).toEqual([]);
  });

  test("shows another receiver nothing of it", async () => {
    const { id } = await addedEndpoint(opened.storage);
    expect(idsOf(await fixture.get(`/v1/webhooks/${id}/deliveries`))).toEqual([]);
    expect((await fixture.get(`/v1/webhooks/${id}/deliveries/1`)).status).toBe(404);
  });

  test("refuses what it cannot read", async () => {
    for (const query of ["status=lost", "limit=0", "after=x", `after=${NO_PLACE}`, "since=today"]) {
      expect((await fixture.get(`${PATH}?${query}`)).status).toBe(400);
    }
    expect((await fixture.get("/v1/webhooks/7/deliveries")).status).toBe(404);
  });
});

describe("GET /v1/webhooks/{id}/deliveries/{delivery}", () => {
  test("shows a message with its body and its tries", async () => {
    const { json } = await fixture.get(`${PATH}/2`);
    expect(json).toMatchObject({
      id: 2,
      status: "parked",
      attempt_count: 1,
      body: "{}",
      attempts: [
        {
          at: "2026-03-02T09:00:00+08:00",
          duration_ms: 12,
          outcome: "refused",
          http_status: 422,
          detail: "",
          reply: "no such person",
        },
      ],
    });
    expect((await fixture.get(`${PATH}/4`)).json).toMatchObject({ body: null, attempts: [] });
  });

  test("knows no other", async () => {
    for (const id of ["5", "x", "-1"])
      expect((await fixture.get(`${PATH}/${id}`)).status).toBe(404);
  });
});

describe("POST /v1/webhooks/{id}/redeliver", () => {
  test("lets all parked messages wait again, and tells delivery", async () => {
    const answer = await redeliver({ parked: true });
    expect([answer.status, answer.json]).toEqual([
      200,
      { requeued_count: 2, superseded_count: 0, unchanged_count: 0, unknown_count: 0, next: null },
    ]);
    expect(await waitingUsers()).toEqual(["2", "3", "4"]);
    expect(dispatchers.requeued).toEqual([[SETTINGS_ENDPOINT_ID, 2]]);
    expect((await redeliver({ parked: true })).json).toMatchObject({ requeued_count: 0 });
    expect(dispatchers.requeued).toHaveLength(1);
  });

  test("takes ids, a range, and a time", async () => {
    expect((await redeliver({ ids: [1, 4, 99, 4, 99] })).json).toMatchObject({
      requeued_count: 1,
      unchanged_count: 1,
      unknown_count: 1,
    });
    expect(await waitingUsers()).toEqual(["1", "4"]);
    expect((await redeliver({ from_id: 2, to_id: 2 })).json).toMatchObject({ requeued_count: 1 });
    expect(await waitingUsers()).toEqual(["1", "2", "4"]);
    const since = { since: "2026-03-02T08:59:59+08:00" };
    expect((await redeliver(since)).json).toMatchObject({ requeued_count: 1, unchanged_count: 3 });
    expect(await waitingUsers()).toEqual(["1", "2", "3", "4"]);
  });

  test("touches no message of another receiver", async () => {
    const { id } = await addedEndpoint(opened.storage);
    for (const body of [{ parked: true }, { ids: [1, 2, 3] }, { from_id: 1, to_id: 9 }]) {
      expect((await redeliver(body, String(id))).json).toMatchObject({
        requeued_count: 0,
        unknown_count: "ids" in body ? 3 : 0,
      });
    }
    expect(await waitingUsers()).toEqual(["4"]);
  });

  test("goes through a long selection in several requests", async () => {
    const punches = Array.from({ length: 10_100 }, (_, index) =>
      rawPunch(String(index), "20260302081505"),
    );
    await opened.storage.append([punchesFrom("GATE3", punches)]);
    const since = { since: "2026-03-01T00:00:00Z" };
    const first = await redeliver(since);
    expect(first.json).toMatchObject({ requeued_count: 3, unchanged_count: 9_997 });
    const after = textField(first.json, "next");
    const second = await redeliver({ ...since, after });
    expect(second.json).toMatchObject({ requeued_count: 0, unchanged_count: 104, next: null });
  });

  test("tells delivery of each step before anything else can be stored", async () => {
    const punches = Array.from({ length: 250 }, (_, index) =>
      rawPunch(String(index), "20260302081505"),
    );
    await opened.storage.append([punchesFrom("GATE3", punches)]);
    const tries = punches.map((_, index) => ({ ...endedTry(5 + index), kind: "parked" as const }));
    await outboxOf(opened.storage).recordAttempts(tries);
    expect((await redeliver({ parked: true })).json).toMatchObject({ requeued_count: 252 });
    expect(dispatchers.requeued.map(([, count]) => count)).toEqual([200, 52]);
  });

  test("refuses what selects nothing, or two things", async () => {
    for (const body of [
      {},
      { parked: false },
      { ids: [] },
      { ids: ["1"] },
      { ids: [1.5] },
      { ids: [1], parked: true },
      { from_id: 1 },
      { to_id: 4 },
      { from_id: 0, to_id: 4 },
      { from_id: 4, to_id: 3 },
      { since: "today" },
      { parked: true, after: "x" },
      { parked: true, after: NO_PLACE },
      { parked: true, all: true },
    ]) {
      const answer = await redeliver(body);
      expect([JSON.stringify(body), answer.status]).toEqual([JSON.stringify(body), 400]);
    }
    expect(await waitingUsers()).toEqual(["4"]);
    expect((await redeliver({ parked: true }, "7")).status).toBe(404);
  });
});
