/**
 * Which commands bring the users of the HRIS to a terminal. Whoever is on it already is renamed only:
 * to write a user anew would take the credentials that the terminal has of it (fkweb.md 7). Pure.
 */

import type { DeviceCommand } from "./command.ts";
import {
  COMMAND_USER_NAME_LENGTH_MAX,
  commandParameters,
  parseCommand,
} from "./command-parameters.ts";
import type { UserId } from "./identifiers.ts";

/** A user as the HRIS has it. */
export interface PushedUser {
  readonly id: UserId;
  readonly name: string | undefined;
  readonly isEnabled: boolean | undefined;
}

/** A user as a terminal has it. */
export interface UserOnDevice {
  /** As the terminal spells it, with its zeros. */
  readonly userIdText: string;
  /** Undefined while the terminal has not told it. */
  readonly name: string | undefined;
}

/** Why a user is not pushed: nothing to say, or nothing that a terminal could take. */
export type SkipReason = "unchanged" | "disabled" | "no-name" | "unfit";

/** The command that brings a user to a terminal, or why there is none. */
export function planPush(
  user: PushedUser,
  known: UserOnDevice | undefined,
): DeviceCommand | SkipReason {
  if (user.isEnabled === false) return "disabled";
  const name = cut(user.name?.trim() ?? "");
  if (name === "") return "no-name";
  if (known?.name === name) return "unchanged";
  const command: DeviceCommand =
    known === undefined
      ? { kind: "set-user", userId: user.id, name, isManager: false, isEnabled: true }
      : { kind: "rename-user", userId: known.userIdText, name };
  return parseCommand(command.kind, commandParameters(command)).ok ? command : "unfit";
}

/** As much of a name as a command takes, in whole characters. */
function cut(name: string): string {
  let kept = "";
  for (const character of name) {
    if (kept.length + character.length > COMMAND_USER_NAME_LENGTH_MAX) break;
    kept += character;
  }
  return kept.trimEnd();
}
