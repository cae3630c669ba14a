/**
 * A dispatcher over a fake outbox, receiver and clock, for the tests of its behaviour.
 */

import { deviceId } from "#domain/identifiers.ts";
import { DeliveryPace } from "#webhooks/delivery-pace.ts";
import { Dispatcher } from "#webhooks/dispatcher.ts";
import type { WebhookEndpoint } from "#webhooks/dispatcher-options.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { RecordingLog } from "../support/recording-log.ts";
import { FakeOutbox } from "./fake-outbox.ts";
import { FakeReceiver } from "./fake-receiver.ts";

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;

export const ENDPOINT: WebhookEndpoint = {
  url: "http://user:hunter2@hris.test:8000/secret-path",
  secret: "contract-test-secret",
  previousSecret: undefined,
  authorities: undefined,
  ownPorts: { serverPort: 7005, webPort: 5050 },
  timeoutMs: 30_000,
  rateLimitPerMinute: undefined,
  refusalsMax: 4,
  retryDelayMs: 5000,
  format: "logs",
  extraFields: false,
};

/** A dispatcher over fakes; `outbox` may come from an earlier one, as after a restart. */
export function build(outbox = new FakeOutbox(), endpoint: Partial<WebhookEndpoint> = {}) {
  const clock = new FakeClock();
  const log = new RecordingLog();
  const receiver = new FakeReceiver();
  const pace = new DeliveryPace(clock);
  const dispatcher = new Dispatcher({
    outbox,
    clock,
    pace,
    log,
    random: () => 0.5,
    endpoint: { ...ENDPOINT, ...endpoint },
    siteTimeZone: "Asia/Manila",
    primaryDeviceId: deviceId("2401058352"),
    expectedUsers: undefined,
    recoveredCount: 0,
    send: receiver.send,
  });
  return { outbox, clock, pace, log, receiver, dispatcher };
}

/** The events of a device whose success the receiver saw, each at its first. */
export function arrivedInOrder(receiver: FakeReceiver, device: string): readonly string[] {
  const delivered = receiver.tries.filter(
    (seen) => seen.device === device && seen.result.kind === "delivered",
  );
  return [...new Set(delivered.map((seen) => seen.eventId))];
}
