/**
 * What a terminal can be told to do, in the project's words, and how far a command has come. How a
 * command is spelled to a terminal is its driver's affair. There is none that clears, flashes, opens
 * a door, or sends a terminal to another server.
 */

import type { EpochMs } from "#base/epoch.ts";
import type { DeviceId } from "./identifiers.ts";
import type { Enrollment } from "./user.ts";
import type { WallTime } from "./wall-time.ts";

/** A command. Users are named as the terminal names them, with their zeros. */
export type DeviceCommand =
  /** Sets the clock to the time at which the command is handed out. */
  | { readonly kind: "set-time" }
  /** Reads the terminal's own log; both ends included, in the terminal's local time. */
  | {
      readonly kind: "read-log";
      readonly fromWallTime?: WallTime | undefined;
      readonly untilWallTime?: WallTime | undefined;
    }
  | { readonly kind: "list-users" }
  | { readonly kind: "get-user"; readonly userId: string }
  /** Writes a user whole: credentials that the terminal had of it and that are not sent are gone. */
  | {
      readonly kind: "set-user";
      readonly userId: string;
      readonly name: string;
      readonly isManager: boolean;
      readonly isEnabled: boolean;
    }
  | { readonly kind: "rename-user"; readonly userId: string; readonly name: string }
  | { readonly kind: "delete-user"; readonly userId: string }
  | { readonly kind: "enable-user"; readonly userId: string; readonly isEnabled: boolean }
  | { readonly kind: "get-status" }
  | { readonly kind: "get-settings" }
  | { readonly kind: "rename-device"; readonly name: string }
  /** Shows the screen on which a person enrolls a credential, by the terminal's number of it. */
  | {
      readonly kind: "show-enrollment";
      readonly userId: string;
      readonly credentialNumber: number;
    }
  | { readonly kind: "restart" };

export type CommandKind = DeviceCommand["kind"];

/** Every kind, for arguments and messages. */
export const COMMAND_KINDS: readonly CommandKind[] = [
  "set-time",
  "read-log",
  "list-users",
  "get-user",
  "set-user",
  "rename-user",
  "delete-user",
  "enable-user",
  "get-status",
  "get-settings",
  "rename-device",
  "show-enrollment",
  "restart",
];

/**
 * How far a command has come. `waiting`: for the terminal's next poll. `sent`: handed out, no result
 * yet. `done` and `failed`: as the terminal said. `unconfirmed`: handed out, and the terminal's word
 * about it cannot be relied on, or there is none. `expired`: its deadline passed. `cancelled`: by a
 * person, or with its terminal, before it was handed out.
 */
export type CommandStatus =
  | "waiting"
  | "sent"
  | "done"
  | "failed"
  | "unconfirmed"
  | "expired"
  | "cancelled";

/** A command on its way to the terminal, as the answer to its poll. */
export interface HandedCommand {
  /** 1 to 16 letters, digits and dashes; the terminal's result names it. */
  readonly id: string;
  readonly command: DeviceCommand;
  /** What a right clock of the terminal shows now. */
  readonly wallTime: WallTime;
}

/** The result of a command, as the terminal sent it. */
export interface CommandResult {
  /** As sent; it may be an id that was never given out. */
  readonly commandIdText: string;
  /** As sent: `OK`, `Error`; undefined when absent. */
  readonly returnCode: string | undefined;
  /** The text part, without binaries; may be empty. */
  readonly text: string;
  /** Binaries in their order. */
  readonly binaries: readonly Uint8Array[];
  /** Why its content cannot be read, for a person; undefined where it can. */
  readonly contentProblem?: string | undefined;
  /** What it tells of one user, where it does: which credentials there are, and nothing of them. */
  readonly enrollment?: Enrollment | undefined;
}

/** A command as it is kept. */
export interface Command {
  /** Our own number of it, counting up from 1. */
  readonly id: number;
  readonly deviceId: DeviceId;
  /** As asked for; a later version may have had kinds that this one does not know. */
  readonly kind: string;
  /** As `parseCommand` reads them. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly status: CommandStatus;
  /** Who asked: `client` and an API client's name, `operator`, or `server`. */
  readonly requestedBy: string;
  readonly createdAtMs: EpochMs;
  /** Not handed out after this. */
  readonly deadlineMs: EpochMs;
  /** How often it was handed out. */
  readonly sentCount: number;
  readonly lastSentAtMs: EpochMs | undefined;
  /** Undefined while it is open. */
  readonly finishedAtMs: EpochMs | undefined;
  /** The terminal's own word. */
  readonly returnCode: string | undefined;
  /** What is wrong, or doubtful, for a person. */
  readonly problem: string | undefined;
  /** What the terminal answered, as the text of a JSON object without anything secret. */
  readonly resultText: string | undefined;
  /** The answer is long, and where commands are listed it stays with the command. */
  readonly isResultLeftOut: boolean;
  /** Bytes of records that the terminal sent and that are still to be worked on. */
  readonly resultByteCount: number;
  /** Whether somebody still has to work on the result. */
  readonly isResultPending: boolean;
}

/** Whether nothing more becomes of a command. */
export function isFinished(status: CommandStatus): boolean {
  return status !== "waiting" && status !== "sent";
}
