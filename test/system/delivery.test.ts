/**
 * Aim: a receiver that is silent, broken or away holds up no acknowledgement, and once it is well
 * again every punch arrives: signed, in order per device, also over a restart.
 */

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { type RunningServer, startServer } from "../support/running-server.ts";
import { WebhookReceiver } from "../support/webhook-receiver.ts";
import { simulate } from "./simulation.ts";

setDefaultTimeout(30_000);

const FLEET = ["--terminals", "6", "--punches", "50"] as const;
const FLEET_PUNCHES = 300;

describe("delivery by the executable", () => {
  test("never holds up an acknowledgement while the receiver keeps its first request open", async () => {
    await using receiver = new WebhookReceiver("silent");
    // Nobody gives up the request but the receiver itself.
    const settings = { ...receiver.settings, BIOMETRIC_WEBHOOK_TIMEOUT: "600" };
    await using server = await startServer({ settings });
    const first = await simulate(server, "--punches", "1", "--device-prefix", "FIRST");
    expect(first.acknowledged).toBe(1);
    await receiver.until("the first request", () => receiver.received.length > 0);

    const report = await simulate(server, ...FLEET);
    expect(report).toMatchObject({ acknowledged: FLEET_PUNCHES, unacknowledged: 0 });
    expect(receiver.received.every(({ status }) => status === undefined)).toBe(true);
    expect(receiver.received.map(({ log }) => log.device_id)).toContain("FIRST0001");

    receiver.behaviour = 200;
    await receiver.untilAccepted(FLEET_PUNCHES + 1);
    await expectAllInOrder(server, receiver);
    // Nothing was cut off, so nothing had to be sent twice.
    expect(receiver.received).toHaveLength(FLEET_PUNCHES + 1);
  });

  test("never holds up an acknowledgement while tries end in a timeout", async () => {
    await using receiver = new WebhookReceiver("silent");
    const settings = { ...receiver.settings, BIOMETRIC_WEBHOOK_TIMEOUT: "1" };
    await using server = await startServer({ settings });
    const report = await simulate(server, ...FLEET);
    expect(report).toMatchObject({ acknowledged: FLEET_PUNCHES, unacknowledged: 0 });
    await receiver.until("a second try of an event", () => triesOfOneEvent(receiver) > 1);

    receiver.behaviour = 200;
    await receiver.untilAccepted(FLEET_PUNCHES);
    await expectAllInOrder(server, receiver);
    expect(server.logLines("webhook.paused")).toHaveLength(1);
    expect(server.logLines("webhook.resumed")).toHaveLength(1);
  });

  test("goes on by itself after answers of 500, and again after a restart", async () => {
    await using receiver = new WebhookReceiver(500);
    await using server = await startServer({ settings: receiver.settings });
    const report = await simulate(server, ...FLEET);
    expect(report).toMatchObject({ acknowledged: FLEET_PUNCHES, unacknowledged: 0 });
    await receiver.until("a second try of an event", () => triesOfOneEvent(receiver) > 1);
    receiver.behaviour = 200;
    await receiver.untilAccepted(FLEET_PUNCHES);
    await expectAllInOrder(server, receiver);

    receiver.behaviour = 500;
    await simulate(server, ...FLEET, "--device-prefix", "LATER");
    const seenCount = receiver.received.length;
    await server.stop();
    expect(receiver.acceptedEventCount).toBe(FLEET_PUNCHES);
    await server.start();
    await receiver.until("a try after the restart", () => receiver.received.length > seenCount);
    receiver.behaviour = 200;
    await receiver.untilAccepted(2 * FLEET_PUNCHES);
    await expectAllInOrder(server, receiver);
  });

  test("brings after a kill what was acknowledged before it, under the same event ids", async () => {
    await using receiver = new WebhookReceiver("silent");
    await using server = await startServer({ settings: receiver.settings });
    const report = await simulate(server, ...FLEET);
    expect(report).toMatchObject({ acknowledged: FLEET_PUNCHES, unacknowledged: 0 });
    await receiver.until("tries under way", () => receiver.received.length > 0);
    const openIds = receiver.received.map(({ eventId }) => eventId);
    await server.kill();

    receiver.behaviour = 200;
    await server.start();
    await receiver.untilAccepted(FLEET_PUNCHES);
    await expectAllInOrder(server, receiver);
    const acceptedIds = receiver.accepted.map(({ eventId }) => eventId);
    expect(acceptedIds).toEqual(expect.arrayContaining(openIds));
  });

  test("waits for a receiver that is not there", async () => {
    const gone = new WebhookReceiver();
    const { settings } = gone;
    await gone[Symbol.asyncDispose]();
    await using server = await startServer({ settings });
    const report = await simulate(server, ...FLEET);
    expect(report).toMatchObject({ acknowledged: FLEET_PUNCHES, unacknowledged: 0 });
    await server.stop();

    await using receiver = new WebhookReceiver();
    await server.start(receiver.settings);
    await receiver.untilAccepted(FLEET_PUNCHES);
    await expectAllInOrder(server, receiver);
  });
});

/** The most tries that any one event has had. */
function triesOfOneEvent(receiver: WebhookReceiver): number {
  const counts = new Map<string, number>();
  for (const { eventId } of receiver.received) {
    counts.set(eventId, (counts.get(eventId) ?? 0) + 1);
  }
  return Math.max(0, ...counts.values());
}

/** Every punch of the feed was accepted, and those of a device in the order of the feed. */
async function expectAllInOrder(server: RunningServer, receiver: WebhookReceiver): Promise<void> {
  expect(receiver.problems).toEqual([]);
  const stored = new Map<string, string[]>();
  for (const { device_id: device, user_id: user, wall_time: time } of await server.listPunches()) {
    stored.set(device, [...(stored.get(device) ?? []), `${user} ${time}`]);
  }
  const told = new Map<string, Set<string>>();
  for (const { log } of receiver.accepted) {
    const ofDevice = told.get(log.device_id) ?? new Set();
    told.set(log.device_id, ofDevice.add(`${log.user_id} ${log.timestamp}`));
  }
  // A set keeps the order of first arrival: a repeat is allowed, an overtaking is not.
  for (const [device, punches] of stored) expect([...(told.get(device) ?? [])]).toEqual(punches);
  expect([...told.keys()].sort()).toEqual([...stored.keys()].sort());
}
