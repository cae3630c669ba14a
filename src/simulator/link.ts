/**
 * What a fake terminal needs of a network: one request at a time, answered once. `tcp-link.ts` is the
 * real one; tests give their own.
 */

import type { TerminalReply, WireRequest } from "./dialect.ts";

/** Why a request got no reply. */
export type LinkFailure = "connectionErrors" | "closedWithoutReply" | "timeouts" | "abandoned";

/** How an exchange ended. `unreadable` is a reply that no terminal could hold. */
export type LinkEnding =
  | { readonly kind: "replied"; readonly reply: TerminalReply; readonly latencyMs: number }
  | { readonly kind: "unreadable" }
  | { readonly kind: "failed"; readonly failure: LinkFailure };

/** One request to be sent. */
export interface LinkRequest extends WireRequest {
  /** The terminal gives the connection up after this many bytes, without waiting for a reply. */
  readonly abandonAfterBytes: number | undefined;
}

/** The terminal's way to the server. */
export interface Link {
  /** Sends `request`; `onEnd` is called once, never before this returns, unless `drop` is called. */
  exchange(request: LinkRequest, onEnd: (ending: LinkEnding) => void): void;
  /** Gives up whatever is under way, the connection too; its `onEnd` is not called. */
  drop(): void;
  /** Ends the exchange under way if its time is over. `nowMs` is monotonic. */
  checkTimeout(nowMs: number): void;
}
