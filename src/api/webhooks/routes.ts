/**
 * `/v1/webhooks`: the receivers of webhooks, who is told what. What was sent to them is
 * `delivery-routes.ts`.
 */

import { Elysia, t } from "elysia";
import { endpointId } from "#domain/webhook-endpoint.ts";
import type { ArrivingBodies } from "../arriving-bodies.ts";
import { type BearerGateOptions, bearerGate } from "../auth.ts";
import { PROBLEM_REFUSALS, Problem } from "../errors.ts";
import { jsonBody } from "../json-body.ts";
import { strictParameters } from "../query-text.ts";
import { readRequestKey } from "../request-key.ts";
import { deliveryRoutes } from "./delivery-routes.ts";
import type { WebhookDesk } from "./desk.ts";
import {
  AddBody,
  EditBody,
  RotateBody,
  TestAnswer,
  WebhookList,
  WebhookModel,
  WebhookWithSecret,
} from "./model.ts";
import { RequestKeys } from "./request-keys.ts";
import { spellTestResult } from "./spell-webhook.ts";
import { getWebhook, WebhookParams } from "./webhook-params.ts";

/** What the routes need. */
export interface WebhookRoutesOptions {
  readonly webhooks: WebhookDesk;
  readonly gate: BearerGateOptions;
  readonly bodies: ArrivingBodies;
}

const BODY_BYTES_MAX = 128 * 1024;
const BODY_REFUSALS = { 413: Problem, 415: Problem };

/** The routes: reading behind a token that may read, all else behind one with `admin`. */
export function receiverRoutes(options: WebhookRoutesOptions) {
  return new Elysia({ name: "webhooks" })
    .use(readingRoutes(options))
    .use(addingRoute(options))
    .use(changingRoutes(options))
    .use(furtherRoutes(options))
    .use(deliveryRoutes(options));
}

function readingRoutes({ webhooks, gate }: WebhookRoutesOptions) {
  return new Elysia({ name: "webhooks-read" })
    .use(bearerGate(gate, "read"))
    .get(
      "/v1/webhooks",
      async ({ request }) => {
        strictParameters(request.url, []);
        return { webhooks: await webhooks.list() };
      },
      {
        response: { 200: WebhookList, 400: Problem, ...PROBLEM_REFUSALS },
        detail: { tags: ["Webhooks"], summary: "The receivers of webhooks, and how they are" },
      },
    )
    .get(
      "/v1/webhooks/:webhook_id",
      async ({ params, request }) => {
        strictParameters(request.url, []);
        return webhooks.spell(await getWebhook(webhooks, params.webhook_id));
      },
      {
        params: WebhookParams,
        response: { 200: WebhookModel, 400: Problem, 404: Problem, ...PROBLEM_REFUSALS },
        detail: { tags: ["Webhooks"], summary: "One receiver of webhooks" },
      },
    );
}

function addingRoute({ webhooks, gate, bodies }: WebhookRoutesOptions) {
  const keys = new RequestKeys(gate.clock);
  return new Elysia({ name: "webhooks-add" }).use(bearerGate(gate, "admin")).post(
    "/v1/webhooks",
    async ({ body, request, clientId, set, status }) => {
      strictParameters(request.url, []);
      const key = readRequestKey(request, clientId);
      const madeId = key === undefined ? undefined : keys.find(key, body);
      const made = (await webhooks.list()).find(({ id }) => id === madeId);
      if (made !== undefined) return status(200, made);
      const added = await webhooks.add(body, `client ${clientId}`);
      if (key !== undefined) keys.keep(key, body, endpointId(added.id));
      set.headers.location = `/v1/webhooks/${added.id}`;
      return status(201, added);
    },
    {
      ...jsonBody(AddBody, { bodies, bytesMax: BODY_BYTES_MAX }),
      response: {
        200: WebhookModel,
        201: WebhookWithSecret,
        400: Problem,
        409: Problem,
        422: Problem,
        ...BODY_REFUSALS,
        ...PROBLEM_REFUSALS,
      },
      detail: {
        tags: ["Webhooks"],
        summary: "Add a receiver of webhooks",
        description:
          "The answer tells the secret that signs its messages, once. With an `Idempotency-Key` " +
          "header the same request within 24 hours adds nothing more and is answered 200 with the " +
          "receiver, without its secret. `start` gives it what is stored already, in the background " +
          "and in order; what comes meanwhile it gets behind that.",
      },
    },
  );
}

