/**
 * Trades a client's secret for a token (contract.md 2.1). Guessing is limited by the address of the
 * client, and the secret is compared in constant time.
 */

import { Elysia, getSchemaValidator } from "elysia";
import { fail, ok, type Result } from "#base/result.ts";
import { CLIENT_NAME_LENGTH_MAX, isClientName } from "#domain/client.ts";
import type { Clock } from "#platform/clock.ts";
import type { Log } from "#platform/log.ts";
import type { ArrivingBodies } from "../arriving-bodies.ts";
import { tokenPlugin } from "../auth.ts";
import {
  type ClientAccess,
  type Credential,
  isSecretRight,
  sha256,
  type TokenSettings,
} from "../client-access.ts";
import { addressKey } from "../client-address.ts";
import { ApiFailure, OriginalError, originalErrorAs, rateLimited } from "../errors.ts";
import { readJsonBody } from "../json-body.ts";
import { GuessLimit, type TokenTry } from "./guess-limit.ts";
import { Credentials, IssuedToken } from "./model.ts";

/** Anybody may send some, so that they are small. */
const CREDENTIALS_BYTES_MAX = 64 * 1024;

/** What the token endpoint needs. */
export interface TokenRoutesOptions {
  readonly tokens: TokenSettings;
  readonly access: ClientAccess;
  readonly clock: Clock;
  readonly log: Log;
  readonly bodies: ArrivingBodies;
}

/** The framework's own check comes after parsing and knows none of the contract's words. */
const credentialsForm = getSchemaValidator(Credentials, { additionalProperties: true });

/** `POST /api/auth/token`. */
export function tokenRoutes(options: TokenRoutesOptions) {
  const { tokens: settings, access, clock, bodies } = options;
  const limit = new GuessLimit(clock);
  return new Elysia({ name: "tokens" }).use(tokenPlugin(settings.signingKey)).post(
    "/api/auth/token",
    async ({ body, tokens, request, server }) => {
      const name = readName(body.client_id);
      const credential = await access.find(name);
      const attempt: TokenTry = {
        address: addressKey(server?.requestIP(request)?.address),
        name,
        isNamed: credential?.isNamed ?? false,
        secretSha256: sha256(body.client_secret),
      };
      const verdict = judge(attempt, credential, limit);
      if (!verdict.ok) {
        await logRefusal(options, attempt, verdict.error);
        throw verdict.error;
      }
      const token = await tokens.sign({
        sub: name,
        jti: crypto.randomUUID(),
        exp: Math.floor(clock.nowMs() / 1000) + access.tokenExpiryHours * 3600,
        scope: verdict.value.scope,
        cred: access.fingerprint(verdict.value),
      });
      return {
        success: true as const,
        token,
        expires_in: `${access.tokenExpiryHours} hours`,
        client_id: body.client_id,
      };
    },
    {
      parse: ({ request }) => readCredentials(request, bodies),
      body: Credentials,
      response: {
        200: IssuedToken,
        400: originalErrorAs("credentials-missing", "client_id and client_secret required"),
        401: originalErrorAs("credentials-wrong", "Invalid credentials"),
        403: originalErrorAs("client-not-authorized", "Client not authorized"),
        413: OriginalError,
        415: OriginalError,
        429: OriginalError,
        503: OriginalError,
      },
      detail: { tags: ["Tokens"], summary: "Get a token for the client secret", security: [] },
    },
  );
}

/**
 * Whether the name may hold a token comes before the secret, as in the original. Looks at the limit
 * and counts in one go, so that tries that come together cannot pass it together.
 */
function judge(
  attempt: TokenTry,
  credential: Credential | undefined,
  limit: GuessLimit,
): Result<Credential, ApiFailure> {
  const waitMs = limit.waitMs(attempt);
  if (waitMs > 0) return fail(rateLimited(waitMs));
  if (credential !== undefined && isSecretRight(credential, attempt.secretSha256)) {
    limit.recordRight(attempt);
    return ok(credential);
  }
  limit.recordWrong(attempt);
  if (credential === undefined) {
    return fail(new ApiFailure("client-not-authorized", "Client not authorized"));
  }
  const headers = { "www-authenticate": "Bearer" };
  return fail(new ApiFailure("credentials-wrong", "Invalid credentials", { headers }));
}

async function logRefusal(
  { access, log }: TokenRoutesOptions,
  { address, name }: TokenTry,
  refusal: ApiFailure,
): Promise<void> {
  const client = (await access.isSecret(name)) ? "(a secret, in the wrong field)" : name;
  log.warn("token.refused", { client, address, reason: refusal.code }, { per: address });
}

async function readCredentials(request: Request, bodies: ArrivingBodies): Promise<unknown> {
  const body = await readJsonBody(request, { bodies, bytesMax: CREDENTIALS_BYTES_MAX });
  if (credentialsForm.Check(body)) return body;
  throw new ApiFailure("credentials-missing", "client_id and client_secret required");
}

/** A number beyond what JSON readers agree on would name another client than its sender means. */
function readName(clientId: string | number): string {
  const isReadable =
    typeof clientId === "string"
      ? isClientName(clientId)
      : Math.abs(clientId) <= Number.MAX_SAFE_INTEGER;
  if (isReadable) return String(clientId);
  throw new ApiFailure(
    "request-invalid",
    `client_id must be a text of at most ${CLIENT_NAME_LENGTH_MAX} characters without control ` +
      "characters, or a number of at most 2^53",
  );
}
