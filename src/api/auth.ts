/**
 * Who may call: signs and checks tokens (JWT, HS256), and is the gate that a protected feature
 * puts before its routes. Issuing a token for a secret is `tokens/routes.ts`.
 */

import { jwt } from "@elysiajs/jwt";
import { Elysia, t } from "elysia";
import type { Clock } from "#platform/clock.ts";
import type { SlidingLimit } from "#platform/sliding-limit.ts";
import { ApiFailure, rateLimited } from "./errors.ts";
import type { ReadingTurns } from "./reading-turns.ts";

/** What a client may do. The main secret gives all three. */
export type Scope = "read" | "write" | "admin";

/** What a token of the main secret may do, as written into it. */
export const FULL_SCOPE = "read write admin";

/** Who may hold a token, and how it is checked. */
export interface TokenSettings {
  /** At least 32 bytes, kept over restarts, so that tokens outlive the process. */
  readonly signingKey: Uint8Array;
  readonly expiryHours: number;
  /** The secret that a client trades for a token. */
  readonly clientSecret: string;
  /** Client ids that may hold a token; empty for anyone with the secret. Compared trimmed. */
  readonly allowedClients: readonly string[];
}

const Claims = t.Object({ sub: t.String(), jti: t.String(), exp: t.Number(), scope: t.String() });

/** The framework's token plugin over our key: gives routes `tokens.sign` and `tokens.verify`. */
export function tokenPlugin(signingKey: Uint8Array) {
  return jwt({ name: "tokens", secret: signingKey, schema: Claims });
}

/** Whether a client may hold a token at all. */
export function isClientAllowed(settings: TokenSettings, clientId: string): boolean {
  const allowed = settings.allowedClients.map((name) => name.trim()).filter((name) => name !== "");
  return allowed.length === 0 || allowed.includes(clientId);
}

/** What the gate needs. */
export interface BearerGateOptions {
  readonly tokens: TokenSettings;
  readonly limit: SlidingLimit;
  readonly turns: ReadingTurns;
  readonly clock: Clock;
}

/**
 * The gate of `contract.md` 2.2 for the routes of the feature that uses it: header, then token,
 * then rate limit, before anything else of the request is looked at. Whoever passes waits for its
 * turn to read. Gives routes `clientId`. A token with `admin` may do everything.
 */
export function bearerGate(options: BearerGateOptions, scope: Scope) {
  const { tokens: settings, limit, turns, clock } = options;
  return new Elysia({ name: "bearer-gate", seed: scope })
    .use(tokenPlugin(settings.signingKey))
    .derive({ as: "scoped" }, async ({ request, tokens }) => {
      const token = bearerToken(request);
      const claims = await tokens.verify(token, {
        algorithms: ["HS256"],
        currentDate: new Date(clock.nowMs()),
        requiredClaims: ["sub", "jti", "exp", "scope"],
      });
      if (claims === false || !isClientAllowed(settings, claims.sub)) {
        throw new ApiFailure("token-invalid", "Invalid token", {
          headers: { "www-authenticate": 'Bearer error="invalid_token"' },
        });
      }
      const waitMs = limit.take(claims.sub);
      if (waitMs > 0) throw rateLimited(waitMs);
      if (!hasScope(claims.scope, scope)) {
        throw new ApiFailure("scope-missing", `The token lacks the scope "${scope}"`, {
          headers: { "www-authenticate": `Bearer error="insufficient_scope", scope="${scope}"` },
        });
      }
      await turns.next();
      return { clientId: claims.sub };
    });
}

/** The scheme is taken in any case, as RFC 9110 11.1 wants; the original took only `Bearer`. */
function bearerToken(request: Request): string {
  const header = request.headers.get("authorization") ?? "";
  const token = /^bearer +(?<token>.+)$/i.exec(header)?.groups?.token;
  if (token !== undefined) return token;
  throw new ApiFailure("token-missing", "Missing or invalid token", {
    headers: { "www-authenticate": "Bearer" },
  });
}

function hasScope(granted: string, wanted: Scope): boolean {
  const scopes = granted.split(" ");
  return scopes.includes(wanted) || scopes.includes("admin");
}
