/**
 * Aim: receivers are added, changed and removed over the API as they are meant, or refused with what
 * is wrong; their secrets are told once; the settings stay in charge of theirs; nobody without `admin`
 * changes one.
 */

import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Webhook } from "standardwebhooks";
import { type EndpointId, endpointId } from "#domain/webhook-endpoint.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { RecordingLog } from "../../support/recording-log.ts";
import { FakeDispatchers, NO_FIGURES, testDesk } from "../../support/test-desk.ts";
import {
  finishBackgroundWork,
  openTestStorage,
  punchesFrom,
  rawPunch,
  type TestStorage,
} from "../../support/test-storage.ts";
import {
  type Answer,
  ApiFixture,
  type addClient,
  field,
  listField,
  textField,
} from "../api-fixture.ts";

const HOUR_MS = 3_600_000;
const PAYROLL = { name: "payroll", url: "https://payroll.example/hooks?key=s3cret" };

let opened: TestStorage;
let dispatchers: FakeDispatchers;
let fixture: ApiFixture;
let clock: FakeClock;
let log: RecordingLog;
let works: number;

beforeEach(() => {
  opened = openTestStorage();
  dispatchers = new FakeDispatchers();
  works = 0;
  const { storage } = opened;
  clock = new FakeClock();
  log = new RecordingLog();
  const onWork = () => {
    works += 1;
  };
  fixture = new ApiFixture({
    storage,
    clock,
    log,
    webhooks: testDesk({ storage, clock, log, dispatchers, onWork }),
    rateLimit: { requests: 1_000_000, windowSeconds: 60 },
  });
});

afterEach(() => opened[Symbol.dispose]());

/** `request`: method and path. */
async function call(
  request: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const [method = "", path = ""] = request.split(" ");
  const authorization = `Bearer ${headers.token ?? (await fixture.token())}`;
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const type = { "content-type": "application/json" };
  return fixture.call(path, { method, ...sent, headers: { ...type, ...headers, authorization } });
}

const add = (body: unknown = PAYROLL, headers: Record<string, string> = {}): Promise<Answer> =>
  call("POST /v1/webhooks", body, headers);

const detailOf = (answer: Answer) => [answer.status, field(answer.json, "code")];

describe("GET /v1/webhooks", () => {
  test("tells of the receiver of the settings, and of no secret", async () => {
    const answer = await call("GET /v1/webhooks");
    expect(answer.json).toEqual({
      webhooks: [
        {
          id: 1,
          name: "settings",
          origin: "settings",
          url: "http://hris.test/punches",
          format: "logs",
          types: null,
          devices: null,
          enabled: true,
          state: "active",
          paused_because: null,
          next_probe_seconds: null,
          waiting_count: 0,
          parked_count: 0,
          unfilled_count: 0,
          drain_seconds: 0,
          last_result: null,
          last_result_at: null,
          last_delivered_at: null,
          previous_secret_until: null,
          created_at: "2026-03-02T09:00:00+08:00",
        },
      ],
    });
  });

  test("tells how each of them is", async () => {
    await opened.storage.append([punchesFrom("GATE1", [rawPunch("7", "20260302080000")])]);
    const state = async (id: EndpointId) =>
      (await call(`GET /v1/webhooks/${id}`)).json as Record<string, unknown>;
    const id = endpointId(1);
    dispatchers.figures.set(id, { ...NO_FIGURES, deliveredPerSecond: 0.25 });
    expect(await state(id)).toMatchObject({ state: "active", waiting_count: 1, drain_seconds: 4 });
    dispatchers.figures.set(id, {
      ...NO_FIGURES,
      state: "paused",
      nextProbeInMs: 61_001,
      pauseReason: "connect ECONNREFUSED",
    });
    expect(await state(id)).toMatchObject({
      state: "paused",
      paused_because: "connect ECONNREFUSED",
      next_probe_seconds: 62,
      drain_seconds: null,
    });
    await add({ ...PAYROLL, start: "everything" });
    const filling = { state: "filling", unfilled_count: 1, waiting_count: 0, drain_seconds: null };
    expect(await state(endpointId(2))).toMatchObject(filling);
    await finishBackgroundWork(opened.storage);
    const live = { state: "active", unfilled_count: 0, waiting_count: 1, drain_seconds: null };
    expect(await state(endpointId(2))).toMatchObject(live);
    await call("PATCH /v1/webhooks/2", { enabled: false });
    expect(await state(endpointId(2))).toMatchObject({ state: "disabled", enabled: false });
  });

  test("knows no other number", async () => {
    for (const id of ["2", "0", "x", "1e0", "999999999999999999999"]) {
      expect(detailOf(await call(`GET /v1/webhooks/${id}`))).toEqual([404, "not-found"]);
    }
  });
});

