/**
 * One message on its way: the blocks that it is sent in, and where to go on after a failure. Blocks
 * count only together (protocol section 5): a terminal that got no answer to a block before the last
 * sends that block once more; in every other case the next try begins with the first. Pure state.
 */

import type { WireRequest } from "./dialect.ts";
import type { LinkEnding, LinkRequest } from "./link.ts";

/**
 * What goes wrong at the first try: `lost-reply`: the terminal never hears the reply to the whole
 * message; `cut`: the connection ends halfway through the last request; `cut-block`: halfway through
 * an earlier one, where there is one.
 */
export type Fault = "none" | "lost-reply" | "cut" | "cut-block";

/** The requests of one message. */
export class Upload {
  readonly #requests: readonly WireRequest[];
  readonly #faultAt: number;
  #fault: Fault;
  #next = 0;
  #isResumed = false;

  constructor(requests: readonly WireRequest[], fault: Fault) {
    this.#requests = requests;
    this.#fault = fault;
    const last = requests.length - 1;
    this.#faultAt = fault === "cut-block" ? Math.floor(last / 2) : last;
  }

  /** The request to begin a try with; undefined for a message that has none. */
  begin(): LinkRequest | undefined {
    const request = this.#requests[this.#next];
    if (request === undefined) return undefined;
    const fault = this.#next === this.#faultAt ? this.#fault : "none";
    if (fault !== "none") this.#fault = "none";
    return { ...request, abandonAfterBytes: bytesUntilFault(request, fault) };
  }

  /** An exchange has ended. Gives the request that follows; undefined when the try is over. */
  ended(ending: LinkEnding): LinkRequest | undefined {
    const isTaken = ending.kind === "replied" && ending.reply.acknowledges;
    const isLast = this.#next === this.#requests.length - 1;
    if (isTaken && !isLast) {
      this.#next += 1;
      return this.begin();
    }
    this.#isResumed = ending.kind === "failed" && !isLast && !this.#isResumed;
    if (!this.#isResumed) this.#next = 0;
    return undefined;
  }
}

function bytesUntilFault(request: WireRequest, fault: Fault): number | undefined {
  if (fault === "none") return undefined;
  const { bytes, headBytes } = request;
  return fault === "lost-reply" ? bytes.length : Math.floor((headBytes + bytes.length) / 2);
}
