/**
 * The `Idempotency-Key`s of requests that made something, so that their repetition makes nothing
 * more. In memory: after a restart the name, which is unique, keeps from a double.
 */

import type { EndpointId } from "#domain/webhook-endpoint.ts";
import type { Clock } from "#platform/clock.ts";
import { requestKeyReused } from "../request-key.ts";

/** How long a key is remembered. */
const KEPT_MS = 24 * 3_600_000;
/** The oldest is forgotten first. */
const KEYS_MAX = 1000;

interface KeptRequest {
  readonly digest: string;
  readonly madeId: EndpointId;
  /** By the monotonic clock. */
  readonly atMs: number;
}

export class RequestKeys {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #kept = new Map<string, KeptRequest>();

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
  }

  /**
   * What a request with this key made; undefined where none is known.
   * @throws ApiFailure `idempotency-key-reused` where that was another request.
   */
  find(key: string, body: unknown): EndpointId | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined || this.#clock.monotonicMs() - kept.atMs > KEPT_MS) return undefined;
    if (kept.digest === digestOf(JSON.stringify(body))) return kept.madeId;
    throw requestKeyReused();
  }

  /** Remembers what a request with this key has made. */
  keep(key: string, body: unknown, madeId: EndpointId): void {
    const atMs = this.#clock.monotonicMs();
    this.#kept.delete(key);
    this.#kept.set(key, { digest: digestOf(JSON.stringify(body)), madeId, atMs });
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined && this.#kept.size > KEYS_MAX) this.#kept.delete(oldest);
  }
}

function digestOf(text: string): string {
  return new Bun.CryptoHasher("sha256").update(text).digest("hex");
}