describe("POST /v1/webhooks", () => {
  test("adds a receiver, and tells its secret in this answer alone", async () => {
    const answer = await add({
      ...PAYROLL,
      format: "standard",
      types: ["punch.updated", "punch.created"],
      devices: ["GATE1", "GATE1"],
    });
    expect([answer.status, answer.headers.get("location")]).toEqual([201, "/v1/webhooks/2"]);
    const secret = textField(answer.json, "secret");
    expect(secret).toMatch(/^[0-9a-f]{64}$/);
    expect(answer.json).toMatchObject({
      id: 2,
      name: "payroll",
      origin: "added",
      url: "https://payroll.example/hooks?***",
      format: "standard",
      types: ["punch.created", "punch.updated"],
      devices: ["GATE1"],
      state: "active",
    });
    const stored = (await opened.storage.listEndpoints())[1];
    expect(stored).toMatchObject({ url: PAYROLL.url, secret });
    expect([dispatchers.refreshCount, works]).toEqual([1, 1]);
    for (const path of ["/v1/webhooks", "/v1/webhooks/2"]) {
      const { text } = await call(`GET ${path}`);
      expect(text).not.toContain(secret);
      expect(text).not.toContain("s3cret");
    }
    expect(log.of("webhook.added")).toMatchObject([
      {
        fields: {
          endpoint: "payroll",
          url: "https://payroll.example/hooks?***",
          by: "client hris_system",
        },
      },
    ]);
    expect(JSON.stringify(log.lines)).not.toContain(secret);
  });

  test("gives the secret as libraries of Standard Webhooks take it, too", async () => {
    const { json } = await add();
    const forLibraries = new Webhook(textField(json, "standard_webhooks_secret"));
    const raw = new Webhook(textField(json, "secret"), { format: "raw" });
    const at = new Date(0);
    expect(forLibraries.sign("id", at, "{}")).toBe(raw.sign("id", at, "{}"));
  });

  test("tells everything of format standard unless something else is said", async () => {
    expect((await add()).json).toMatchObject({ format: "standard", types: null, devices: null });
  });

  test("starts with now, with a day of the site, or with everything", async () => {
    const stored = ["20260228235959", "20260301000000"].map((time) => rawPunch("7", time));
    await opened.storage.append([punchesFrom("GATE1", stored)]);
    for (const [start, waiting] of [
      ["now", 0],
      ["2026-03-01", 1],
      ["everything", 2],
    ] as const) {
      // The fixture's clock is behind the arrival of the punches, which so were all stored before.
      await clock.advance(2 * HOUR_MS);
      const { json } = await add({ name: start, url: "http://x.test/", start, format: "logs" });
      await finishBackgroundWork(opened.storage);
      const id = Number(field(json, "id"));
      const found = (await opened.storage.listEndpoints()).find((one) => Number(one.id) === id);
      expect([start, found?.waitingCount, found?.isFilling]).toEqual([start, waiting, false]);
    }
  });

  test("adds nothing more for the same request with its Idempotency-Key", async () => {
    const key = { "idempotency-key": "one" };
    const first = await add(PAYROLL, key);
    const again = await add(PAYROLL, key);
    expect([first.status, again.status]).toEqual([201, 200]);
    expect(field(again.json, "id")).toBe(2);
    expect(field(again.json, "secret")).toBeUndefined();
    expect(await opened.storage.listEndpoints()).toHaveLength(2);
    expect(detailOf(await add({ ...PAYROLL, name: "other" }, key))).toEqual([
      422,
      "idempotency-key-reused",
    ]);
    const wrong = { "idempotency-key": "" };
    expect(detailOf(await add(PAYROLL, wrong))).toEqual([400, "idempotency-key-invalid"]);
    await clock.advance(24 * HOUR_MS + 1);
    expect(detailOf(await add(PAYROLL, key))).toEqual([409, "webhook-name-taken"]);
    await call("DELETE /v1/webhooks/2");
    expect((await add(PAYROLL, key)).status).toBe(201);
  });

  const wrong: readonly [string, unknown, string][] = [
    ["no name", { url: PAYROLL.url }, 'Field "name" is missing'],
    ["an empty name", { ...PAYROLL, name: "" }, 'Field "name" must be 1 to 256 characters'],
    ["a blank name", { ...PAYROLL, name: " " }, 'Field "name" must be'],
    ["a name with a blank at its end", { ...PAYROLL, name: "hr " }, "without blanks at its ends"],
    ["a name of two lines", { ...PAYROLL, name: "a\nb" }, 'Field "name" must be'],
    ["no address", { ...PAYROLL, url: "payroll" }, 'Field "url" cannot be used: wanted is an http'],
    ["another scheme", { ...PAYROLL, url: "ftp://x.test/" }, "an http or https address"],
    ["a link-local address", { ...PAYROLL, url: "http://169.254.169.254/" }, "not link-local"],
    ["our terminals' port", { ...PAYROLL, url: "http://127.0.0.1:7005/" }, "a port of this server"],
    ["our web port", { ...PAYROLL, url: "http://localhost:5050/x" }, "a port of this server"],
    [
      "an unknown format",
      { ...PAYROLL, format: "xml" },
      `Field "format" is "xml": expected 'logs' or 'event' or 'standard'`,
    ],
    ["types that are no list", { ...PAYROLL, types: "x" }, 'is "x": expected array or null'],
    ["a type that is no text", { ...PAYROLL, types: [7] }, 'Field "types/0" is 7: expected string'],
    [
      "too many terminals",
      { ...PAYROLL, devices: Array(1001).fill("GATE1") },
      'Field "devices" is a list: expected array length to be less or equal to 1000 or null',
    ],
    ["an unknown type", { ...PAYROLL, types: ["punch.lost"] }, 'Field "types" names "punch.lost"'],
    ["no type", { ...PAYROLL, types: [] }, 'Field "types" is empty'],
    [
      "a type without words",
      { ...PAYROLL, format: "logs", types: ["disk.low"] },
      'names "disk.low", for which format "logs" has no words',
    ],
    ["no terminal", { ...PAYROLL, devices: [] }, 'Field "devices" is empty'],
    ["an id that is none", { ...PAYROLL, devices: ["a\u0000"] }, "no id of a terminal"],
    ["a start that is none", { ...PAYROLL, start: "yesterday" }, 'Field "start" must be'],
    ["a day that is none", { ...PAYROLL, start: "2026-02-30" }, 'Field "start" must be'],
    ["a day to come", { ...PAYROLL, start: "2026-03-03" }, "is after today, 2026-03-02"],
    ["a secret of its own", { ...PAYROLL, secret: "x" }, 'Unknown field "secret"'],
    ["no object", [], "expected object"],
  ];
  for (const [what, body, said] of wrong) {
    test(`refuses ${what}, and says why`, async () => {
      const answer = await add(body);
      expect(answer.status).toBe(400);
      expect(textField(answer.json, "detail")).toContain(said);
      expect(await opened.storage.listEndpoints()).toHaveLength(1);
      expect(dispatchers.refreshCount).toBe(0);
    });
  }

  test("refuses a name twice, and more than there is room for", async () => {
    await add();
    expect(detailOf(await add())).toEqual([409, "webhook-name-taken"]);
    const named = { ...PAYROLL, name: "settings" };
    expect(detailOf(await add(named))).toEqual([409, "webhook-name-taken"]);
    for (let n = 3; n <= 16; n += 1) await add({ ...PAYROLL, name: `receiver ${n}` });
    const full = await add({ ...PAYROLL, name: "one more" });
    expect(detailOf(full)).toEqual([409, "webhooks-full"]);
  });
});

