/**
 * Which names may hold a token, and by which secret: names with a row of their own by that row
 * alone, all others by the main secret and the whitelist. Asked when a token is issued and again at
 * every use, so that what an operator changes is in force at once.
 */

import type { Storage } from "#storage/storage.ts";

/** How long tokens live, and who gets one for the main secret. */
export interface AccessRules {
  readonly expiryHours: number;
  /** The main secret: of every client without a secret of its own. */
  readonly clientSecret: string;
  /** Client ids that get a token for the main secret; empty for any. Compared trimmed. */
  readonly allowedClients: readonly string[];
}

/** The same, and how tokens are made. */
export interface TokenSettings extends AccessRules {
  /** At least 32 bytes, kept over restarts, so that tokens outlive the process. */
  readonly signingKey: Uint8Array;
}

/** What access asks of storage. */
export type ClientRows = Pick<Storage, "findClient" | "listClients">;

/** What a name needs for a token, and what the token lets it do. */
export interface Credential {
  readonly secretSha256: Uint8Array;
  /** Words between blanks. */
  readonly scope: string;
  /** Whether the site named this client, in a row or in the whitelist. */
  readonly isNamed: boolean;
}

/** What a token of the main secret may do. */
const FULL_SCOPE = "read write admin";

export class ClientAccess {
  readonly #clients: ClientRows;
  readonly #signingKey: Uint8Array;
  #rules: AccessRules;
  #allowedClients: ReadonlySet<string>;
  #mainCredential: Credential;

  constructor(settings: TokenSettings, clients: ClientRows) {
    this.#clients = clients;
    this.#signingKey = settings.signingKey;
    this.#rules = settings;
    this.#allowedClients = allowedNames(settings);
    this.#mainCredential = mainCredential(settings);
  }

  /** Life of a token that is issued. */
  get tokenExpiryHours(): number {
    return this.#rules.expiryHours;
  }

  /** Changes the rules. Tokens of a main secret that is replaced are none from here on. */
  setRules(rules: AccessRules): void {
    this.#rules = rules;
    this.#allowedClients = allowedNames(rules);
    this.#mainCredential = mainCredential(rules);
  }

  /** What a name needs as things stand; undefined when it may hold no token. */
  async find(name: string): Promise<Credential | undefined> {
    const client = await this.#clients.findClient(name);
    if (client === undefined) {
      const isAllowed = this.#allowedClients.size === 0 || this.#allowedClients.has(name);
      return isAllowed ? this.#mainCredential : undefined;
    }
    if (client.revokedAtMs !== undefined || client.secretSha256 === undefined) return undefined;
    return {
      secretSha256: Uint8Array.fromHex(client.secretSha256),
      scope: client.scopes.join(" "),
      isNamed: true,
    };
  }

  /** Whether a text is a secret in force or once in force, as where somebody mixed up two fields. */
  async isSecret(text: string): Promise<boolean> {
    const digest = sha256(text);
    const rows = await this.#clients.listClients();
    const isOfClient = rows.some(({ secretSha256 }) => secretSha256 === digest.toString("hex"));
    return isOfClient || isSecretRight(this.#mainCredential, digest);
  }

  /**
   * Names a secret without telling it: a token carries it, and dies with the secret that it was
   * traded for. The colon keeps it apart from what a signature of a token covers.
   */
  fingerprint({ secretSha256 }: Credential): string {
    const hasher = new Bun.CryptoHasher("sha256", this.#signingKey);
    return hasher.update("credential:").update(secretSha256).digest("base64url");
  }
}

function allowedNames({ allowedClients }: AccessRules): ReadonlySet<string> {
  return new Set(allowedClients.map((name) => name.trim()).filter((name) => name !== ""));
}

function mainCredential(rules: AccessRules): Credential {
  return {
    secretSha256: sha256(rules.clientSecret),
    scope: FULL_SCOPE,
    isNamed: allowedNames(rules).size > 0,
  };
}

/** Whether a secret is the one. In constant time, also over the length: digests are of one length. */
export function isSecretRight(credential: Credential, secretSha256: Uint8Array): boolean {
  return crypto.timingSafeEqual(secretSha256, credential.secretSha256);
}

export function sha256(text: string): Buffer {
  return new Bun.CryptoHasher("sha256").update(text).digest();
}
