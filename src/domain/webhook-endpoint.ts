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

/** The shapes of messages. `logs` and `event` are the replaced server's, which tell punches only. */
export const WEBHOOK_FORMATS = ["logs", "event", "standard"] as const;
export type WebhookFormat = (typeof WEBHOOK_FORMATS)[number];

/** Which messages an endpoint wants. */
export interface EndpointChoice {
  /** Undefined: all of `standard`, else new punches alone. */
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

/** What a format can tell, and what it tells where nobody chose. */
const TYPES_OF: Readonly<
  Record<
    WebhookFormat,
    { readonly all: readonly EventType[]; readonly unasked: readonly EventType[] }
  >
> = {
  logs: { all: ["punch.created", "punch.updated"], unasked: ["punch.created"] },
  event: { all: ["punch.created", "punch.updated"], unasked: ["punch.created"] },
  standard: { all: EVENT_TYPES, unasked: EVENT_TYPES },
};

/** Those of the chosen types for which a format has no words: an endpoint must not choose them. */
export function listUntellable(
  format: WebhookFormat,
  types: readonly EventType[],
): readonly EventType[] {
  return types.filter((type) => !TYPES_OF[format].all.includes(type));
}

/** Whether an endpoint is to be told of an event; `deviceId` is empty where it is about no terminal. */
export function wantsEvent(
  endpoint: EndpointChoice & Pick<Endpoint, "format">,
  type: EventType,
  deviceId: string,
): boolean {
  const { all, unasked } = TYPES_OF[endpoint.format];
  const types = endpoint.types ?? unasked;
  if (!types.includes(type) || !all.includes(type)) return false;
  return deviceId === "" || (endpoint.deviceIds?.some((id) => id === deviceId) ?? true);
}
