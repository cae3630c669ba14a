/**
 * Who may call: signs and checks tokens (JWT, HS256), and is the gate that a protected feature
 * puts before its routes. Issuing a token for a secret is `tokens/routes.ts`.
 */

import { jwt } from "@elysiajs/jwt";
import { Elysia, t } from "elysia";
import type { ClientScope } from "#domain/client.ts";
import type { Clock } from "#platform/clock.ts";
import type { ReadingTurns } from "#platform/reading-turns.ts";
import type { SlidingLimit } from "#platform/sliding-limit.ts";
import type { ClientAccess, TokenSettings } from "./client-access.ts";
import { ApiFailure, rateLimited } from "./errors.ts";

const Claims = t.Object({
  sub: t.String(),
  jti: t.String(),
  exp: t.Number(),
  scope: t.String(),
  /** The fingerprint of the secret that the token was traded for. */
  cred: t.String(),
});

/** The framework's token plugin over our key: gives routes `tokens.sign` and `tokens.verify`. */
export function tokenPlugin(signingKey: Uint8Array) {
  return jwt({ name: "tokens", secret: signingKey, schema: Claims });
}

/** What the gate needs. */
export interface BearerGateOptions {
  readonly tokens: TokenSettings;
  readonly access: ClientAccess;
  readonly limit: SlidingLimit;
  readonly turns: ReadingTurns;
  readonly clock: Clock;
}

/**
 * The gate of `contract.md` 2.2 for the routes of the feature that uses it: header, then token,
 * then rate limit, before anything else of the request is looked at. Whoever passes waits for its
 * turn to read. Gives routes `clientId`, and `isTokenValid`, which looks at the token anew. A token
 * with `admin` may do everything; one of a client that was revoked, left the whitelist or got another
 * secret is no token any more.
 */
export function bearerGate(options: BearerGateOptions, scope: ClientScope) {
  return new Elysia({ name: "bearer-gate", seed: scope })
    .use(tokenPlugin(options.tokens.signingKey))
    .derive({ as: "scoped" }, ({ request, tokens }) =>
      // Never the whole context: the framework would then read the body for a gate that may refuse it.
      passGate({ request, tokens }, options, scope),
    );
}

/** Who comes to the gate: any request of a feature that uses `tokenPlugin`. */
export interface Knock {
  readonly request: Request;
  readonly tokens: ReturnType<typeof tokenPlugin>["decorator"]["tokens"];
}

/** The gate itself, for a route that does not always have one. */
export async function passGate(
  { request, tokens }: Knock,
  { access, limit, turns, clock }: BearerGateOptions,
  scope: ClientScope,
) {
  const token = bearerToken(request);
  const findClaims = async () => {
    const claims = await tokens.verify(token, {
      algorithms: ["HS256"],
      currentDate: new Date(clock.nowMs()),
      requiredClaims: ["sub", "jti", "exp", "scope", "cred"],
    });
    const credential = claims === false ? undefined : await access.find(claims.sub);
    if (claims === false || credential === undefined) return undefined;
    return access.fingerprint(credential) === claims.cred ? claims : undefined;
  };
  const claims = await findClaims();
  if (claims === undefined) throw tokenInvalid();
  const waitMs = limit.take(claims.sub);
  if (waitMs > 0) throw rateLimited(waitMs);
  if (!hasScope(claims.scope, scope)) {
    throw new ApiFailure("scope-missing", `The token lacks the scope "${scope}"`, {
      headers: { "www-authenticate": `Bearer error="insufficient_scope", scope="${scope}"` },
    });
  }
  await turns.next();
  const isTokenValid = async () => (await findClaims()) !== undefined;
  return { clientId: claims.sub, isTokenValid };
}

/** The refusal of a token that is none, or none any more. */
export function tokenInvalid(): ApiFailure {
  return new ApiFailure("token-invalid", "Invalid token", {
    headers: { "www-authenticate": 'Bearer error="invalid_token"' },
  });
}

/** What the gate knows of who passed it. */
export interface TokenHolder {
  readonly request: Request;
  /** Looks at the token anew. */
  readonly isTokenValid: () => Promise<boolean>;
}

/** What a browser offers as the WebSocket's protocol in front of its token, and is answered. */
export const SOCKET_PROTOCOL = "bearer";

/**
 * The scheme is taken in any case, as RFC 9110 11.1 wants; the original took only `Bearer`. A
 * browser can give a WebSocket no header but its protocols, so there the token may be the second of
 * two. An address with a token in it is not taken: addresses are kept in logs and histories.
 */
function bearerToken(request: Request): string {
  const header = request.headers.get("authorization") ?? "";
  const token = /^bearer +(?<token>.+)$/i.exec(header)?.groups?.token ?? socketToken(request);
  if (token !== undefined) return token;
  throw new ApiFailure("token-missing", "Missing or invalid token", {
    headers: { "www-authenticate": "Bearer" },
  });
}

function socketToken({ headers }: Request): string | undefined {
  if (headers.get("upgrade")?.toLowerCase() !== "websocket") return undefined;
  const offered = (headers.get("sec-websocket-protocol") ?? "").split(",");
  const [protocol, token] = offered.map((text) => text.trim());
  return protocol === SOCKET_PROTOCOL ? token : undefined;
}

function hasScope(granted: string, wanted: ClientScope): boolean {
  const scopes = granted.split(" ");
  return scopes.includes(wanted) || scopes.includes("admin");
}
