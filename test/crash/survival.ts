/**
 * Compares what terminals were told with what the server has, over every way to look at it: the
 * database file, the feed, and the webhook receiver.
 */

import { expect } from "bun:test";
import { eventually } from "../support/eventually.ts";
import type { RunningServer } from "../support/running-server.ts";
import type { ReceivedWebhook, WebhookReceiver } from "../support/webhook-receiver.ts";
import { findDamage, readStored, type StoredPunch, type StoringServer } from "./stored-punches.ts";
import type { TerminalLoad } from "./terminal-load.ts";

/** Fails unless every acknowledged punch is in the database file and the file is sound. */
export function expectKept(server: StoringServer, acknowledged: readonly string[]): void {
  const stored = new Set(readStored(server).map((punch) => punch.key));
  expect(acknowledged.filter((key) => !stored.has(key))).toEqual([]);
  expect(findDamage(server)).toEqual([]);
}

/**
 * Fails unless a reader that walks the feed sees every released punch of the database once, in the
 * order of the feed. Gives the database's punches.
 */
export async function expectWholeFeed(server: RunningServer): Promise<readonly StoredPunch[]> {
  const stored = readStored(server);
  const listed = await server.listPunches();
  const inFeedOrder = stored
    .filter((punch) => punch.feedPosition !== null)
    .sort((one, other) => Number(one.feedPosition) - Number(other.feedPosition));
  expect(listed.map((punch) => punch.id)).toEqual(inFeedOrder.map((punch) => punch.id));
  expect(
    listed.map((punch) => [punch.device_id, punch.user_id, punch.wall_time].join("\t")),
  ).toEqual(inFeedOrder.map((punch) => punch.key));
  return stored;
}

/**
 * Waits until every punch of the database has reached the receiver, and fails unless each came
 * under one id of its own, and for the first time in the order in which its device sent it.
 */
export async function expectDelivered(
  receiver: WebhookReceiver,
  stored: readonly StoredPunch[],
): Promise<void> {
  await receiver.untilAccepted(stored.length);
  expect(receiver.problems).toEqual([]);
  const keyOfEvent = new Map<string, string>();
  const firstKeysOfDevice = new Map<string, string[]>();
  for (const { eventId, log } of receiver.received) {
    const key = [log.device_id, log.user_id, log.timestamp].join("\t");
    const known = keyOfEvent.get(eventId);
    if (known !== undefined) {
      expect(key).toBe(known);
      continue;
    }
    keyOfEvent.set(eventId, key);
    firstKeysOfDevice.set(log.device_id, [...(firstKeysOfDevice.get(log.device_id) ?? []), key]);
  }
  for (const [device, keys] of firstKeysOfDevice) {
    // One id per punch follows: a second one would put its key here a second time.
    expect(keys).toEqual(stored.filter((row) => row.deviceId === device).map((row) => row.key));
  }
  expect(new Set(receiver.accepted.map(keyOf))).toEqual(new Set(stored.map((row) => row.key)));
}

/**
 * Waits until the terminals are told nothing any more although they go on asking.
 * @throws Error when acknowledgements still come after 20 s.
 */
export async function untilUnanswered(load: TerminalLoad): Promise<void> {
  let before = -1;
  await eventually("no terminal is answered", async () => {
    // The file of acknowledgements may lag by 100 ms, and the terminals ask every 100 ms.
    await Bun.sleep(400);
    const count = load.acknowledged().length;
    const isSame = count === before;
    before = count;
    return isSame;
  });
}

/**
 * Fails unless people and programs can still look at a server that cannot store, and see that it
 * cannot, and `engineCode` as the reason.
 */
export async function expectReadableNotReady(
  server: RunningServer,
  engineCode: string,
): Promise<void> {
  expect((await fetch(`${server.webUrl}/healthz`)).status).toBe(200);
  await expectWholeFeed(server);
  const readiness = await fetch(`${server.webUrl}/readyz`);
  expect(readiness.status).toBe(503);
  expect(await readiness.text()).toContain(engineCode);
}

/** Fails unless the server says that it can store. */
export async function expectReady(server: RunningServer): Promise<void> {
  expect((await fetch(`${server.webUrl}/readyz`)).status).toBe(200);
}

/** How many requests were repeats of an event that had come before. */
export function countRepeats(receiver: WebhookReceiver): number {
  return receiver.received.length - new Set(receiver.received.map(({ eventId }) => eventId)).size;
}

function keyOf({ log }: ReceivedWebhook): string {
  return [log.device_id, log.user_id, log.timestamp].join("\t");
}
