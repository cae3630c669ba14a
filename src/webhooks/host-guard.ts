/**
 * Refuses a name that leads to a link-local address, or to a port of this server, which the check of
 * the URL itself cannot see: the terminals' port takes whatever is sent to it, and messages that went
 * there would count as delivered. An address is looked at in the same way, because the machine may have
 * another one by now. The name is looked up on its own, so this keeps from an error and from a server of
 * names that was made to lie once, not from one that gives two answers within a moment.
 */

import { isLinkLocal, isOwnUrl, type OwnPorts } from "#config/webhook-url.ts";
import type { Clock } from "#platform/clock.ts";

/** An answer is believed for as long. */
const BELIEVED_MS = 60_000;
/** In a `URL` a host that begins like this, and no other, is an IP address. */
const ADDRESS = /^\[|^\d+\.\d+\.\d+\.\d+$/;

/** Gives the addresses of a name. Rejects when there are none. */
export type LookUp = (host: string) => Promise<readonly { readonly address: string }[]>;

/** What the guard works with. */
export interface HostGuardOptions {
  /** Absolute URL. */
  readonly url: string;
  readonly ownPorts: OwnPorts;
  readonly clock: Pick<Clock, "monotonicMs">;
  /** The system's when absent. */
  readonly lookUp?: LookUp;
}

/** One endpoint's host. */
export class HostGuard {
  readonly #url: URL;
  readonly #options: HostGuardOptions;
  #answer: Promise<string | undefined> = Promise.resolve(undefined);
  #askedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: HostGuardOptions) {
    this.#url = new URL(options.url);
    this.#options = options;
  }

  /** Why nothing must be sent there, for people; undefined where it may. Asks once a minute. */
  refusal(): Promise<string | undefined> {
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs - this.#askedAtMs >= BELIEVED_MS) {
      this.#askedAtMs = nowMs;
      this.#answer = this.#ask();
    }
    return this.#answer;
  }

  async #ask(): Promise<string | undefined> {
    const addresses = await this.#listAddresses();
    if (addresses.some(isLinkLocal)) return "it leads to a link-local address";
    const isOwn = addresses.some((address) => isOwnUrl(this.#url, address, this.#options.ownPorts));
    return isOwn ? "it leads to a port of this server itself" : undefined;
  }

  /** A name that is not found is refused by nobody: sending fails, and tells why. */
  async #listAddresses(): Promise<readonly string[]> {
    const host = this.#url.hostname;
    if (ADDRESS.test(host)) return [host];
    const { lookUp = Bun.dns.lookup } = this.#options;
    const found = await lookUp(host).catch(() => []);
    return found.map(({ address }) => address);
  }
}
