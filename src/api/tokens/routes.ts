/**
 * Trades the client secret for a token (contract.md 2.1). Guessing is limited by the address of
 * the client, and the secret is compared in constant time.
 */

import { Elysia, getSchemaValidator } from "elysia";
import type { Clock } from "#platform/clock.ts";
import type { Log } from "#platform/log.ts";
import { SlidingLimit } from "#platform/sliding-limit.ts";
import type { ArrivingBodies } from "../arriving-bodies.ts";
import { FULL_SCOPE, isClientAllowed, type TokenSettings, tokenPlugin } from "../auth.ts";
import { addressKey } from "../client-address.ts";
import { ApiFailure, OriginalError, rateLimited } from "../errors.ts";
import { readJsonBody } from "../json-body.ts";
import { Credentials, IssuedToken } from "./model.ts";

/** Refused tries that one address has in any minute. */
const FAILURES_PER_MINUTE_MAX = 10;
const ADDRESSES_MAX = 10_000;
/** Anybody may send some, so that they are small. */
const CREDENTIALS_BYTES_MAX = 64 * 1024;

/** The framework's own check comes after parsing and knows none of the contract's words. */
const credentialsForm = getSchemaValidator(Credentials, { additionalProperties: true });

/** What the token endpoint needs. */
export interface TokenRoutesOptions {
  readonly tokens: TokenSettings;
  readonly clock: Clock;
  readonly log: Log;
  readonly bodies: ArrivingBodies;
}

/** `POST /api/auth/token`. */
export function tokenRoutes({ tokens: settings, clock, log, bodies }: TokenRoutesOptions) {
  const failures = new SlidingLimit({
    requests: FAILURES_PER_MINUTE_MAX,
    windowMs: 60_000,
    keysMax: ADDRESSES_MAX,
    clock,
  });
  return new Elysia({ name: "tokens" }).use(tokenPlugin(settings.signingKey)).post(
    "/api/auth/token",
    async ({ body, tokens, request, server }) => {
      const address = addressKey(server?.requestIP(request)?.address);
      const waitMs = failures.waitMs(address);
      if (waitMs > 0) throw rateLimited(waitMs);
      const clientId = String(body.client_id);
      const refusal = checkCredentials(settings, clientId, body.client_secret);
      if (refusal !== undefined) {
        failures.record(address);
        const fields = { client: clientId, address, reason: refusal.code };
        log.warn("token.refused", fields, { per: address });
        throw refusal;
      }
      const token = await tokens.sign({
        sub: clientId,
        jti: crypto.randomUUID(),
        exp: Math.floor(clock.nowMs() / 1000) + settings.expiryHours * 3600,
        scope: FULL_SCOPE,
      });
      return {
        success: true as const,
        token,
        expires_in: `${settings.expiryHours} hours`,
        client_id: body.client_id,
      };
    },
    {
      parse: ({ request }) => readCredentials(request, bodies),
      body: Credentials,
      response: {
        200: IssuedToken,
        400: OriginalError,
        401: OriginalError,
        403: OriginalError,
        413: OriginalError,
        415: OriginalError,
        429: OriginalError,
        503: OriginalError,
      },
      detail: { tags: ["Tokens"], summary: "Get a token for the client secret", security: [] },
    },
  );
}

/** The whitelist comes before the secret, as in the original. */
function checkCredentials(
  settings: TokenSettings,
  clientId: string,
  clientSecret: string,
): ApiFailure | undefined {
  if (!isClientAllowed(settings, clientId)) {
    return new ApiFailure("client-not-authorized", "Client not authorized");
  }
  if (crypto.timingSafeEqual(sha256(clientSecret), sha256(settings.clientSecret))) return undefined;
  return new ApiFailure("credentials-wrong", "Invalid credentials");
}

/** Digests are of one length, which the comparison needs, and hide the length of the secret. */
function sha256(text: string): Buffer {
  return new Bun.CryptoHasher("sha256").update(text).digest();
}

async function readCredentials(request: Request, bodies: ArrivingBodies): Promise<unknown> {
  const body = await readJsonBody(request, { bodies, bytesMax: CREDENTIALS_BYTES_MAX });
  if (credentialsForm.Check(body)) return body;
  throw new ApiFailure("credentials-missing", "client_id and client_secret required");
}
