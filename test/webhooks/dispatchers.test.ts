/**
 * Aim: there is delivery to every endpoint that is enabled and can be signed for, and it follows what
 * storage says of them: what is in flight ends, and nothing is sent twice.
 */

import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { deviceId } from "#domain/identifiers.ts";
import { SETTINGS_ENDPOINT_ID } from "#domain/webhook-endpoint.ts";
import { systemClock } from "#platform/clock.ts";
import { type DeliverySettings, Dispatchers } from "#webhooks/dispatchers.ts";
import { addedEndpoint, findEndpoint } from "../support/endpoint-values.ts";
import { eventually } from "../support/eventually.ts";
import { RecordingLog } from "../support/recording-log.ts";
import {
  MANILA_RULES,
  openTestStorage,
  punchesFrom,
  rawPunch,
  SETTINGS_ENDPOINT,
  type TestStorage,
} from "../support/test-storage.ts";

let opened: TestStorage;
let server: Bun.Server<undefined>;
/** Path and `webhook-id` of every request. */
let seen: (readonly [string, string])[];
let recordedCount: number;

beforeEach(() => {
  opened = openTestStorage({ endpoint: undefined });
  seen = [];
  recordedCount = 0;
  server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      const { pathname } = new URL(request.url);
      seen.push([pathname, request.headers.get("webhook-id") ?? ""]);
      return new Response();
    },
  });
});

afterEach(async () => {
  await server.stop(true);
  opened[Symbol.dispose]();
});

const urlOf = (path: string) => `http://127.0.0.1:${server.port}${path}`;

const SETTINGS: DeliverySettings = {
  timeoutMs: 5_000,
  refusalsMax: 1,
  retryDelayMs: 1_000,
  authorities: undefined,
  ownPorts: { serverPort: 7005, webPort: 5050 },
  own: { secret: "of the settings", rateLimitPerMinute: undefined, extraFields: false },
};

function createDispatchers(settings = SETTINGS, log = new RecordingLog()): Dispatchers {
  return new Dispatchers({
    storage: opened.storage,
    clock: systemClock,
    log,
    random: () => 0,
    onRecorded: () => {
      recordedCount += 1;
    },
    settings,
    siteTimeZone: "Asia/Manila",
    primaryDeviceId: deviceId("GATE1"),
    expectedUsers: undefined,
  });
}

async function punch(user: string): Promise<void> {
  await opened.storage.append([punchesFrom("GATE1", [rawPunch(user, "20260302080000")])]);
}

test("refresh() begins with whom storage has, and follows every change", async () => {
  const { storage } = opened;
  const one = await addedEndpoint(storage, { name: "one", url: urlOf("/one") });
  const two = await addedEndpoint(storage, { name: "two", url: urlOf("/two") });
  await punch("1");
  const dispatchers = createDispatchers();
  expect(dispatchers.find(one.id)).toBeUndefined();
  await dispatchers.refresh();
  await eventually("both to be told", () => seen.length === 2);

  await storage.editEndpoint(one.id, { url: urlOf("/moved") });
  await storage.editEndpoint(two.id, { isEnabled: false });
  await dispatchers.refresh();
  expect(dispatchers.find(two.id)).toBeUndefined();
  await punch("2");
  dispatchers.wake();
  await eventually("the moved one to be told", () => seen.length === 3);

  const three = await addedEndpoint(storage, { name: "three", url: urlOf("/three") });
  await storage.removeEndpoint(one.id, systemClock.nowMs());
  await dispatchers.refresh();
  await punch("3");
  dispatchers.wake();
  await eventually("the third to be told", () => seen.length === 4);
  await dispatchers.stop();
  expect(seen.map(([path]) => path).sort()).toEqual(["/moved", "/one", "/three", "/two"]);
  expect(new Set(seen.map(([, id]) => id)).size).toBe(3);
  expect(recordedCount).toBeGreaterThanOrEqual(4);
  expect(await findEndpoint(storage, three.id)).toMatchObject({ waitingCount: 0 });
  expect(dispatchers.find(three.id)).toBeUndefined();
});

