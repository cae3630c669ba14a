/**
 * A dispatcher for each endpoint, so that one that is slow or dead never holds up another. Follows
 * what storage says of the endpoints.
 */

import type { DeviceId } from "#domain/identifiers.ts";
import type { ExpectedUsers } from "#domain/user.ts";
import {
  type Endpoint,
  type EndpointId,
  lacksSecret,
  SETTINGS_ENDPOINT_ID,
} from "#domain/webhook-endpoint.ts";
import type { Clock } from "#platform/clock.ts";
import type { Log } from "#platform/log.ts";
import type { Storage } from "#storage/storage.ts";
import { DeliveryPace } from "./delivery-pace.ts";
import { Dispatcher } from "./dispatcher.ts";
import type { Outbox, WebhookEndpoint } from "./dispatcher-options.ts";
import { endpointLog } from "./endpoint-log.ts";
import { RateLimit } from "./rate-limit.ts";

/** What the settings say of delivery. */
export interface DeliverySettings
  extends Pick<
    WebhookEndpoint,
    "timeoutMs" | "refusalsMax" | "retryDelayMs" | "authorities" | "ownPorts"
  > {
  /** Of the endpoint that the settings make, and of no other. */
  readonly own: Pick<WebhookEndpoint, "secret" | "rateLimitPerMinute" | "extraFields">;
}

export interface DispatchersOptions {
  readonly storage: Pick<Storage, "listEndpoints" | "outboxOf">;
  readonly clock: Clock;
  readonly log: Log;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Called after results were written, so that fewer messages wait. Cheap. */
  readonly onRecorded: () => void;
  readonly settings: DeliverySettings;
  /** IANA name. */
  readonly siteTimeZone: string;
  readonly primaryDeviceId: DeviceId;
  /** The users that are expected at one terminal; undefined: anyone. */
  readonly expectedUsers: ExpectedUsers | undefined;
}

interface Running {
  /** What the dispatcher was made of. */
  readonly endpoint: WebhookEndpoint;
  readonly dispatcher: Dispatcher;
}

/** Delivers to every endpoint that is enabled and has a secret, until stopped. */
export class Dispatchers {
  /** That of all tries together. */
  readonly pace: DeliveryPace;
  readonly #options: DispatchersOptions;
  #settings: DeliverySettings;
  /** Of the endpoint that the settings make, over all its dispatchers. */
  readonly #ownRateLimit: RateLimit;
  readonly #running = new Map<EndpointId, Running>();
  /** Changes follow one another, because a dispatcher takes a moment to stop. */
  #changing: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(options: DispatchersOptions) {
    this.#options = options;
    this.pace = new DeliveryPace(options.clock);
    this.#settings = options.settings;
    this.#ownRateLimit = new RateLimit(options.settings.own.rateLimitPerMinute, options.clock);
  }

  /** Goes by other settings from here on, and by what storage says of the endpoints. */
  follow(settings: DeliverySettings): Promise<void> {
    this.#settings = settings;
    this.#ownRateLimit.setPerMinute(settings.own.rateLimitPerMinute);
    return this.refresh();
  }

  /**
   * Takes over what storage says of the endpoints: also the first time. One whose way of sending
   * changed lets what is in flight end, and goes on with the new one.
   */
  refresh(): Promise<void> {
    this.#changing = this.#changing.then(() => this.#follow());
    return this.#changing;
  }

  /** Says that there may be new deliveries. Cheap. */
  wake(): void {
    for (const { dispatcher } of this.#running.values()) dispatcher.wake();
  }

  /** See `Dispatcher.noteGone`. */
  noteGone(): void {
    for (const { dispatcher } of this.#running.values()) dispatcher.noteGone();
  }

  /** Undefined while nothing is delivered to the endpoint, or it is unknown. */
  find(id: EndpointId): Dispatcher | undefined {
    return this.#running.get(id)?.dispatcher;
  }

  /** What is sent where, and signed by which secrets, whether or not the endpoint is enabled. */
  targetOf({ id, url, format, secret, previousSecret }: Endpoint): WebhookEndpoint {
    const { own, ...settings } = this.#settings;
    const shared = { url, format, ...settings };
    if (id === SETTINGS_ENDPOINT_ID) return { ...shared, ...own, previousSecret: undefined };
    const keys = { secret, previousSecret };
    return { ...shared, ...keys, rateLimitPerMinute: undefined, extraFields: false };
  }

  /** Ends all of them; see `Dispatcher.stop`. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#changing;
    await Promise.all([...this.#running.values()].map(({ dispatcher }) => dispatcher.stop()));
    this.#running.clear();
  }

  async #follow(): Promise<void> {
    if (this.#isStopped) return;
    const stored = await this.#options.storage.listEndpoints();
    const able = stored.filter((endpoint) => endpoint.isEnabled && !lacksSecret(endpoint));
    const wanted = new Map(able.map((endpoint) => [endpoint.id, endpoint]));
    for (const [id, { endpoint, dispatcher }] of this.#running) {
      const now = wanted.get(id);
      if (now !== undefined && Bun.deepEquals(this.targetOf(now), endpoint)) continue;
      this.#running.delete(id);
      await dispatcher.stop();
    }
    for (const [id, endpoint] of wanted) if (!this.#running.has(id)) this.#start(endpoint);
  }

  #followedOutbox(id: EndpointId): Outbox {
    const { storage, onRecorded } = this.#options;
    const outbox = storage.outboxOf(id);
    return {
      ...outbox,
      async recordAttempts(records) {
        await outbox.recordAttempts(records);
        onRecorded();
      },
    };
  }

  #start(stored: Endpoint): void {
    const { clock, log, random } = this.#options;
    const { siteTimeZone, primaryDeviceId, expectedUsers } = this.#options;
    const endpoint = this.targetOf(stored);
    const dispatcher = new Dispatcher({
      outbox: this.#followedOutbox(stored.id),
      clock,
      pace: this.pace,
      log: endpointLog(log, stored.name),
      random,
      endpoint,
      ...(stored.id === SETTINGS_ENDPOINT_ID ? { rateLimit: this.#ownRateLimit } : {}),
      siteTimeZone,
      primaryDeviceId,
      expectedUsers,
      recoveredCount: stored.waitingCount,
    });
    this.#running.set(stored.id, { endpoint, dispatcher });
    dispatcher.start();
  }
}
