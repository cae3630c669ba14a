/**
 * Aim: what is wrong outlives a restart, and each beginning and end of it is an event, told to
 * whoever it is of use to.
 */

import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import { type Condition, type ConditionChange, conditionFix } from "#domain/condition.ts";
import { deviceId } from "#domain/identifiers.ts";
import { type EndpointId, endpointId, SETTINGS_ENDPOINT_ID } from "#domain/webhook-endpoint.ts";
import { openStorage } from "#storage/sqlite-storage.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FakeOwnClock } from "../support/fake-own-clock.ts";
import { RecordingLog } from "../support/recording-log.ts";
import {
  MANILA_RULES,
  openTestStorage,
  pollFrom,
  punchesFrom,
  RECEIVED_AT_MS,
  rawPunch,
  SETTINGS_ENDPOINT,
  type TestStorage,
} from "../support/test-storage.ts";

const TLS: Condition = {
  type: "https-on",
  subject: "192.0.2.9",
  raisedAtMs: RECEIVED_AT_MS,
  lastSeenAtMs: RECEIVED_AT_MS,
  detail: 'bytes "x"',
};
const PENDING: Condition = { ...TLS, type: "pending", subject: "GATE", detail: "waits" };

function change(kind: ConditionChange["kind"], condition: Condition, afterMs = 0): ConditionChange {
  return { kind, condition, atMs: epochMs(RECEIVED_AT_MS + afterMs) };
}

async function told({ storage }: TestStorage) {
  const { events } = await storage.listEventsAfter(0, 100, {});
  return events.map(({ type, deviceId: device, data }) => ({ type, deviceId: device, data }));
}

test("recordConditions() keeps what is open over a restart, and an event of each change", async () => {
  using opened = openTestStorage();
  await opened.storage.recordConditions([change("raised", TLS), change("raised", PENDING)]);
  expect(await opened.storage.listConditions()).toEqual([TLS, PENDING]);
  await opened.reopen();
  expect(await opened.storage.listConditions()).toEqual([TLS, PENDING]);
  await opened.storage.recordConditions([change("cleared", TLS, 5)]);
  expect(await opened.storage.listConditions()).toEqual([PENDING]);
  const events = await told(opened);
  expect(events).toEqual([
    {
      type: "device.condition",
      deviceId: "",
      data: {
        condition: "https-on",
        device_id: null,
        name: null,
        address: "192.0.2.9",
        status: "raised",
        since: "2026-03-02T09:00:00+08:00",
        detail: 'bytes "x"',
        fix: conditionFix(TLS),
      },
    },
    {
      type: "device.condition",
      deviceId: "",
      data: expect.objectContaining({ status: "cleared" }),
    },
  ] as never);
});

test("recordConditions() tells a receiver's pause to the others, and its end to all", async () => {
  using opened = openTestStorage({ endpoint: { ...SETTINGS_ENDPOINT, format: "standard" } });
  await opened.reopen({}, () => {
    using database = new Database(opened.path);
    database.run(`INSERT INTO webhook_endpoints
      (id, name, origin, url, format, secret, is_enabled, created_at_ms)
      VALUES (2, 'payroll', 'added', 'http://payroll.test/', 'standard', 's', 1, 0)`);
  });
  const paused: Condition = { ...TLS, type: "endpoint-paused", subject: "payroll" };
  await opened.storage.recordConditions([change("raised", paused), change("cleared", paused, 5)]);
  const waiting = async (endpoint: EndpointId) => {
    const outbox = opened.storage.outboxOf(endpoint);
    return (await outbox.listWaitingDeliveries(deviceId(""), 0, 10)).map(({ type }) => type);
  };
  expect(await waiting(SETTINGS_ENDPOINT_ID)).toEqual(["endpoint.paused", "endpoint.resumed"]);
  expect(await waiting(endpointId(2))).toEqual(["endpoint.resumed"]);
  expect((await told(opened)).map(({ type }) => type)).toEqual([
    "endpoint.paused",
    "endpoint.resumed",
  ]);
});

test("recordConditions() has one row of a condition, however often it is raised", async () => {
  using opened = openTestStorage();
  await opened.storage.recordConditions([change("raised", TLS)]);
  const later = { ...TLS, detail: "later" };
  await opened.storage.recordConditions([change("raised", later)]);
  expect(await opened.storage.listConditions()).toEqual([later]);
});

test("onTwins is told while two terminals go on with one id, the log once", async () => {
  using folder = openTestStorage();
  const told: string[] = [];
  const log = new RecordingLog();
  const storage = openStorage({
    path: `${folder.path}-twins`,
    rules: MANILA_RULES,
    ownClock: new FakeOwnClock(true),
    clock: new FakeClock(RECEIVED_AT_MS),
    log,
    onLost: () => undefined,
    onTwins: (device) => told.push(device),
  });
  for (let turn = 0; turn < 6; turn += 1) {
    const atMs = epochMs(RECEIVED_AT_MS + turn * 5_000);
    const poll = pollFrom("GATE", "20260302090000", atMs);
    await storage.append([{ ...poll, remoteAddress: `192.0.2.${turn % 2}` }]);
  }
  await storage.close();
  expect(told).toEqual(["GATE", "GATE", "GATE"]);
  expect(log.of("device.twins")).toHaveLength(1);
});

test("two serial numbers in turns under one id are told as two terminals", async () => {
  using opened = openTestStorage();
  for (let turn = 0; turn < 5; turn += 1) {
    const punch = rawPunch(String(turn), "20260302080000");
    const sent = punchesFrom("GATE", [punch], epochMs(RECEIVED_AT_MS + turn * 600_000));
    const intake = { ...sent.intake, serialText: turn % 2 === 0 ? "S1" : "S2" };
    await opened.storage.append([{ ...sent, intake }]);
  }
  expect(opened.log.of("device.twins").map(({ fields }) => fields)).toMatchObject([
    { device: "GATE", detail: expect.stringContaining("two serial numbers in turns") },
  ]);
});

test("listConditions() leaves out what only another version knows", async () => {
  using opened = openTestStorage();
  await opened.storage.recordConditions([change("raised", TLS)]);
  await opened.reopen({}, () => {
    using database = new Database(opened.path);
    database.run("UPDATE conditions SET type = 'of-tomorrow'");
  });
  expect(await opened.storage.listConditions()).toEqual([]);
});
