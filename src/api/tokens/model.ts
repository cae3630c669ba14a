/** The request and the answer of the token endpoint (contract.md 2.1). */

import { t } from "elysia";
import { CLIENT_NAME_LENGTH_MAX } from "#domain/client.ts";

export const Credentials = t.Object({
  client_id: t.Union([t.String({ minLength: 1 }), t.Number()], {
    description:
      `The client's name, at most ${CLIENT_NAME_LENGTH_MAX} characters without control ` +
      "characters; a number is echoed as a number.",
    examples: ["hris_system"],
  }),
  client_secret: t.String({
    minLength: 1,
    description:
      "The client's own secret, as `biometric-server clients add` printed it; for a client " +
      "without one the value of `HRIS_API_SECRET_KEY`.",
    examples: ["the secret of the client"],
  }),
});

export const IssuedToken = t.Object({
  success: t.Literal(true),
  token: t.String({ description: "Send it as `Authorization: Bearer <token>`." }),
  expires_in: t.String({ description: "Hours as text.", examples: ["24 hours"] }),
  client_id: t.Union([t.String(), t.Number()], { description: "As sent." }),
});
