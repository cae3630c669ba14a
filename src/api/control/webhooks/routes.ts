/** Receivers of webhooks and their messages on the control socket, where they go by their names. */

import { Elysia } from "elysia";
import type { Endpoint } from "#domain/webhook-endpoint.ts";
import { ArrivingBodies } from "../../arriving-bodies.ts";
import { ApiFailure } from "../../errors.ts";
import { jsonBody } from "../../json-body.ts";
import { strictInteger, strictParameters } from "../../query-text.ts";
import {
  DeliveryPage,
  PAGE_SIZE_MAX,
  RedeliverAnswer,
  RedeliverBody,
} from "../../webhooks/delivery-model.ts";
import type { WebhookDesk } from "../../webhooks/desk.ts";
import {
  AddBody,
  EditBody,
  RotateBody,
  TestAnswer,
  WebhookList,
  WebhookModel,
  WebhookWithSecret,
} from "../../webhooks/model.ts";
import { LEDGER_PARAMETERS, readLedgerFilter } from "../../webhooks/read-ledger-filter.ts";
import { readRedelivery } from "../../webhooks/read-redelivery.ts";
import { spellTestResult } from "../../webhooks/spell-webhook.ts";
import { NamedDeliveryEntry, WebhookRemoved } from "./model.ts";

/** What the webhooks' part works on. */
export interface WebhookControlOptions {
  readonly webhooks: WebhookDesk;
}

/** Who asks where being root is the login. */
const OPERATOR = "operator";
const LISTED = { min: 1, max: PAGE_SIZE_MAX, fallback: 50 } as const;

/** `/webhooks...` and `/deliveries...`. */
export function webhookControl(options: WebhookControlOptions) {
  const bodies = new ArrivingBodies();
  return new Elysia({ name: "control-webhooks", strictPath: true })
    .use(receiverControl(options, bodies))
    .use(deliveryControl(options, bodies));
}

/**
 * `GET /webhooks`, `POST /webhooks/add` with a body, and `POST /webhooks/edit|rotate-secret` with one,
 * `/webhooks/remove|test` without, each with `?name=`.
 */
function receiverControl({ webhooks }: WebhookControlOptions, bodies: ArrivingBodies) {
  const named = (request: Request): Promise<Endpoint> => {
    const given = strictParameters(request.url, ["name"]);
    return webhooks.getNamed(given.get("name") ?? "");
  };
  return new Elysia({ name: "control-receivers", strictPath: true })
    .get("/webhooks", async () => ({ webhooks: await webhooks.list() }), { response: WebhookList })
    .post("/webhooks/add", ({ body }) => webhooks.add(body, OPERATOR), {
      ...jsonBody(AddBody, { bodies }),
      response: WebhookWithSecret,
    })
    .post(
      "/webhooks/edit",
      async ({ body, request }) => webhooks.edit(await named(request), body, OPERATOR),
      { ...jsonBody(EditBody, { bodies }), response: WebhookModel },
    )
    .post(
      "/webhooks/rotate-secret",
      async ({ body, request }) => webhooks.rotateSecret(await named(request), body, OPERATOR),
      { ...jsonBody(RotateBody, { bodies }), response: WebhookWithSecret },
    )
    .post(
      "/webhooks/remove",
      async ({ request }) => {
        const endpoint = await named(request);
        await webhooks.remove(endpoint, OPERATOR);
        return { name: endpoint.name, removed: true as const };
      },
      { response: WebhookRemoved },
    )
    .post(
      "/webhooks/test",
      async ({ request }) =>
        spellTestResult(await webhooks.test(await named(request), request.signal)),
      { response: TestAnswer },
    );
}

/**
 * `GET /deliveries?webhook=&status=&device=&since=&after=&limit=`, `GET /deliveries/show?number=`, and
 * `POST /deliveries/redeliver?webhook=` with a body. Without `webhook` the one that there is.
 */
function deliveryControl({ webhooks }: WebhookControlOptions, bodies: ArrivingBodies) {
  const listed = ["webhook", "limit", ...LEDGER_PARAMETERS] as const;
  return new Elysia({ name: "control-deliveries", strictPath: true })
    .get(
      "/deliveries",
      async ({ request }) => {
        const given = strictParameters(request.url, listed);
        const filter = readLedgerFilter(given);
        const endpoint = await pickWebhook(webhooks, given.get("webhook"));
        const limit = strictInteger("limit", given.get("limit"), LISTED);
        return webhooks.listDeliveries(endpoint, filter, limit);
      },
      { response: DeliveryPage },
    )
    .get(
      "/deliveries/show",
      async ({ request }) => {
        const number = strictParameters(request.url, ["number"]).get("number") ?? "";
        for (const { name } of await webhooks.list()) {
          const entry = await webhooks.findDelivery(await webhooks.getNamed(name), number);
          if (entry !== undefined) return { ...entry, webhook: name };
        }
        throw new ApiFailure("not-found", "No message has this number");
      },
      { response: NamedDeliveryEntry },
    )
    .post(
      "/deliveries/redeliver",
      async ({ body, request }) => {
        const given = strictParameters(request.url, ["webhook"]);
        const asked = readRedelivery(body);
        const endpoint = await pickWebhook(webhooks, given.get("webhook"));
        return webhooks.redeliver(endpoint, asked, OPERATOR);
      },
      { ...jsonBody(RedeliverBody, { bodies }), response: RedeliverAnswer },
    );
}

/** @throws ApiFailure `not-found`, or `parameter-invalid` where it is not clear which is meant. */
async function pickWebhook(webhooks: WebhookDesk, name: string | undefined): Promise<Endpoint> {
  if (name !== undefined) return webhooks.getNamed(name);
  const all = await webhooks.list();
  const [only] = all;
  if (only !== undefined && all.length === 1) return webhooks.getNamed(only.name);
  const names = all.map((webhook) => webhook.name).join(", ");
  const message = names === "" ? "There is no webhook" : `Say which webhook: ${names}`;
  throw new ApiFailure("parameter-invalid", message, { parameters: ["webhook"] });
}
