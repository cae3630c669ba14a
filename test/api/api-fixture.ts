/**
 * The whole API over storage in memory, without a port, and the calls that tests make of it.
 */

import { LiveHub } from "#api/live/hub.ts";
import { WaitingReaders } from "#api/punches/waiting-readers.ts";
import { RequestTally } from "#api/request-tally.ts";
import { createWebApi, type WebApiOptions } from "#api/server.ts";
import type { ClientScope } from "#domain/client.ts";
import { deviceId } from "#domain/identifiers.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { idleMetrics } from "../support/idle-metrics.ts";
import { RecordingLog } from "../support/recording-log.ts";
import { testDesk } from "../support/test-desk.ts";
import { testQuarantine } from "../support/test-quarantine.ts";
import { FakeStorage } from "./fake-storage.ts";

export const CLIENT_SECRET = "correct horse battery staple";
export const SIGNING_KEY = new Uint8Array(32).fill(0xab);

/** An answer with its body read. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; undefined where it is none. */
  readonly json: unknown;
}

export class ApiFixture {
  readonly storage = new FakeStorage();
  readonly clock = new FakeClock();
  readonly log = new RecordingLog();
  readonly options: WebApiOptions;
  readonly #handle: (request: Request) => Promise<Response>;

  constructor(change: Partial<WebApiOptions> = {}) {
    const { storage = this.storage, requests = new RequestTally() } = change;
    this.options = {
      storage: this.storage,
      clock: this.clock,
      log: this.log,
      siteTimeZone: "Asia/Manila",
      serverTimeZone: "Asia/Tokyo",
      primaryDeviceId: deviceId("2401058352"),
      primaryUserRange: undefined,
      leadingZeros: "drop",
      apiUrl: "http://localhost:5050",
      tokens: {
        signingKey: SIGNING_KEY,
        expiryHours: 24,
        clientSecret: CLIENT_SECRET,
        allowedClients: [],
      },
      rateLimit: { requests: 100, windowSeconds: 60 },
      webhookFigures: () => ({
        enabled: true,
        url: "http://hris.example/hook",
        mode: "sync",
        rateLimit: 60,
        timeoutSeconds: 30,
        retryEnabled: true,
      }),
      webhookDelivery: async () => undefined,
      webhooks: testDesk(this),
      quarantine: testQuarantine(this),
      startedAtMonotonicMs: 0,
      residentBytes: () => 54.21 * 1024 * 1024,
      requests,
      metrics: idleMetrics({ clock: this.clock, storage, requests }),
      readiness: async () => ({ problems: [], notes: [] }),
      live: new LiveHub({
        storage: this.storage,
        clock: this.clock,
        log: this.log,
        siteTimeZone: "Asia/Manila",
        primaryDeviceId: deviceId("2401058352"),
      }),
      waitingReaders: new WaitingReaders(this.clock),
      submitIntake: async () => ({ kind: "failed" }),
      onWork: () => undefined,
      version: "1.2.3",
      ...(change.storage === undefined
        ? {}
        : {
            webhooks: testDesk({ ...this, storage: change.storage }),
            quarantine: testQuarantine({ ...this, storage: change.storage }),
          }),
      ...change,
    };
    const api = createWebApi(this.options);
    this.#handle = async (request) => api.handle(request);
  }

  /** The answer to one request, without a token unless `init` brings one. */
  async call(path: string, init: RequestInit = {}): Promise<Answer> {
    return readAnswer(await this.#handle(new Request(`http://localhost${path}`, init)));
  }

  /** Asks for a token. */
  async requestToken(body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.call("/api/auth/token", {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  }

  /** A valid token of a client, by default one with the main secret. */
  async token(clientId = "hris_system", clientSecret = CLIENT_SECRET): Promise<string> {
    const answer = await this.requestToken({ client_id: clientId, client_secret: clientSecret });
    return textField(answer.json, "token");
  }

  /** `GET` with a valid token. */
  async get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.call(path, {
      headers: { authorization: `Bearer ${await this.token()}`, ...headers },
    });
  }
}

/** Adds a client with a secret of its own, and gives the secret. */
export async function addClient(
  fixture: ApiFixture,
  name: string,
  scopes: readonly ClientScope[],
): Promise<string> {
  const secret = `secret of ${name}, made ${crypto.randomUUID()}`;
  const secretSha256 = new Bun.CryptoHasher("sha256").update(secret).digest("hex");
  const createdAtMs = fixture.clock.nowMs();
  await fixture.storage.addClient({ name, secretSha256, scopes, createdAtMs });
  return secret;
}

/** What a token says. */
export function claimsOf(token: string): Record<string, string | number> {
  const [, payload = ""] = token.split(".");
  return JSON.parse(Buffer.from(payload, "base64url").toString());
}

/** Reads a response to its end. */
export async function readAnswer(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = /[/+]json/.test(response.headers.get("content-type") ?? "") && text !== "";
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: isJson ? JSON.parse(text) : undefined,
  };
}

/** A field of a JSON object; undefined where there is none. */
export function field(json: unknown, ...path: readonly (string | number)[]): unknown {
  let value = json;
  for (const name of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = Reflect.get(value, name);
  }
  return value;
}

/** A text field of a JSON object. */
export function textField(json: unknown, ...path: readonly (string | number)[]): string {
  const value = field(json, ...path);
  if (typeof value !== "string") throw new Error(`No text at "${path.join(".")}"`);
  return value;
}

/** A list field of a JSON object. */
export function listField(json: unknown, ...path: readonly (string | number)[]): unknown[] {
  const value = field(json, ...path);
  if (!Array.isArray(value)) throw new Error(`No list at "${path.join(".")}"`);
  return value;
}
