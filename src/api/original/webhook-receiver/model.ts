/** What `/api/webhook-receiver/*` give (contract.md 3.3). */

import { t } from "elysia";

export const ReceivedWebhook = t.Object({
  success: t.Literal(true),
  message: t.String({ examples: ["Webhook received; nothing is stored"] }),
  user_id: t.Union([t.Integer(), t.String()], {
    description: "What the message holds, in either format; `unknown` where it holds none.",
  }),
  direction: t.String({ description: "The same of the direction.", examples: ["IN"] }),
  timestamp: t.Union([t.Integer(), t.String()], {
    description: "The same of the terminal's time, else of the message's.",
  }),
  processed_at: t.String({
    format: "date-time",
    description: "The time of this answer, in the site's zone.",
  }),
});

export const ReceiverStatus = t.Object({
  success: t.Literal(true),
  status: t.Literal("active"),
  endpoint: t.String({ examples: ["/api/webhook-receiver/biometric"] }),
  methods: t.Array(t.Literal("POST")),
  description: t.String({ examples: ["Takes any JSON for a trial and stores nothing"] }),
});
