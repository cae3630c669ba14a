/** What the control socket says of receivers and their messages, beside the shapes of `/v1`. */

import { t } from "elysia";
import { DeliveryEntry } from "../../webhooks/delivery-model.ts";

export const WebhookRemoved = t.Object({ name: t.String(), removed: t.Literal(true) });

/** A message, and the name of its receiver. */
export const NamedDeliveryEntry = t.Object({ ...DeliveryEntry.properties, webhook: t.String() });
