/**
 * What the dispatcher is given, and what it tells of itself.
 */

import type { OwnPorts } from "#config/webhook-url.ts";
import type { DeviceId } from "#domain/identifiers.ts";
import type { ExpectedUsers } from "#domain/user.ts";
import type { Endpoint, WebhookFormat } from "#domain/webhook-endpoint.ts";
import type { Clock } from "#platform/clock.ts";
import type { Log } from "#platform/log.ts";
import type { EndpointOutbox } from "#storage/endpoint-outbox.ts";
import type { RefusalPlan } from "./backoff.ts";
import type { DeliveryPace } from "./delivery-pace.ts";
import type { RateLimit } from "./rate-limit.ts";
import type { SendDelivery } from "./send.ts";
import type { TallyFigures } from "./tally.ts";

/** The receiver, as the operator set it. */
export interface WebhookEndpoint extends RefusalPlan {
  /** Absolute `http:` or `https:` URL. */
  readonly url: string;
  readonly secret: string;
  /** Signs beside the new one until its time is over. */
  readonly previousSecret: Endpoint["previousSecret"];
  /** In PEM: who may have signed its certificate; the well-known ones when undefined. */
  readonly authorities: readonly string[] | undefined;
  /** Where nothing is sent to, but for a trial. */
  readonly ownPorts: OwnPorts;
  /** For one whole try, in milliseconds. */
  readonly timeoutMs: number;
  /** Tries in any 60 s; undefined is no limit. More than that wait. */
  readonly rateLimitPerMinute: number | undefined;
  readonly format: WebhookFormat;
  /** Adds our own fields to those of the format. */
  readonly extraFields: boolean;
}

/** The part of storage that delivery needs. */
export type Outbox = Pick<
  EndpointOutbox,
  "listDevicesWithDeliveries" | "listWaitingDeliveries" | "recordAttempts"
>;

export interface DispatcherOptions {
  readonly outbox: Outbox;
  readonly clock: Clock;
  /** That of all endpoints. */
  readonly pace: DeliveryPace;
  readonly log: Log;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly endpoint: WebhookEndpoint;
  /** What earlier dispatchers of the endpoint have used up counts; a fresh one when absent. */
  readonly rateLimit?: RateLimit;
  /** IANA name. */
  readonly siteTimeZone: string;
  readonly primaryDeviceId: DeviceId;
  /** The users that are expected at one terminal; undefined: anyone. */
  readonly expectedUsers: ExpectedUsers | undefined;
  /** Deliveries that an earlier process left waiting. */
  readonly recoveredCount: number;
  /** Lanes that send at the same time; 8 when absent. */
  readonly concurrency?: number;
  /** Makes one try; a real POST when absent. */
  readonly send?: SendDelivery;
}

/** Where delivery stands, for status and metrics. */
export interface DeliveryFigures extends TallyFigures {
  readonly state: "active" | "paused";
  /** For people, such as `status 503`: how the last try failed; undefined while active. */
  readonly pauseReason: string | undefined;
  /** Milliseconds; 0 while the probe is under way, undefined while active. */
  readonly nextProbeInMs: number | undefined;
  /** Messages that were taken, on average over the last minute. */
  readonly deliveredPerSecond: number;
  /** Lanes that have a turn. */
  readonly runningCount: number;
  /** Deliveries that an earlier process left waiting. */
  readonly recoveredCount: number;
}
