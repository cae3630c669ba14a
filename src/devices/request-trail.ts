/**
 * Follows the requests of one connection, for whoever must not take a terminal's queue for empty while
 * something of it may be on its way elsewhere: a link that drops leaves a connection of which neither
 * end is ever heard.
 *
 * States: `quiet`; `under way`, from the first byte of a request until the peer shows that it has the
 * reply, by what it sends next or by its own end. A request that does not get so far is lost.
 */

import type { Intake } from "#domain/intake.ts";

/**
 * Told by every connection of what is under way, by its source: the id of the terminal, or the IP
 * address while nobody knows whose it is. Cheap, and never throws.
 */
export interface RequestWatch {
  /** On one more connection, a request of it is under way. */
  began(source: string): void;
  /** On one less. */
  ended(source: string): void;
  /** One did not come whole, or its reply was not heard: whoever sent it keeps it. */
  lost(source: string): void;
}

/** Requests that stand in no queue: they are lost without harm. */
const OUTSIDE_QUEUES: ReadonlySet<Intake["kind"]> = new Set(["poll", "command-result"]);
const NOTHING: ReadonlySet<string> = new Set();

export class RequestTrail {
  readonly #address: string;
  readonly #watch: RequestWatch;
  #isIncomplete = false;
  /** Whose replies nobody has been seen to take. */
  #unheard = NOTHING;
  #told = NOTHING;

  constructor(address: string, watch: RequestWatch) {
    this.#address = address;
    this.#watch = watch;
  }

  /** Bytes came: `isIncomplete`, a request has begun with them and is not whole. */
  read(state: { readonly isIncomplete: boolean; readonly owesReply: boolean }): void {
    if (!state.owesReply) this.#unheard = NOTHING;
    this.#isIncomplete = state.isIncomplete;
    this.#tell();
  }

  /** A request came whole and is to be answered. */
  took({ kind, deviceId }: Pick<Intake, "kind" | "deviceId">): void {
    if (OUTSIDE_QUEUES.has(kind)) return;
    this.#unheard = new Set([...this.#unheard, deviceId ?? this.#address]);
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
    if (!isHeard) for (const source of this.#unheard) this.#watch.lost(source);
    this.#isIncomplete = false;
    this.#unheard = NOTHING;
    this.#tell();
  }

  #tell(): void {
    const told = this.#told;
    const now = this.#isIncomplete ? new Set([...this.#unheard, this.#address]) : this.#unheard;
    for (const source of now) if (!told.has(source)) this.#watch.began(source);
    for (const source of told) if (!now.has(source)) this.#watch.ended(source);
    this.#told = now;
  }
}
