/**
 * Follows the requests of one connection, for whoever must not take a terminal's queue for empty while
 * something of it may be on its way elsewhere: a link that drops leaves a connection of which neither
 * end is ever heard.
 *
 * States: `quiet`; `under way`, from the first byte of a request until the peer shows that it has the
 * reply, by what it sends next or by its own end. A request that does not get so far is lost.
 */

import type { Intake } from "#domain/intake.ts";

/** Told by every connection of what comes from an IP address. Cheap, and never throws. */
export interface RequestWatch {
  /** Of one more connection there, a request is under way. */
  began(address: string): void;
  /** Of one less. */
  ended(address: string): void;
  /** One did not come whole, or its reply was not heard: whoever sent it keeps it. */
  lost(address: string): void;
}

/** Requests that stand in no queue: they are lost without harm. */
const OUTSIDE_QUEUES: ReadonlySet<Intake["kind"]> = new Set(["poll", "command-result"]);

export class RequestTrail {
  readonly #address: string;
  readonly #watch: RequestWatch;
  #isIncomplete = false;
  #isUnheard = false;
  #isTold = false;

  constructor(address: string, watch: RequestWatch) {
    this.#address = address;
    this.#watch = watch;
  }

  /** Bytes came: `isIncomplete`, a request has begun with them and is not whole. */
  read(state: { readonly isIncomplete: boolean; readonly owesReply: boolean }): void {
    if (!state.owesReply) this.#isUnheard = false;
    this.#isIncomplete = state.isIncomplete;
    this.#tell();
  }

  /** A request came whole and is to be answered. */
  took(kind: Intake["kind"]): void {
    if (OUTSIDE_QUEUES.has(kind)) return;
    this.#isUnheard = true;
    this.#tell();
  }

  /** What has begun will not come whole, or nobody can read it. */
  broke(): void {
    this.#isIncomplete = false;
    this.#watch.lost(this.#address);
    this.#tell();
  }

  /** The connection is gone; `isHeard`: the peer ended it, with every reply in its hands. */
  ended(isHeard: boolean): void {
    if (this.#isUnheard && !isHeard) this.#watch.lost(this.#address);
    this.#isIncomplete = false;
    this.#isUnheard = false;
    this.#tell();
  }

  #tell(): void {
    const isUnderWay = this.#isIncomplete || this.#isUnheard;
    if (isUnderWay === this.#isTold) return;
    this.#isTold = isUnderWay;
    if (isUnderWay) this.#watch.began(this.#address);
    else this.#watch.ended(this.#address);
  }
}
