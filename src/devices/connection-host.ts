/**
 * What a connection gets of its listener: its socket, bounds, the way to storage, counters.
 */

import type { Outcome, ReceivedIntake } from "#domain/intake.ts";
import type { Clock } from "#platform/clock.ts";
import type { Log } from "#platform/log.ts";
import type { DeadlineLimits } from "./deadlines.ts";
import type { Driver } from "./driver.ts";
import type { ReadingBudget } from "./reading-budget.ts";
import type { ReaderLimits } from "./request-reader.ts";
import type { RequestWatch } from "./request-trail.ts";
import type { NoteSighting } from "./terminal-watch-sighting.ts";

/** Bounds of one connection. Their defaults and names are in `config/config.ts`. */
export interface ConnectionLimits extends ReaderLimits, DeadlineLimits {
  /** Requests of one connection that may wait for their reply; then reading pauses. */
  readonly exchangesWaitingMax: number;
  /** Reply bytes the peer has not taken; beyond it reading pauses. No reply is dropped for it. */
  readonly unsentBytesMax: number;
}

/**
 * Why a connection ended. `answered`: a reply said so. `unacknowledged`: an outcome is spelled as
 * silence. `truncated`: the peer left in the middle of a request. `silent`: it never sent a byte.
 * `buffers-full`: there was no room for its request.
 */
export type CloseReason =
  | "answered"
  | "unacknowledged"
  | "peer-closed"
  | "truncated"
  | "silent"
  | "idle"
  | "slow-request"
  | "buffers-full"
  | "unread-reply"
  | "tls"
  | "unknown-protocol"
  | "violation"
  | "decoder-failed"
  | "stopping";

/** Ends at which a request is lost that the terminal goes on keeping. */
export const UNFINISHED: ReadonlySet<CloseReason> = new Set([
  "truncated",
  "slow-request",
  "buffers-full",
  "violation",
  "decoder-failed",
]);

/**
 * Why reading from a connection paused. `upload-room`: large requests have taken what is theirs of
 * the memory. `requests-waiting`, `unsent-bytes`: the limits of that name in `ConnectionLimits`.
 */
export type PauseReason = "upload-room" | "requests-waiting" | "unsent-bytes";

/** What a connection needs of its socket; a Bun socket as it is. */
export interface DeviceSocket {
  /** Takes some of the bytes and says how many; -1 when the socket is gone. */
  write(bytes: Uint8Array): number;
  shutdown(): void;
  terminate(): void;
  pause(): void;
  resume(): void;
}

/** Stores an intake. Resolves after the commit; by contract it never rejects. */
export type HandleIntake = (received: ReceivedIntake) => Promise<Outcome>;

/** What all connections of a listener share. */
export interface ConnectionHost {
  readonly drivers: readonly Driver[];
  readonly limits: ConnectionLimits;
  readonly handleIntake: HandleIntake;
  readonly budget: ReadingBudget;
  readonly clock: Clock;
  readonly log: Log;
  readonly noteSighting: NoteSighting;
  readonly requests: RequestWatch;
  /** A complete request was read. */
  countRequest(): void;
  /** The peer broke the protocol or a limit of it; `code` is a fixed word. */
  countViolation(code: string): void;
  /** Reading from a peer paused. */
  countPause(reason: PauseReason): void;
}
