/** The path of everything about one receiver of webhooks. */

import { t } from "elysia";
import { type Endpoint, endpointId } from "#domain/webhook-endpoint.ts";
import type { WebhookDesk } from "./desk.ts";

export const WebhookParams = t.Object({
  webhook_id: t.String({
    description: "The `id` of a webhook.",
    documentedAs: { type: "integer" },
  }),
});

/**
 * The receiver that a path names.
 * @throws ApiFailure `not-found`.
 */
export async function getWebhook(webhooks: WebhookDesk, idText: string): Promise<Endpoint> {
  return webhooks.get(endpointId(/^\d{1,15}$/.test(idText) ? Number(idText) : 0));
}
