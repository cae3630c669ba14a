/**
 * The seam between the terminal port and a protocol. A driver is a value: it holds no socket, no
 * clock and no database, so it cannot acknowledge early; it can only say how a given outcome is
 * spelled. Adding a protocol is a folder and a line in `drivers.ts`.
 */

import type { Intake, Outcome } from "#domain/intake.ts";

/** The answer of `sniff`: is this head of a connection the driver's protocol? */
export type SniffAnswer = "yes" | "no" | "more";

/** Bounds a decoder keeps to, in bytes. Their defaults and names are in `config/config.ts`. */
export interface DecoderLimits {
  /** Request line and headers together. */
  readonly headBytesMax: number;
  /** The text part of a body; binaries behind it are read and discarded as they stream. */
  readonly textBytesMax: number;
  /** A whole request, binaries included. */
  readonly requestBytesMax: number;
}

/** What is written back. `undefined` bytes: close without a single byte, so the record is kept. */
export interface Reply {
  readonly bytes: Uint8Array | undefined;
  /** Whether the connection ends after these bytes. */
  readonly close: boolean;
}

/** Close at once with zero bytes: the slow retry of every known terminal. */
export const CLOSE_SILENTLY: Reply = { bytes: undefined, close: true };

/** One interpreted request, and how each outcome of it is spelled on the wire. */
export interface Exchange {
  readonly kind: "exchange";
  readonly intake: Intake;
  encodeReply(outcome: Outcome): Reply;
}

/** A request that needs no storage: a health probe, a block of an upload that is not the last. */
export interface DirectAnswer {
  readonly kind: "answer";
  readonly reply: Reply;
}

/** The peer broke the protocol or a limit: the connection closes with zero bytes. */
export interface Violation {
  readonly kind: "violation";
  /** For the log and the counters: `head-too-long`, `block-out-of-order`. */
  readonly code: string;
  /** What was seen and what is wanted, for the operator. */
  readonly detail: string;
  readonly deviceIdText: string | undefined;
}

export type DecoderEvent = Exchange | DirectAnswer | Violation;

/** The incremental reader of one connection. Pure: same bytes, same events, however they are cut. */
export interface Decoder {
  /**
   * Takes the next bytes and returns what they complete, in order; never throws on any input.
   * After a `violation` it is not called again. Keeps no reference to `chunk`'s memory, which is
   * freed behind the call.
   */
  push(chunk: Uint8Array): readonly DecoderEvent[];
  /** Bytes held for a request that is not complete yet: 0 between requests. */
  readonly bufferedBytes: number;
  /** Whether a request has begun and is not complete: its deadline runs. */
  readonly midRequest: boolean;
}

/** A protocol. */
export interface Driver {
  readonly name: string;
  /** Decides on the first bytes of a connection; asks for `more` while it cannot. Pure. */
  sniff(head: Uint8Array): SniffAnswer;
  /** Starts the decoder of one connection, from this IP address. */
  open(limits: DecoderLimits, address: string): Decoder;
}
