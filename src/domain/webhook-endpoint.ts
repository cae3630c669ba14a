/**
 * A receiver of webhooks: which events it wants, and of which terminals. Knows nothing of how they
 * are sent.
 */

import { type Brand, brand } from "#base/brand.ts";
import type { EpochMs } from "#base/epoch.ts";
import type { DeviceId } from "./identifiers.ts";

/** Our own number of an endpoint; it is never given to another. */
export type EndpointId = Brand<number, "EndpointId">;

export const endpointId = (value: number): EndpointId => brand<EndpointId>(value);

/** The one endpoint that the settings make, whether or not they do. */
export const SETTINGS_ENDPOINT_ID = endpointId(1);

/** Everything that can be told. */
export const EVENT_TYPES = [
  "punch.created",
  "punch.updated",
  "device.pending",
  "device.online",
  "device.offline",
  "device.clock_skew",
  "delivery.parked",
  "endpoint.paused",
  "endpoint.resumed",
  "disk.low",
  "backup.failed",
  "quarantine.added",
  "quarantine.full",
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** The shapes of messages, those of the replaced server: they tell punches only. */
export const WEBHOOK_FORMATS = ["logs", "event"] as const;
export type WebhookFormat = (typeof WEBHOOK_FORMATS)[number];

/** Which messages an endpoint wants. */
export interface EndpointChoice {
  /** Undefined: all that the format can tell. */
  readonly types: readonly EventType[] | undefined;
  /** Undefined: of every terminal. What is about no terminal is told all the same. */
  readonly deviceIds: readonly DeviceId[] | undefined;
}

/** A receiver. */
export interface Endpoint extends EndpointChoice {
  readonly id: EndpointId;
  /** Unique, for people. */
  readonly name: string;
  /** `settings`: the settings are in charge of it, and keep its secret. */
  readonly origin: "settings" | "added";
  /** Absolute `http:` or `https:` URL. */
  readonly url: string;
  readonly format: WebhookFormat;
  /** Signs every message; empty where the settings keep it. */
  readonly secret: string;
  /** Signs beside the new one, so that a receiver can change over. */
  readonly previousSecret: { readonly secret: string; readonly untilMs: EpochMs } | undefined;
  /** Whether messages are made and sent. */
  readonly isEnabled: boolean;
  /** Whether it is still being given what was stored before it was added. */
  readonly isFilling: boolean;
  readonly createdAtMs: EpochMs;
  readonly waitingCount: number;
  readonly parkedCount: number;
}

/** What the formats tell unless told otherwise. */
const PLAIN_TYPES: readonly EventType[] = ["punch.created"];

/** Whether an endpoint is to be told of an event; `deviceId` is empty where it is about no terminal. */
export function wantsEvent(endpoint: EndpointChoice, type: EventType, deviceId: string): boolean {
  const types = endpoint.types ?? PLAIN_TYPES;
  if (!types.includes(type)) return false;
  return deviceId === "" || (endpoint.deviceIds?.some((id) => id === deviceId) ?? true);
}
