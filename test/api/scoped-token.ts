/** Tokens that may do less than one of the main secret, for tests of who may do what. */

import { jwt } from "@elysiajs/jwt";
import { type ApiFixture, SIGNING_KEY } from "./api-fixture.ts";

/** A valid token of the fixture's client with other scopes than it has. */
export async function tokenWithScope(fixture: ApiFixture, scope: string): Promise<string> {
  const [, payload = ""] = (await fixture.token()).split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString());
  return jwt({ name: "tokens", secret: SIGNING_KEY }).decorator.tokens.sign({ ...claims, scope });
}
