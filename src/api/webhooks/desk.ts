/**
 * What can be done with the receivers of webhooks, for the API and the control socket alike: each
 * change is stored first and then followed by delivery, and told in the log with who asked.
 */

import { epochMs } from "#base/epoch.ts";
import {
  ENDPOINTS_MAX,
  type Endpoint,
  type EndpointEdit,
  type EndpointId,
  lacksSecret,
  SETTINGS_ENDPOINT_ID,
} from "#domain/webhook-endpoint.ts";
import type { Clock } from "#platform/clock.ts";
import type { Log } from "#platform/log.ts";
import { nextTurn } from "#platform/next-turn.ts";
import { newSecret } from "#platform/random-text.ts";
import type { LedgerFilter } from "#storage/endpoint-outbox.ts";
import type { AddedEndpoint, EndpointChange } from "#storage/endpoint-storage.ts";
import type { Storage } from "#storage/storage.ts";
import type { Dispatcher } from "#webhooks/dispatcher.ts";
import { shownUrl } from "#webhooks/shown-url.ts";
import { sendTestEvent, type TestResult, type TestTarget } from "#webhooks/test-event.ts";
import { ApiFailure } from "../errors.ts";
import type { WebhookDelivery } from "../original/webhook/routes.ts";
import { encodePlace } from "../place-cursor.ts";
import { Places } from "../places.ts";
import type { DeliveryEntry, DeliveryPage, RedeliverAnswer } from "./delivery-model.ts";
import type { AddBody, EditBody, RotateBody, WebhookModel, WebhookWithSecret } from "./model.ts";
import { type CheckUrl, readEdit, readNewEndpoint, readOverlapMs } from "./read-endpoint.ts";
import type { AskedRedelivery } from "./read-redelivery.ts";
import { spellDelivery, spellEntry, spellWebhook } from "./spell-webhook.ts";

/** The delivery to every receiver, as far as the desk needs it. */
export interface DeskDispatchers {
  /** Takes over what storage says of the endpoints. */
  refresh(): Promise<void>;
  /** Undefined while the endpoint is not enabled, or unknown. */
  find(id: EndpointId): Pick<Dispatcher, "figures" | "noteRequeued"> | undefined;
  /** Says that messages are gone which were read already. */
  noteGone(): void;
  targetOf(endpoint: Endpoint): Omit<TestTarget, "clock" | "siteTimeZone">;
}

/** What the desk works on. */
export interface WebhookDeskOptions {
  readonly storage: Pick<
    Storage,
    | "listEndpoints"
    | "addEndpoint"
    | "editEndpoint"
    | "rotateEndpointSecret"
    | "removeEndpoint"
    | "outboxOf"
  >;
  readonly dispatchers: DeskDispatchers;
  readonly clock: Clock;
  readonly log: Log;
  readonly checkUrl: CheckUrl;
  /** IANA zone of days and times. */
  readonly siteTimeZone: string;
  /** Called after a change that leaves work for the background. */
  readonly onWork: () => void;
}

/** Tests under way at once; further ones wait. A receiver may answer with as much as it likes. */
const TESTS_MAX = 2;
/** Steps of a redelivery in one request, each of them a transaction. */
const REDELIVERY_STEPS_MAX = 50;

export class WebhookDesk {
  readonly #options: WebhookDeskOptions;
  readonly #testPlaces = new Places(TESTS_MAX);

  constructor(options: WebhookDeskOptions) {
    this.#options = options;
  }

  /** Every receiver, oldest first. */
  async list(): Promise<WebhookModel[]> {
    const endpoints = await this.#options.storage.listEndpoints();
    return endpoints.map((endpoint) => this.spell(endpoint));
  }

  /** @throws ApiFailure `not-found`. */
  async get(id: EndpointId): Promise<Endpoint> {
    return this.#find((endpoint) => endpoint.id === id, "No webhook has this id");
  }

  /** @throws ApiFailure `not-found`. */
  async getNamed(name: string): Promise<Endpoint> {
    return this.#find((endpoint) => endpoint.name === name, "No webhook has this name");
  }

  spell(endpoint: Endpoint): WebhookModel {
    const { dispatchers, clock, siteTimeZone } = this.#options;
    const figures = dispatchers.find(endpoint.id)?.figures();
    return spellWebhook(endpoint, { figures, nowMs: clock.nowMs(), timeZone: siteTimeZone });
  }