test("refresh() leaves alone whose way of sending is as before", async () => {
  const { id } = await addedEndpoint(opened.storage, { url: urlOf("/") });
  const dispatchers = createDispatchers();
  await dispatchers.refresh();
  const before = dispatchers.find(id);
  await opened.storage.editEndpoint(id, { deviceIds: [deviceId("GATE1")] });
  await dispatchers.refresh();
  expect(before).toBeDefined();
  expect(dispatchers.find(id)).toBe(before as never);
  await dispatchers.stop();
});

test("refresh() begins with nobody that has no secret", async () => {
  const { id } = await addedEndpoint(opened.storage, { url: urlOf("/") });
  await opened.reopen({}, () => {
    using database = new Database(opened.path);
    database.run("UPDATE webhook_endpoints SET secret = ''");
  });
  await punch("1");
  const dispatchers = createDispatchers();
  await dispatchers.refresh();
  expect(dispatchers.find(id)).toBeUndefined();
  await dispatchers.stop();
  expect(seen).toEqual([]);
});

test("follow() goes on to another address of the settings, with the rate of both together", async () => {
  await opened.reopen({ endpoint: { url: urlOf("/old"), format: "logs", types: undefined } });
  const settings: DeliverySettings = {
    ...SETTINGS,
    own: { ...SETTINGS.own, rateLimitPerMinute: 2 },
  };
  const dispatchers = createDispatchers(settings);
  await dispatchers.refresh();
  await punch("1");
  dispatchers.wake();
  await eventually("the old one to be told", () => seen.length === 1);
  const changed = { ...MANILA_RULES, endpoint: { ...SETTINGS_ENDPOINT, url: urlOf("/new") } };
  await opened.storage.changeRules(changed);
  await dispatchers.follow({ ...settings, own: { ...settings.own, secret: "another" } });
  for (const user of ["2", "3"]) await punch(user);
  dispatchers.wake();
  await eventually("the rate to hold the third up", () => {
    return dispatchers.find(SETTINGS_ENDPOINT_ID)?.figures().rateLimitedCount === 1;
  });
  expect(seen.map(([path]) => path)).toEqual(["/old", "/new"]);
  await dispatchers.follow(SETTINGS);
  await eventually("the third without the limit", () => seen.length === 3);
  await dispatchers.stop();
  expect(seen.map(([path]) => path)).toEqual(["/old", "/new", "/new"]);
  expect(new Set(seen.map(([, id]) => id)).size).toBe(3);
});

test("targetOf() takes secret and limits of the settings for their own endpoint alone", async () => {
  await opened.reopen({ endpoint: { url: urlOf("/"), format: "logs", types: undefined } });
  const added = await addedEndpoint(opened.storage);
  const own = await findEndpoint(opened.storage, SETTINGS_ENDPOINT_ID);
  if (own === undefined) throw new Error("There is none of the settings");
  const dispatchers = createDispatchers();
  expect(dispatchers.targetOf(own).secret).toBe("of the settings");
  expect(dispatchers.targetOf(added)).toMatchObject({ secret: added.secret, refusalsMax: 1 });
});

test("every line of the log names the endpoint", async () => {
  const { storage } = opened;
  server.reload({ fetch: () => new Response("busy", { status: 503 }) });
  await addedEndpoint(storage, { name: "payroll", url: urlOf("/payroll") });
  await punch("1");
  const log = new RecordingLog();
  const dispatchers = createDispatchers(SETTINGS, log);
  await dispatchers.refresh();
  await eventually("a pause", () => log.lines.length > 1);
  expect(log.lines).toMatchObject([
    { level: "debug", event: "webhook.tried", fields: { endpoint: "payroll" } },
    { event: "webhook.paused", fields: { endpoint: "payroll", host: new URL(urlOf("/")).host } },
  ]);
  await dispatchers.stop();
});
