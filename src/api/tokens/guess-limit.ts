/**
 * How fast the secret of a client can be guessed at. Counted are wrong secrets by address, never
 * right ones: a stuck program that repeats one wrong secret is a single guess, so that another one
 * behind its address still gets in, and a client the site knows is not locked out by what its
 * neighbours try under other names.
 */

import type { Clock } from "#platform/clock.ts";
import { SlidingLimit } from "#platform/sliding-limit.ts";

/** Different wrong secrets in any minute, and how often each of them is looked at. */
const GUESSES_PER_MINUTE_MAX = 10;
const MINUTE_MS = 60_000;
/** Addresses and secrets remembered; beyond it those tried longest ago are forgotten. */
const KEYS_MAX = 10_000;

/** One try to get a token. */
export interface TokenTry {
  /** As `addressKey` has it. */
  readonly address: string;
  readonly name: string;
  /** Whether the site itself named this client. */
  readonly isNamed: boolean;
  readonly secretSha256: Uint8Array;
}

export class GuessLimit {
  /** Wrong secrets by counter, each once. */
  readonly #guesses: SlidingLimit;
  /** The first time of each wrong secret. */
  readonly #firsts: SlidingLimit;
  /** All times of each wrong secret. */
  readonly #repeats: SlidingLimit;
  /** Names that got a token, with the address. The latest last. */
  readonly #served = new Set<string>();

  constructor(clock: Clock) {
    const limit = (requests: number): SlidingLimit =>
      new SlidingLimit({ requests, windowMs: MINUTE_MS, keysMax: KEYS_MAX, clock });
    this.#guesses = limit(GUESSES_PER_MINUTE_MAX);
    this.#firsts = limit(1);
    this.#repeats = limit(GUESSES_PER_MINUTE_MAX);
  }

  /** Milliseconds until the try may be looked at; 0 for at once. */
  waitMs(attempt: TokenTry): number {
    const counter = this.#counterOf(attempt);
    return Math.max(
      this.#guesses.waitMs(counter),
      this.#repeats.waitMs(secretKey(counter, attempt)),
    );
  }

  recordWrong(attempt: TokenTry): void {
    const counter = this.#counterOf(attempt);
    const secret = secretKey(counter, attempt);
    if (this.#firsts.take(secret) === 0) this.#guesses.record(counter);
    this.#repeats.record(secret);
  }

  recordRight(attempt: TokenTry): void {
    const key = nameKey(attempt);
    this.#served.delete(key);
    this.#served.add(key);
    if (this.#served.size <= KEYS_MAX) return;
    const [oldest] = this.#served;
    if (oldest !== undefined) this.#served.delete(oldest);
  }

  /** Known names have a counter each; all others of an address share one, so a new name gains nothing. */
  #counterOf(attempt: TokenTry): string {
    const key = nameKey(attempt);
    return attempt.isNamed || this.#served.has(key) ? key : attempt.address;
  }
}

function nameKey({ address, name }: TokenTry): string {
  return `${address} ${name}`;
}

function secretKey(counter: string, { secretSha256 }: TokenTry): string {
  return `${secretSha256.toBase64()} ${counter}`;
}
