/**
 * Refuses a name that leads to a link-local address, which the check of the URL itself cannot see.
 * The name is looked up on its own, so this keeps from an error and from a server of names that was
 * made to lie once, not from one that gives two answers within a moment.
 */

import { isLinkLocal } from "#config/webhook-url.ts";
import type { Clock } from "#platform/clock.ts";

/** An answer is believed for as long. */
const BELIEVED_MS = 60_000;
/** In a `URL` a host that begins like this, and no other, is an IP address. */
const ADDRESS = /^\[|^\d+\.\d+\.\d+\.\d+$/;

/** Gives the addresses of a name. Rejects when there are none. */
export type LookUp = (host: string) => Promise<readonly { readonly address: string }[]>;

/** One endpoint's host. */
export class HostGuard {
  readonly #host: string;
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #lookUp: LookUp;
  #answer: Promise<boolean> = Promise.resolve(false);
  #askedAtMs = Number.NEGATIVE_INFINITY;

  constructor(url: string, clock: Pick<Clock, "monotonicMs">, lookUp: LookUp = Bun.dns.lookup) {
    this.#host = new URL(url).hostname;
    this.#clock = clock;
    this.#lookUp = lookUp;
  }

  /**
   * Whether nothing must be sent there, by a server of names that is asked once a minute; undefined
   * where there is no name to ask for.
   */
  isRefused(): Promise<boolean> | undefined {
    if (ADDRESS.test(this.#host)) return undefined;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#askedAtMs >= BELIEVED_MS) {
      this.#askedAtMs = nowMs;
      this.#answer = this.#ask();
    }
    return this.#answer;
  }

  /** A name that is not found is refused by nobody: sending fails, and tells why. */
  async #ask(): Promise<boolean> {
    const addresses = await this.#lookUp(this.#host).catch(() => []);
    return addresses.some(({ address }) => isLinkLocal(address));
  }
}
