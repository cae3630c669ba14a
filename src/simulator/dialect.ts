/**
 * How a fake terminal speaks: the interface between its behaviour (`terminal.ts`) and the spelling of
 * one protocol variant. A dialect is pure: it holds no socket, clock or queue.
 */

import type { SimulatedPunch } from "./simulated-punch.ts";
import type { SimulatedUser } from "./simulated-user.ts";

/** What a terminal says of itself when it polls. */
export interface SimulatedPoll {
  readonly name: string;
  /** 14 digits `YYYYMMDDhhmmss`, the terminal's local time. */
  readonly wallTime: string;
}

/** What became of a command, to be sent as `send_cmd_result`. */
export interface CommandResult {
  /** The transaction id under which the command came. */
  readonly commandId: string;
  /** `cmd_return_code`. */
  readonly returnCode: string;
  /** The result's fields; undefined for an empty body. */
  readonly fields: object | undefined;
  /** Bytes that the fields refer to as `BIN_1`, `BIN_2` and so on. */
  readonly binaries: readonly Uint8Array[];
}

/** One thing that a terminal has to say. */
export type TerminalMessage =
  | { readonly kind: "punch"; readonly punch: SimulatedPunch }
  | { readonly kind: "poll"; readonly poll: SimulatedPoll }
  | { readonly kind: "enrollment"; readonly user: SimulatedUser }
  | { readonly kind: "result"; readonly result: CommandResult };

/** A command that the server handed out with its answer to a poll. */
export interface ServerCommand {
  readonly id: string;
  readonly code: string;
  /** The parameters as they came. */
  readonly body: Uint8Array;
}

/** A complete reply, as the terminal takes it. */
export interface TerminalReply {
  /** True only for what the least tolerant terminal takes as "delivered" (section 0). */
  readonly acknowledges: boolean;
  /** True when the server tells the terminal to restart (section 7.1). */
  readonly reboots: boolean;
  readonly command: ServerCommand | undefined;
  /** True when the server keeps the connection open for another request. */
  readonly keepsOpen: boolean;
}

/** One request on the wire, and how its reply is read. */
export interface WireRequest {
  readonly bytes: Uint8Array;
  /** How many of the bytes are the head; 0 where the protocol has none. */
  readonly headBytes: number;
  /**
   * Reads the bytes received so far, as Latin-1 text. `ended` says that the server closed its side.
   * Gives undefined while more is needed; at the end also for a reply that was cut off.
   */
  readonly readReply: (received: string, ended: boolean) => TerminalReply | undefined;
}

/** The parameters of a command, taken apart. */
export interface CommandParameters {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly binaries: readonly Uint8Array[];
}

/** One protocol variant as one terminal speaks it. */
export interface Dialect {
  /** False for a protocol without polls, commands and enrollment pushes: only punches are sent. */
  readonly takesCommands: boolean;
  /** The requests that carry `message`: several when it is sent in blocks, which go out in order. */
  readonly encode: (message: TerminalMessage) => readonly WireRequest[];
  /** Takes a command's parameters apart; undefined for what the terminal does not understand. */
  readonly readParameters: (body: Uint8Array) => CommandParameters | undefined;
}