describe("PATCH /v1/webhooks/{id}", () => {
  test("changes what is given, and delivery follows", async () => {
    await add();
    const edit = {
      url: "http://10.0.0.7:8080/x",
      types: ["device.offline"],
      devices: ["GATE2"],
      enabled: false,
    };
    const answer = await call("PATCH /v1/webhooks/2", edit);
    expect([answer.status, answer.json]).toMatchObject([200, { ...edit, state: "disabled" }]);
    expect(dispatchers.refreshCount).toBe(2);
    const all = { types: null, devices: null, enabled: true };
    expect((await call("PATCH /v1/webhooks/2", all)).json).toMatchObject({
      ...all,
      url: edit.url,
    });
    expect((await call("PATCH /v1/webhooks/2", {})).status).toBe(200);
  });

  test("keeps types and format together", async () => {
    await add({ ...PAYROLL, types: ["punch.created", "disk.low"] });
    const answer = await call("PATCH /v1/webhooks/2", { format: "event" });
    expect(answer.status).toBe(400);
    expect(textField(answer.json, "detail")).toContain('names "disk.low"');
    const both = { format: "event", types: ["punch.created"] };
    expect((await call("PATCH /v1/webhooks/2", both)).json).toMatchObject(both);
  });

  test("names the setting that is in charge", async () => {
    for (const [body, setting] of [
      [{ url: "http://x.test/" }, "BIOMETRIC_WEBHOOK_URL"],
      [{ enabled: false, format: "event" }, "BIOMETRIC_WEBHOOK_ENABLED, BIOMETRIC_WEBHOOK_FORMAT"],
      [{}, "BIOMETRIC_WEBHOOK_URL"],
    ] as const) {
      const answer = await call("PATCH /v1/webhooks/1", body);
      expect(detailOf(answer)).toEqual([409, "webhook-of-settings"]);
      expect(textField(answer.json, "detail")).toContain(`change ${setting} there`);
    }
    for (const path of ["rotate-secret"]) {
      const answer = await call(`POST /v1/webhooks/1/${path}`, {});
      expect(textField(answer.json, "detail")).toContain("BIOMETRIC_WEBHOOK_SECRET");
    }
    expect(detailOf(await call("DELETE /v1/webhooks/1"))).toEqual([409, "webhook-of-settings"]);
    expect(await opened.storage.listEndpoints()).toHaveLength(1);
  });

  test("refuses what it does not know, and changes nothing", async () => {
    await add();
    for (const body of [{ name: "x" }, { url: "x" }, { enabled: "no" }, { start: "now" }]) {
      const answer = await call("PATCH /v1/webhooks/2", { ...body, format: "logs" });
      expect(answer.status).toBe(400);
    }
    expect((await call("GET /v1/webhooks/2")).json).toMatchObject({ format: "standard" });
    expect((await call("PATCH /v1/webhooks/9", {})).status).toBe(404);
  });
});