function changingRoutes({ webhooks, gate, bodies }: WebhookRoutesOptions) {
  return new Elysia({ name: "webhooks-change" })
    .use(bearerGate(gate, "admin"))
    .patch(
      "/v1/webhooks/:webhook_id",
      async ({ params, body, request, clientId }) => {
        strictParameters(request.url, []);
        const endpoint = await getWebhook(webhooks, params.webhook_id);
        return webhooks.edit(endpoint, body, `client ${clientId}`);
      },
      {
        ...jsonBody(EditBody, { bodies, bytesMax: BODY_BYTES_MAX }),
        params: WebhookParams,
        response: {
          200: WebhookModel,
          400: Problem,
          404: Problem,
          409: Problem,
          ...BODY_REFUSALS,
          ...PROBLEM_REFUSALS,
        },
        detail: {
          tags: ["Webhooks"],
          summary: "Change a receiver of webhooks",
          description:
            "What is absent stays as it is. Other `types` and `devices` hold for messages that are " +
            "made from then on. The receiver of the settings is changed there: 409 " +
            "`webhook-of-settings`.",
        },
      },
    )
    .delete(
      "/v1/webhooks/:webhook_id",
      async ({ params, request, clientId, status }) => {
        strictParameters(request.url, []);
        const endpoint = await getWebhook(webhooks, params.webhook_id);
        await webhooks.remove(endpoint, `client ${clientId}`);
        return status(204, undefined);
      },
      {
        params: WebhookParams,
        response: {
          204: t.Void(),
          400: Problem,
          404: Problem,
          409: Problem,
          ...PROBLEM_REFUSALS,
        },
        detail: {
          tags: ["Webhooks"],
          summary: "Remove a receiver of webhooks",
          description: "What waits for it or is parked is deleted.",
        },
      },
    );
}

function furtherRoutes({ webhooks, gate, bodies }: WebhookRoutesOptions) {
  return new Elysia({ name: "webhooks-further" })
    .use(bearerGate(gate, "admin"))
    .post(
      "/v1/webhooks/:webhook_id/rotate-secret",
      async ({ params, body, request, clientId }) => {
        strictParameters(request.url, []);
        const endpoint = await getWebhook(webhooks, params.webhook_id);
        return webhooks.rotateSecret(endpoint, body, `client ${clientId}`);
      },
      {
        ...jsonBody(RotateBody, { bodies, bytesMax: BODY_BYTES_MAX }),
        params: WebhookParams,
        response: {
          200: WebhookWithSecret,
          400: Problem,
          404: Problem,
          409: Problem,
          ...BODY_REFUSALS,
          ...PROBLEM_REFUSALS,
        },
        detail: {
          tags: ["Webhooks"],
          summary: "Give a receiver a new secret",
          description:
            "For `overlap_hours` `webhook-signature` holds a signature of each secret, so that the " +
            "receiver can change over; `X-Webhook-Signature` has room for the new one alone. While " +
            "two secrets sign there is no third: 409 `secret-rotating`.",
        },
      },
    )
    .post(
      "/v1/webhooks/:webhook_id/test",
      async ({ params, request }) => {
        strictParameters(request.url, []);
        const endpoint = await getWebhook(webhooks, params.webhook_id);
        return spellTestResult(await webhooks.test(endpoint, request.signal));
      },
      {
        parse: "none",
        params: WebhookParams,
        response: {
          200: TestAnswer,
          400: Problem,
          404: Problem,
          409: Problem,
          ...PROBLEM_REFUSALS,
        },
        detail: {
          tags: ["Webhooks"],
          summary: "Send a test message to a receiver",
          description:
            "Waits at most 10 seconds for its answer, and follows no redirect. 200 also when it " +
            "fails: see `delivered`. What waits to be sent is not touched. In format `standard` the " +
            "message's `type` is `webhook.test`, else its `event_type` is `test_webhook`.",
        },
      },
    );
}