  /** @throws ApiFailure `request-invalid`, `webhook-url-refused`, `webhook-name-taken` or `webhooks-full`. */
  async add(body: AddBody, by: string): Promise<WebhookWithSecret> {
    const { storage, clock, log } = this.#options;
    const asked = readNewEndpoint(body, { ...this.#options, nowMs: clock.nowMs() });
    const secret = newSecret();
    const added = await storage.addEndpoint({ ...asked, secret });
    if (added.kind !== "added") throw notAdded(added.kind);
    const { id, name, url } = added.endpoint;
    log.info("webhook.added", { endpoint: name, url: shownUrl(url), by });
    await this.#follow();
    return { ...this.spell(await this.get(id)), ...secretFields(secret) };
  }

  /** @throws ApiFailure as `add`, and `not-found` or `webhook-of-settings`. */
  async edit(endpoint: Endpoint, body: EditBody, by: string): Promise<WebhookModel> {
    const { storage, log } = this.#options;
    const { id, name } = endpoint;
    refuseOfSettings(endpoint, Object.keys(body));
    const edit = readEdit(body, endpoint, this.#options);
    assertDone(endpoint, await storage.editEndpoint(id, edit));
    log.info("webhook.changed", { endpoint: name, ...shownEdit(edit), by });
    await this.#follow();
    return this.spell(await this.get(id));
  }

  /** @throws ApiFailure `not-found`, `webhook-of-settings`, `request-invalid` or `secret-rotating`. */
  async rotateSecret(endpoint: Endpoint, body: RotateBody, by: string): Promise<WebhookWithSecret> {
    const { storage, clock, log } = this.#options;
    const { id, name } = endpoint;
    refuseOfSettings(endpoint, ["secret"]);
    const overlapMs = readOverlapMs(body);
    const nowMs = clock.nowMs();
    const secret = newSecret();
    const rotation = { secret, previousUntilMs: epochMs(nowMs + overlapMs), nowMs };
    const rotated = await storage.rotateEndpointSecret(id, rotation);
    if (rotated === "still-rotating") throw stillRotating();
    assertDone(endpoint, rotated);
    log.info("webhook.rotated", { endpoint: name, overlapHours: overlapMs / 3_600_000, by });
    await this.#follow();
    return { ...this.spell(await this.get(id)), ...secretFields(secret) };
  }

  /** @throws ApiFailure `not-found` or `webhook-of-settings`. */
  async remove(endpoint: Endpoint, by: string): Promise<void> {
    const { storage, clock, log } = this.#options;
    refuseOfSettings(endpoint, ["url"]);
    assertDone(endpoint, await storage.removeEndpoint(endpoint.id, clock.nowMs()));
    log.info("webhook.removed", { endpoint: endpoint.name, by });
    await this.#follow();
  }

  /**
   * Sends a test message, also to a receiver that is disabled. Two at a time; waits for its turn.
   * @throws ApiFailure `secret-missing`.
   */
  async test(endpoint: Endpoint, signal: AbortSignal): Promise<TestResult> {
    if (lacksSecret(endpoint)) throw secretMissing();
    await this.#testPlaces.take();
    try {
      return await this.#sendTest(endpoint, signal);
    } finally {
      this.#testPlaces.leave();
    }
  }

  async listDeliveries(
    { id }: Endpoint,
    filter: LedgerFilter,
    limit: number,
  ): Promise<DeliveryPage> {
    const { storage, siteTimeZone } = this.#options;
    const page = await storage.outboxOf(id).listDeliveries(filter, limit);
    const deliveries = page.deliveries.map((delivery) => spellDelivery(delivery, siteTimeZone));
    return { deliveries, next: encodePlaceOrNull(page.nextBeforeId) };
  }

  /** Undefined where the text is no number of a message of this receiver. */
  async findDelivery({ id }: Endpoint, numberText: string): Promise<DeliveryEntry | undefined> {
    const { storage, siteTimeZone } = this.#options;
    if (!/^\d{1,15}$/.test(numberText)) return undefined;
    const entry = await storage.outboxOf(id).findDelivery(Number(numberText));
    return entry === undefined ? undefined : spellEntry(entry, siteTimeZone);
  }

  /** Lets what is selected wait again, as far as one request may go. */
  async redeliver(
    { id, name }: Endpoint,
    { selection, afterId }: AskedRedelivery,
    by: string,
  ): Promise<RedeliverAnswer> {
    const { storage, dispatchers, log } = this.#options;
    const outbox = storage.outboxOf(id);
    const counts = { requeued_count: 0, superseded_count: 0, unchanged_count: 0 };
    let next: number | undefined = afterId;
    for (let steps = 0; steps < REDELIVERY_STEPS_MAX && next !== undefined; steps += 1) {
      const step = await outbox.redeliver(selection, next);
      counts.requeued_count += step.requeuedCount;
      counts.superseded_count += step.supersededCount;
      counts.unchanged_count += step.unchangedCount;
      next = step.hasMore ? step.lastId : undefined;
      // At once: a correction that is stored from here on must not be sent before these.
      if (step.requeuedCount > 0) dispatchers.find(id)?.noteRequeued(step.requeuedCount);
      // Terminals get their share of the loop between two steps.
      await nextTurn();
    }
    const count = counts.requeued_count;
    if (count > 0) log.info("webhook.redelivered", { endpoint: name, count, by });
    const seenCount = count + counts.superseded_count + counts.unchanged_count;
    const askedCount = selection.kind === "ids" ? countBehind(selection.ids, afterId) : seenCount;
    return { ...counts, unknown_count: askedCount - seenCount, next: encodePlaceOrNull(next) };
  }

  /** Says that messages are gone, so that what delivery holds of them is not sent. */
  noteGone(): void {
    this.#options.dispatchers.noteGone();
  }

  /** What the replaced server's API may ask of the receiver of the settings; undefined without it. */
  async ofSettings(): Promise<WebhookDelivery | undefined> {
    const { storage, dispatchers } = this.#options;
    const endpoints = await storage.listEndpoints();
    const own = endpoints.find(({ id }) => id === SETTINGS_ENDPOINT_ID);
    const dispatcher = dispatchers.find(SETTINGS_ENDPOINT_ID);
    if (own === undefined || dispatcher === undefined) return undefined;
    return {
      figures: () => dispatcher.figures(),
      noteRequeued: (count) => dispatcher.noteRequeued(count),
      sendTest: (signal) => this.#sendTest(own, signal),
    };
  }

  #sendTest(endpoint: Endpoint, signal: AbortSignal): Promise<TestResult> {
    const { dispatchers, clock, siteTimeZone } = this.#options;
    return sendTestEvent({ ...dispatchers.targetOf(endpoint), clock, siteTimeZone }, signal);
  }

  async #find(matches: (endpoint: Endpoint) => boolean, otherwise: string): Promise<Endpoint> {
    const found = (await this.#options.storage.listEndpoints()).find(matches);
    if (found === undefined) throw new ApiFailure("not-found", otherwise);
    return found;
  }

  /** Lets delivery and the background work see what was stored. */
  async #follow(): Promise<void> {
    this.#options.onWork();
    await this.#options.dispatchers.refresh();
  }
}

/** What is in the settings' hands, by the field. */
const SETTINGS_OF: Readonly<Record<string, string>> = {
  url: "BIOMETRIC_WEBHOOK_URL",
  format: "BIOMETRIC_WEBHOOK_FORMAT",
  types: "BIOMETRIC_WEBHOOK_CORRECTIONS",
  enabled: "BIOMETRIC_WEBHOOK_ENABLED",
  secret: "BIOMETRIC_WEBHOOK_SECRET",
};

/** @throws ApiFailure `webhook-of-settings`, with the settings that say it. */
function refuseOfSettings({ id }: Endpoint, fields: readonly string[]): void {
  if (id !== SETTINGS_ENDPOINT_ID) return;
  const names = fields.map((field) => SETTINGS_OF[field]).filter((name) => name !== undefined);
  const named = names.length === 0 ? (SETTINGS_OF.url ?? "") : names.join(", ");
  throw new ApiFailure(
    "webhook-of-settings",
    `The settings are in charge of this webhook: change ${named} there, and reload`,
  );
}

function assertDone({ id }: Endpoint, change: EndpointChange): void {
  if (change === "done") return;
  if (change === "unknown-endpoint") throw new ApiFailure("not-found", "No webhook has this id");
  throw new ApiFailure("internal", `The settings are in charge of webhook ${id}`);
}

function notAdded(kind: Exclude<AddedEndpoint["kind"], "added">): ApiFailure {
  if (kind === "name-taken") {
    return new ApiFailure("webhook-name-taken", "Another webhook has this name");
  }
  const message = `There are ${ENDPOINTS_MAX} webhooks, which are all there can be: remove one first`;
  return new ApiFailure("webhooks-full", message);
}

function secretMissing(): ApiFailure {
  const message = "The webhook has no secret to sign with: rotate-secret makes one";
  return new ApiFailure("secret-missing", message);
}

function stillRotating(): ApiFailure {
  return new ApiFailure(
    "secret-rotating",
    "The secret before the present one still signs: wait until its time is over, or set " +
      "overlap_hours to 0, which ends every earlier secret at once",
  );
}

/** The key of all signatures is the UTF-8 of the secret; those libraries want its bytes as base64. */
function secretFields(secret: string) {
  const standard = `whsec_${Buffer.from(secret).toString("base64")}`;
  return { secret, standard_webhooks_secret: standard };
}

/** Different ids. All that a request may name are looked up before it is answered. */
function countBehind(ids: readonly number[], afterId: number): number {
  return new Set(ids.filter((id) => id > afterId)).size;
}

function encodePlaceOrNull(id: number | undefined): string | null {
  return id === undefined ? null : encodePlace("delivery", String(id));
}

function shownEdit({ url, format, types, deviceIds, isEnabled }: EndpointEdit) {
  return {
    ...(url === undefined ? {} : { url: shownUrl(url) }),
    ...(format === undefined ? {} : { format }),
    ...(types === undefined ? {} : { types: types?.join(" ") ?? "all" }),
    ...(deviceIds === undefined ? {} : { devices: deviceIds?.join(" ") ?? "all" }),
    ...(isEnabled === undefined ? {} : { enabled: isEnabled }),
  };
}
