/** Aim: the age of a backlog is that of its oldest message, of whatever terminal, and of one receiver. */

import { afterEach, beforeEach, expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import { endpointId } from "#domain/webhook-endpoint.ts";
import {
  endedTry,
  openTestStorage,
  outboxOf,
  punchesFrom,
  RECEIVED_AT_MS,
  rawPunch,
  type TestStorage,
} from "../support/test-storage.ts";

let opened: TestStorage;

beforeEach(() => {
  opened = openTestStorage();
});

afterEach(() => opened[Symbol.dispose]());

const later = (seconds: number) => epochMs(RECEIVED_AT_MS + seconds * 1000);

test("findOldestWaiting() tells the event that waits longest, and of no other receiver", async () => {
  const { storage } = opened;
  const outbox = outboxOf(storage);
  expect(await outbox.findOldestWaiting()).toBeUndefined();
  const punch = (user: string) => [rawPunch(user, "20260302080000")];
  await storage.append([punchesFrom("GATE2", punch("1"), later(0))]);
  await storage.append([punchesFrom("GATE1", punch("2"), later(10))]);
  await storage.append([punchesFrom("GATE2", punch("3"), later(20))]);
  await storage.append([punchesFrom("GATE3", punch("4"), later(30))]);
  expect(await outbox.findOldestWaiting()).toBe(later(0));
  expect(await storage.outboxOf(endpointId(7)).findOldestWaiting()).toBeUndefined();
  const left = [10, 20, 30].map(later);
  for (const oldest of left) {
    await deliverOldest();
    expect(await outbox.findOldestWaiting()).toBe(oldest);
  }
  await deliverOldest();
  expect(await outbox.findOldestWaiting()).toBeUndefined();
});

async function deliverOldest(): Promise<void> {
  const outbox = outboxOf(opened.storage);
  const devices = await outbox.listDevicesWithDeliveries();
  const pages = await Promise.all(devices.map((id) => outbox.listWaitingDeliveries(id, 0, 10)));
  const [oldest] = pages.flat().toSorted((one, other) => one.eventAtMs - other.eventAtMs);
  if (oldest === undefined) throw new Error("Nothing waits");
  await outbox.recordAttempts([{ kind: "delivered", ...endedTry(oldest.id) }]);
}
