/**
 * Punches and deliveries for the webhook tests, with every field at a plain value.
 */

import { brand } from "#base/brand.ts";
import { epochMs } from "#base/epoch.ts";
import { deviceId, punchId, userId } from "#domain/identifiers.ts";
import type { Punch } from "#domain/punch.ts";
import type { WallTime } from "#domain/wall-time.ts";
import type { WebhookEvent } from "#webhooks/webhook-event.ts";

/** The event of contract 4.1 vector 1, made almost a second after the vector's time. */
export function makeEvent(change: Partial<WebhookEvent> = {}): WebhookEvent {
  return {
    type: "punch.created",
    punch: makePunch(),
    eventAtMs: epochMs(1_735_776_931_999),
    isDuplicate: false,
    ...change,
  };
}

/** The punch of contract 4.1 vector 1, with any field replaced. */
export function makePunch(change: Partial<Punch> = {}): Punch {
  return {
    id: punchId(1_000_001),
    feedPosition: undefined,
    revision: 1,
    deviceId: deviceId("GATE-\u00f1\u007f"),
    userId: userId("7"),
    userIdText: "00000007",
    wallTime: brand<WallTime>("20250102081530"),
    wallTimeText: "20250102081530",
    timeZone: "Asia/Manila",
    instantMs: epochMs(Date.UTC(2025, 0, 2, 0, 15, 30)),
    receivedAtMs: epochMs(Date.UTC(2025, 0, 2, 0, 15, 31)),
    direction: "in",
    directionSource: "alternate",
    isRepeat: false,
    directionCode: "0",
    verifyModeCode: "3",
    codeLibrary: undefined,
    workCode: undefined,
    localTimeFlag: undefined,
    doubtfulTime: undefined,
    suggestedInstantMs: undefined,
    isHistoric: false,
    origin: "live",
    ...change,
  };
}