describe("DELETE /v1/webhooks/{id}", () => {
  test("takes the receiver out", async () => {
    await add();
    const answer = await call("DELETE /v1/webhooks/2");
    expect([answer.status, answer.text]).toEqual([204, ""]);
    expect((await call("DELETE /v1/webhooks/2")).status).toBe(404);
    expect(listField((await call("GET /v1/webhooks")).json, "webhooks")).toHaveLength(1);
    expect([dispatchers.refreshCount, works]).toEqual([2, 2]);
  });
});

describe("POST /v1/webhooks/{id}/rotate-secret", () => {
  const rotate = (body: unknown = {}) => call("POST /v1/webhooks/2/rotate-secret", body);

  test("tells a new secret, and until when the one before signs on", async () => {
    const before = textField((await add()).json, "secret");
    const answer = await rotate();
    expect(answer.status).toBe(200);
    const after = textField(answer.json, "secret");
    expect(after).not.toBe(before);
    const until = "2026-03-03T08:15:04+08:00";
    expect(field(answer.json, "previous_secret_until")).toBe(until);
    expect((await opened.storage.listEndpoints())[1]).toMatchObject({
      secret: after,
      previousSecret: { secret: before },
    });
    expect(dispatchers.refreshCount).toBe(2);
    expect(detailOf(await rotate({ overlap_hours: 1 }))).toEqual([409, "secret-rotating"]);
    await clock.advance(24 * HOUR_MS);
    const shown = await call("GET /v1/webhooks/2");
    expect(field(shown.json, "previous_secret_until")).toBeNull();
    expect((await rotate({ overlap_hours: 1 })).status).toBe(200);
  });

  test("ends every earlier secret at once where no time is left to them", async () => {
    await add();
    await rotate();
    const answer = await rotate({ overlap_hours: 0 });
    expect(field(answer.json, "previous_secret_until")).toBeNull();
    expect((await opened.storage.listEndpoints())[1]).toMatchObject({
      secret: textField(answer.json, "secret"),
      previousSecret: undefined,
    });
  });

  test("refuses a time that is none", async () => {
    await add();
    for (const hours of [-1, 169, 1.5, "24", null]) {
      const answer = await rotate({ overlap_hours: hours });
      expect(detailOf(answer)).toEqual([400, "request-invalid"]);
    }
  });
});

