/**
 * API clients: programs, such as an HRIS, that trade a name and a secret for a token. Pure rules of
 * names and scopes; secrets are compared in `api/`.
 */

import type { EpochMs } from "#base/epoch.ts";

/** Everything a client may be allowed to do. `admin` includes the others. */
export const CLIENT_SCOPES = ["read", "write", "admin"] as const;
export type ClientScope = (typeof CLIENT_SCOPES)[number];

/** Most UTF-16 units of a client's name. */
export const CLIENT_NAME_LENGTH_MAX = 256;

/** A client with a secret of its own, or a name that may no longer hold a token. */
export interface ApiClient {
  readonly name: string;
  /** Hexadecimal; undefined for a revoked name that only ever used the main secret. */
  readonly secretSha256: string | undefined;
  readonly scopes: readonly ClientScope[];
  readonly createdAtMs: EpochMs;
  /** Undefined while it may hold a token. */
  readonly revokedAtMs: EpochMs | undefined;
}

/** A client that is to be added. */
export type NewClient = Omit<ApiClient, "secretSha256" | "revokedAtMs"> & {
  readonly secretSha256: string;
};

/**
 * Whether a text can be a client's name: any characters, dots too, as the replaced server had it,
 * but no control characters and no broken ones, which could not be told apart in a token or a list.
 */
export function isClientName(text: string): boolean {
  if (text.length === 0 || text.length > CLIENT_NAME_LENGTH_MAX) return false;
  return text.isWellFormed() && !/\p{Cc}/u.test(text);
}

/** The scopes of a list with commas or blanks, each once, in our order; undefined if one is none. */
export function parseScopes(text: string): readonly ClientScope[] | undefined {
  const words = text.split(/[\s,]+/).filter((word) => word !== "");
  const scopes = CLIENT_SCOPES.filter((scope) => words.includes(scope));
  return words.length > 0 && new Set(words).size === scopes.length ? scopes : undefined;
}
