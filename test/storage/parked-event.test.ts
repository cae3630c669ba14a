/**
 * Aim: a message that is parked is an event, in the transaction that parks it, told to the other
 * receivers, once, and never about itself.
 */

import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import { deviceId } from "#domain/identifiers.ts";
import { endpointId } from "#domain/webhook-endpoint.ts";
import {
  endedTry,
  openTestStorage,
  outboxOf,
  punchesFrom,
  RECEIVED_AT_MS,
  rawPunch,
  SETTINGS_ENDPOINT,
  type TestStorage,
} from "../support/test-storage.ts";

const GATE = deviceId("GATE1");
const PAYROLL = endpointId(2);
const REFUSAL = { httpStatus: 422, detail: "status 422" };

/** The receiver of the settings, and another one of format `standard`. */
async function openWithTwo(): Promise<TestStorage> {
  const opened = openTestStorage({ endpoint: { ...SETTINGS_ENDPOINT, format: "standard" } });
  await opened.reopen({}, () => {
    using database = new Database(opened.path);
    database.run(`INSERT INTO webhook_endpoints
      (id, name, origin, url, format, secret, is_enabled, created_at_ms)
      VALUES (2, 'payroll', 'added', 'http://payroll.test/', 'standard', 's', 1, 0)`);
  });
  await opened.storage.append([punchesFrom("GATE1", [rawPunch("7", "20260302081504")])]);
  return opened;
}

/** The only message that an endpoint has of a type. */
async function messageOf(opened: TestStorage, endpoint: typeof PAYROLL, type: string) {
  const waiting = await opened.storage.outboxOf(endpoint).listWaitingDeliveries(GATE, 0, 10);
  return waiting.filter((message) => message.type === type);
}

async function parkedEvents({ storage }: TestStorage) {
  return (await storage.listEventsAfter(0, 10, { types: ["delivery.parked"] })).events;
}

test("a parked message is told to the others, with what it was", async () => {
  using opened = await openWithTwo();
  const [message] = await messageOf(opened, PAYROLL, "punch.created");
  const id = message?.id ?? 0;
  const atMs = epochMs(RECEIVED_AT_MS + 5_000);
  await opened.storage.outboxOf(PAYROLL).recordAttempts([
    { kind: "refused", ...endedTry(id, REFUSAL), nextAttemptAtMs: atMs },
    { kind: "parked", ...endedTry(id, { ...REFUSAL, atMs }) },
  ]);
  const [event] = await parkedEvents(opened);
  expect(event).toMatchObject({
    deviceId: "GATE1",
    atMs,
    data: {
      endpoint_id: 2,
      endpoint: "payroll",
      message_id: message?.eventId ?? "",
      message_type: "punch.created",
      device_id: "GATE1",
      punch_id: 1_000_001,
      revision: 1,
      attempts: 2,
      http_status: 422,
    },
  });
  const [told] = await messageOf(opened, endpointId(1), "delivery.parked");
  expect(told?.eventId).toBe(event?.id ?? "");
  expect(await messageOf(opened, PAYROLL, "delivery.parked")).toEqual([]);
});

test("one that is put back and refused once more is not told again; one that was redelivered is", async () => {
  using opened = await openWithTwo();
  const outbox = opened.storage.outboxOf(PAYROLL);
  const [message] = await messageOf(opened, PAYROLL, "punch.created");
  const id = message?.id ?? 0;
  const refused = {
    kind: "refused",
    ...endedTry(id, REFUSAL),
    nextAttemptAtMs: epochMs(1),
  } as const;
  const parked = { kind: "parked", ...endedTry(id, REFUSAL) } as const;
  await outbox.recordAttempts([refused, parked]);
  for (let day = 0; day < 3; day += 1) {
    await outbox.requeueParkedDeliveries(10, 0);
    await outbox.recordAttempts([parked]);
  }
  expect(await parkedEvents(opened)).toHaveLength(1);
  await outbox.redeliver({ kind: "ids", ids: [id] }, 0);
  await outbox.recordAttempts([refused, parked]);
  expect(await parkedEvents(opened)).toHaveLength(2);
});

test("a message about a parked one that is parked itself is not told", async () => {
  using opened = await openWithTwo();
  const [message] = await messageOf(opened, PAYROLL, "punch.created");
  await opened.storage
    .outboxOf(PAYROLL)
    .recordAttempts([{ kind: "parked", ...endedTry(message?.id ?? 0, REFUSAL) }]);
  const [told] = await messageOf(opened, endpointId(1), "delivery.parked");
  await outboxOf(opened.storage).recordAttempts([
    { kind: "parked", ...endedTry(told?.id ?? 0, REFUSAL) },
  ]);
  expect(await parkedEvents(opened)).toHaveLength(1);
  expect((await opened.storage.figures()).deliveriesParked).toBe(2);
});

test("the result of a message that no longer waits tells nothing", async () => {
  using opened = await openWithTwo();
  const [message] = await messageOf(opened, PAYROLL, "punch.created");
  const id = message?.id ?? 0;
  const outbox = opened.storage.outboxOf(PAYROLL);
  await outbox.recordAttempts([
    { kind: "delivered", ...endedTry(id) },
    { kind: "parked", ...endedTry(id, REFUSAL) },
  ]);
  expect(await parkedEvents(opened)).toEqual([]);
});