test("a receiver that lost its secret is sent nothing until it has one again", async () => {
  await add();
  await opened.reopen({}, () => {
    using database = new Database(opened.path);
    database.run("UPDATE webhook_endpoints SET secret = ''");
  });
  const { storage } = opened;
  const webhooks = testDesk({ storage, clock, log, dispatchers });
  fixture = new ApiFixture({ storage, clock, log, webhooks });
  expect((await call("GET /v1/webhooks/2")).json).toMatchObject({
    state: "paused",
    paused_because: expect.stringContaining("rotate-secret"),
    next_probe_seconds: null,
  });
  const tried = await call("POST /v1/webhooks/2/test");
  expect(detailOf(tried)).toEqual([409, "secret-missing"]);
  const rotated = await call("POST /v1/webhooks/2/rotate-secret", {});
  expect(rotated.json).toMatchObject({ state: "active", previous_secret_until: null });
});

describe("POST /v1/webhooks/{id}/test", () => {
  test("sends a signed message, also to a receiver that is disabled, and tells what came of it", async () => {
    const seen: Request[] = [];
    const receiver = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      async fetch(request) {
        seen.push(request);
        const secret = request.headers.get("x-echo") ?? "";
        return new Response(`got ${secret}`, { status: seen.length === 1 ? 200 : 503 });
      },
    });
    try {
      const added = await add({ name: "local", url: `http://127.0.0.1:${receiver.port}/hook` });
      await call("PATCH /v1/webhooks/2", { enabled: false });
      const answer = await call("POST /v1/webhooks/2/test");
      const ok = { delivered: true, http_status: 200, reply: "got ", problem: null };
      expect([answer.status, answer.json]).toEqual([200, ok]);
      expect(seen[0]?.headers.get("webhook-signature")).toStartWith("v1,");
      expect(added.status).toBe(201);
      expect((await call("POST /v1/webhooks/2/test")).json).toMatchObject({
        delivered: false,
        http_status: 503,
      });
    } finally {
      await receiver.stop(true);
    }
    expect((await call("POST /v1/webhooks/2/test")).json).toMatchObject({
      delivered: false,
      http_status: null,
      reply: null,
      problem: expect.stringContaining("connect"),
    });
  });
});

test("nobody changes a receiver without admin, and nobody reads one without a token", async () => {
  const { storage } = opened;
  const secret = await addClientTo(storage, "reader", ["read", "write"]);
  const token = await fixture.token("reader", secret);
  await add();
  expect((await call("GET /v1/webhooks", undefined, { token })).status).toBe(200);
  for (const [method, path, body] of [
    ["POST", "/v1/webhooks", PAYROLL],
    ["PATCH", "/v1/webhooks/2", { enabled: false }],
    ["DELETE", "/v1/webhooks/2", undefined],
    ["POST", "/v1/webhooks/2/rotate-secret", {}],
    ["POST", "/v1/webhooks/2/test", undefined],
    ["POST", "/v1/webhooks/2/redeliver", { parked: true }],
  ] as const) {
    expect(detailOf(await call(`${method} ${path}`, body, { token }))).toEqual([
      403,
      "scope-missing",
    ]);
    expect((await fixture.call(path, { method })).status).toBe(401);
  }
  expect((await fixture.call("/v1/webhooks")).status).toBe(401);
});

async function addClientTo(
  storage: TestStorage["storage"],
  name: string,
  scopes: Parameters<typeof addClient>[2],
): Promise<string> {
  const secret = `secret of ${name}`;
  const secretSha256 = new Bun.CryptoHasher("sha256").update(secret).digest("hex");
  await storage.addClient({ name, secretSha256, scopes, createdAtMs: clock.nowMs() });
  return secret;
}
