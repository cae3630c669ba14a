/** `/v1/webhooks/{id}/deliveries`: what was sent to a receiver, and what is to be sent once more. */

import { Elysia, t } from "elysia";
import type { ArrivingBodies } from "../arriving-bodies.ts";
import { type BearerGateOptions, bearerGate } from "../auth.ts";
import { ApiFailure, PROBLEM_REFUSALS, Problem } from "../errors.ts";
import { jsonBody } from "../json-body.ts";
import { nextLink } from "../paging.ts";
import { strictInteger, strictParameters } from "../query-text.ts";
import {
  DeliveryEntry,
  DeliveryPage,
  DeliveryQuery,
  PAGE_SIZE_DEFAULT,
  PAGE_SIZE_MAX,
  RedeliverAnswer,
  RedeliverBody,
} from "./delivery-model.ts";
import type { WebhookDesk } from "./desk.ts";
import { LEDGER_PARAMETERS, readLedgerFilter } from "./read-ledger-filter.ts";
import { readRedelivery } from "./read-redelivery.ts";
import { getWebhook, WebhookParams } from "./webhook-params.ts";

/** What the routes need. */
export interface DeliveryRoutesOptions {
  readonly webhooks: WebhookDesk;
  readonly gate: BearerGateOptions;
  readonly bodies: ArrivingBodies;
}

const PARAMETERS = ["limit", ...LEDGER_PARAMETERS] as const;
const BODY_BYTES_MAX = 64 * 1024;
const DeliveryParams = t.Object({
  ...WebhookParams.properties,
  delivery_id: t.String({
    description: "The `id` of a message.",
    documentedAs: { type: "integer" },
  }),
});

/** The routes: reading behind a token that may read, redelivery behind one with `admin`. */
export function deliveryRoutes(options: DeliveryRoutesOptions) {
  return new Elysia({ name: "deliveries" })
    .use(readingRoutes(options))
    .use(redeliveryRoute(options));
}

function readingRoutes({ webhooks, gate }: DeliveryRoutesOptions) {
  return new Elysia({ name: "deliveries-read" })
    .use(bearerGate(gate, "read"))
    .get(
      "/v1/webhooks/:webhook_id/deliveries",
      async ({ params, request, set }) => {
        const { filter, limit } = readQuery(request.url);
        const endpoint = await getWebhook(webhooks, params.webhook_id);
        const page = await webhooks.listDeliveries(endpoint, filter, limit);
        if (page.next !== null) set.headers.link = nextLink(request.url, page.next);
        return page;
      },
      {
        params: WebhookParams,
        query: DeliveryQuery,
        response: { 200: DeliveryPage, 400: Problem, 404: Problem, ...PROBLEM_REFUSALS },
        detail: {
          tags: ["Webhooks"],
          summary: "The messages of a receiver, newest first",
          description:
            "What waits or is parked is here without end; what is finished for as long as the " +
            "ledger reaches.",
        },
      },
    )
    .get(
      "/v1/webhooks/:webhook_id/deliveries/:delivery_id",
      async ({ params, request }) => {
        strictParameters(request.url, []);
        const endpoint = await getWebhook(webhooks, params.webhook_id);
        const entry = await webhooks.findDelivery(endpoint, params.delivery_id);
        if (entry !== undefined) return entry;
        throw new ApiFailure("not-found", "No message of this webhook has this id");
      },
      {
        params: DeliveryParams,
        response: { 200: DeliveryEntry, 400: Problem, 404: Problem, ...PROBLEM_REFUSALS },
        detail: { tags: ["Webhooks"], summary: "One message with its body and its tries" },
      },
    );
}

function redeliveryRoute({ webhooks, gate, bodies }: DeliveryRoutesOptions) {
  return new Elysia({ name: "deliveries-redeliver" }).use(bearerGate(gate, "admin")).post(
    "/v1/webhooks/:webhook_id/redeliver",
    async ({ params, body, request, clientId }) => {
      strictParameters(request.url, []);
      const asked = readRedelivery(body);
      const endpoint = await getWebhook(webhooks, params.webhook_id);
      return webhooks.redeliver(endpoint, asked, `client ${clientId}`);
    },
    {
      ...jsonBody(RedeliverBody, { bodies, bytesMax: BODY_BYTES_MAX }),
      params: WebhookParams,
      response: {
        200: RedeliverAnswer,
        400: Problem,
        404: Problem,
        413: Problem,
        415: Problem,
        ...PROBLEM_REFUSALS,
      },
      detail: {
        tags: ["Webhooks"],
        summary: "Send messages once more",
        description:
          "What was delivered or parked waits again, under the same `webhook-id` and with the same " +
          "body. What a later message tells anew is not sent. A request looks through a part of a " +
          "long selection: while `next` is not null, send it again with that as `after`.",
      },
    },
  );
}

function readQuery(requestUrl: string) {
  const given = strictParameters(requestUrl, PARAMETERS);
  const range = { min: 1, max: PAGE_SIZE_MAX, fallback: PAGE_SIZE_DEFAULT };
  const filter = readLedgerFilter(given);
  return { filter, limit: strictInteger("limit", given.get("limit"), range) };
}
