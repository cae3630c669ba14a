/** The request and the answer of the token endpoint (contract.md 2.1). */

import { t } from "elysia";

/** A client id longer than this is taken for nonsense. */
const CLIENT_ID_LENGTH_MAX = 256;

export const Credentials = t.Object({
  client_id: t.Union([t.String({ minLength: 1, maxLength: CLIENT_ID_LENGTH_MAX }), t.Number()], {
    description: "The client's name; a number is echoed as a number.",
  }),
  client_secret: t.String({ minLength: 1, description: "The value of `HRIS_API_SECRET_KEY`." }),
});

export const IssuedToken = t.Object({
  success: t.Literal(true),
  token: t.String({ description: "Send it as `Authorization: Bearer <token>`." }),
  expires_in: t.String({ description: "Hours as text.", examples: ["24 hours"] }),
  client_id: t.Union([t.String(), t.Number()], { description: "As sent." }),
});
