/** What `GET /api/docs` gives (contract.md 3.3). */

import { type Static, t } from "elysia";

const DocumentedEndpoint = t.Object({
  description: t.String(),
  auth_required: t.Boolean({ description: "Whether it needs a token." }),
  parameters: t.Record(t.String(), t.String(), {
    description: "By name, in words: of the path, the query, and the JSON body.",
  }),
});
export type DocumentedEndpoint = Static<typeof DocumentedEndpoint>;

export const DocsAnswer = t.Object({
  title: t.String({ examples: ["biometric-server"] }),
  version: t.String({ examples: ["1.0.0"] }),
  description: t.String({ examples: ["Punches of attendance terminals."] }),
  authentication: t.Object({
    type: t.Literal("Bearer Token"),
    header: t.String({ examples: ["Authorization: Bearer <token>"] }),
    token_endpoint: t.String({ examples: ["POST /api/auth/token"] }),
    token_expiry_hours: t.Integer({ examples: [24] }),
  }),
  rate_limiting: t.Object({
    requests_per_window: t.Integer({ description: "Of one client.", examples: [100] }),
    window_seconds: t.Integer({ examples: [60] }),
  }),
  endpoints: t.Record(t.String(), DocumentedEndpoint, {
    description: "By method and path, such as `GET /api/biometric/logs`.",
    examples: [
      {
        "GET /api/biometric/status": {
          description: "Terminals, users, settings and the webhook",
          auth_required: true,
          parameters: {},
        },
      },
    ],
  }),
});
export type DocsAnswer = Static<typeof DocsAnswer>;
