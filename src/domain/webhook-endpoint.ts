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

/** Its name, which no other endpoint gets. */
export const SETTINGS_ENDPOINT_NAME = "settings";

/** Endpoints at once, with that of the settings. */
export const ENDPOINTS_MAX = 16;

/** What is told of punches, whose own log is the feed. */
export const PUNCH_EVENT_TYPES = ["punch.created", "punch.updated"] as const;

/** Everything else that can be told; each of them is recorded. */
export const RECORDED_EVENT_TYPES = [
  "device.pending",
  "device.online",
  "device.offline",
  "device.clock_skew",
  "device.condition",
  "delivery.parked",
  "endpoint.paused",
  "endpoint.resumed",
  "disk.low",
  "backup.failed",
  "quarantine.added",
  "quarantine.full",
] as const;
export type RecordedEventType = (typeof RECORDED_EVENT_TYPES)[number];

/** Everything that can be told. */
export const EVENT_TYPES = [...PUNCH_EVENT_TYPES, ...RECORDED_EVENT_TYPES] as const;
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
  /** Whether it is still being given what came before it was added, or while it was disabled. */
  readonly isFilling: boolean;
  /** Places of the feed that are still to be looked through for that; 0 where none are. */
  readonly unfilledCount: number;
  readonly createdAtMs: EpochMs;
  readonly waitingCount: number;
  readonly parkedCount: number;
}

/** Whether nothing can be signed for it, as after a restore of a backup without secrets. */
export function lacksSecret({ origin, secret }: Pick<Endpoint, "origin" | "secret">): boolean {
  return origin === "added" && secret === "";
}

/** What a format can tell, and what it tells where nobody chose. */
const TYPES_OF: Readonly<
  Record<
    WebhookFormat,
    { readonly all: readonly EventType[]; readonly unasked: readonly EventType[] }
  >
> = {
  logs: { all: PUNCH_EVENT_TYPES, unasked: ["punch.created"] },
  event: { all: PUNCH_EVENT_TYPES, unasked: ["punch.created"] },
  standard: { all: EVENT_TYPES, unasked: EVENT_TYPES },
};

/** Those of the chosen types for which a format has no words: an endpoint must not choose them. */
export function listUntellable(
  format: WebhookFormat,
  types: readonly EventType[],
): readonly EventType[] {
  return types.filter((type) => !TYPES_OF[format].all.includes(type));
}

/**
 * What of the feed an endpoint that is added gets of what is stored already: nothing, all of it, or
 * the punches from an instant on. Historic punches are among what is asked for so.
 */
export type EndpointStart =
  | { readonly kind: "now" }
  | { readonly kind: "everything" }
  | { readonly kind: "from"; readonly fromMs: EpochMs };

/** An endpoint that is to be added. */
export interface NewEndpoint
  extends Pick<Endpoint, "name" | "url" | "format" | "types" | "deviceIds" | "secret"> {
  readonly start: EndpointStart;
  readonly nowMs: EpochMs;
}

/** What a person changes of an endpoint. Absent leaves it as it is. */
export interface EndpointEdit {
  readonly url?: string;
  readonly format?: WebhookFormat;
  /** Null: all that the format tells unasked. */
  readonly types?: readonly EventType[] | null;
  /** Null: of every terminal. */
  readonly deviceIds?: readonly DeviceId[] | null;
  /**
   * What comes while it is disabled is no message; enabled again it is given all of it from the
   * feed, in order.
   */
  readonly isEnabled?: boolean;
}

/** A new secret, and until when the one before it signs beside it. */
export interface SecretRotation {
  readonly secret: string;
  /** Not after `nowMs`: every earlier secret ends at once. */
  readonly previousUntilMs: EpochMs;
  readonly nowMs: EpochMs;
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
