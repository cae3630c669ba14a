/**
 * Commands as the answer to a poll (fkweb.md 7). Framed parameters, since bare ones are answered with
 * an error; bare JSON and one NUL where the terminal sends bare JSON itself (D5, D6). D1 has other
 * commands, and D6 other parameters, of most of which no source tells: those are refused, for what a
 * terminal takes from a deletion that it understands by half nobody knows. One that may be D5 or D6
 * is told only what both take alike.
 */

import { assert, assertNever } from "#base/assert.ts";
import { fail, ok, type Result } from "#base/result.ts";
import type { Reply } from "#devices/driver.ts";
import type { DeviceCommand, HandedCommand } from "#domain/command.ts";
import { PREFIX_BYTES } from "./body.ts";
import type { CommandDialect } from "./command-dialect.ts";
import type { JsonObject, TransactionHeader } from "./message.ts";
import { type Persistence, spellReply } from "./reply.ts";

/** Who is answered. */
export interface CommandTarget {
  readonly dialect: CommandDialect;
  /** The header under which the poll came: that of D3 gets its id under both names. */
  readonly transactionName: TransactionHeader["name"];
  /** What the terminal calls its library. */
  readonly codeLibrary: string | undefined;
  readonly persistence: Persistence;
}

/** Why a command cannot be spelled. */
export interface CommandError {
  readonly code: "not-in-dialect" | "name-not-ascii";
  readonly reason: string;
}

interface SpelledCommand {
  /** `cmd_code`. */
  readonly code: string;
  /** Undefined: the command has none, and its body is empty. */
  readonly parameters?: JsonObject;
}

const ID_PATTERN = /^[A-Za-z0-9-]{1,16}$/;
const ASCII_PATTERN = /^[\x20-\x7e]+$/;
/** The library of D4, whose privileges are numbers (6.3). */
const NUMERIC_LIBRARY = "m50";
const NO_BYTES = new Uint8Array(0);

/**
 * Spells the reply that hands a command out.
 * @throws AssertionError for an id that is not 1 to 16 letters, digits and dashes.
 */
export function encodeCommandReply(
  { id, command, wallTime }: HandedCommand,
  target: CommandTarget,
): Result<Reply, CommandError> {
  assert(ID_PATTERN.test(id), `Command id "${id}" is not 1 to 16 letters, digits and dashes`);
  const spelled = spellFor(target, command, wallTime);
  if (!spelled.ok) return spelled;
  const { code, parameters } = spelled.value;
  const ids = target.transactionName === "trans_id" ? ["trans_id"] : ["trans_id", "cmd_id"];
  return ok(
    spellReply({
      code: "OK",
      headers: [...ids.map((name) => `${name}: ${id}`), `cmd_code: ${code}`],
      body: parameters === undefined ? NO_BYTES : encodeParameters(parameters, target.dialect),
      persistence: target.persistence,
    }),
  );
}

function encodeParameters(parameters: JsonObject, dialect: CommandDialect): Uint8Array {
  const text = Buffer.from(`${JSON.stringify(parameters)}\0`);
  if (dialect !== "framed") return text;
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32LE(text.length);
  return Buffer.concat([prefix, text]);
}

function spellFor(
  { dialect, codeLibrary }: CommandTarget,
  command: DeviceCommand,
  wallTime: string,
): Result<SpelledCommand, CommandError> {
  if (command.kind === "rename-device" && !ASCII_PATTERN.test(command.name)) {
    const reason = "The terminal takes a name of printable ASCII characters only";
    return fail({ code: "name-not-ascii", reason });
  }
  const isNumeric = codeLibrary?.toLowerCase() === NUMERIC_LIBRARY;
  const spelled = spellInDialect(dialect, () => spell(command, { wallTime, isNumeric }), command);
  if (spelled !== undefined) return ok(spelled);
  const reason =
    dialect === "unclear"
      ? `The terminal does not tell which of two kinds it is, so it is not told to ${command.kind}`
      : `How this kind of terminal is told to ${command.kind} is not known`;
  return fail({ code: "not-in-dialect", reason });
}

function spellInDialect(
  dialect: CommandDialect,
  spellUsual: () => SpelledCommand,
  command: DeviceCommand,
): SpelledCommand | undefined {
  switch (dialect) {
    case "framed":
    case "bare":
      return spellUsual();
    case "visible-light":
      return spellVisibleLight(command, spellUsual);
    case "unclear":
      return isAlikeInAll(command) ? spellUsual() : undefined;
    case "form":
      return undefined;
    default:
      return assertNever(dialect);
  }
}

/** D6, as far as its own commands and parameters are known. */
function spellVisibleLight(
  command: DeviceCommand,
  spellUsual: () => SpelledCommand,
): SpelledCommand | undefined {
  switch (command.kind) {
    case "get-status":
      return { code: "GET_DEVICE_INFO" };
    case "set-user": {
      if (!command.isEnabled) return undefined;
      const { userId, name, isManager } = command;
      return {
        code: "SET_USER_INFO",
        parameters: { users: [{ userId, name, privilege: Number(isManager) }] },
      };
    }
    default:
      return isAlikeInAll(command) ? spellUsual() : undefined;
  }
}

/** What D5 and D6 take by the same words. */
function isAlikeInAll({ kind }: DeviceCommand): boolean {
  return kind === "set-time" || kind === "restart";
}

/** The table of section 7. */
function spell(
  command: DeviceCommand,
  { wallTime, isNumeric }: { readonly wallTime: string; readonly isNumeric: boolean },
): SpelledCommand {
  switch (command.kind) {
    case "set-time":
      return { code: "SET_TIME", parameters: { time: wallTime } };
    case "read-log":
      return spellReadLog(command);
    case "list-users":
      return { code: "GET_USER_ID_LIST" };
    case "get-user":
      return { code: "GET_USER_INFO", parameters: { user_id: command.userId } };
    case "set-user":
      return spellSetUser(command, isNumeric);
    case "rename-user": {
      const { userId: user_id, name: user_name } = command;
      return { code: "SET_USER_NAME", parameters: { user_id, user_name } };
    }
    case "delete-user":
      return { code: "DELETE_USER", parameters: { user_id: command.userId } };
    case "enable-user": {
      const enable_flag = spellFlag(command.isEnabled);
      return { code: "ENABLE_USER", parameters: { user_id: command.userId, enable_flag } };
    }
    case "get-status":
      return { code: "GET_DEVICE_STATUS", parameters: {} };
    case "get-settings":
      return { code: "GET_DEVICE_SETTING" };
    case "rename-device":
      return { code: "SET_FK_NAME", parameters: { fk_name: command.name } };
    case "show-enrollment": {
      const { userId: user_id, credentialNumber: backup_number } = command;
      const param = { user_id, backup_number };
      return { code: "SET_COMMAND", parameters: { cmd: "enter_enroll", param } };
    }
    case "restart":
      return { code: "RESET_FK" };
    default:
      return assertNever(command);
  }
}

function spellReadLog(command: DeviceCommand & { readonly kind: "read-log" }): SpelledCommand {
  const { fromWallTime: begin_time, untilWallTime: end_time } = command;
  if (begin_time === undefined && end_time === undefined) return { code: "GET_LOG_DATA" };
  // JSON leaves out what is undefined.
  return { code: "GET_LOG_DATA", parameters: { begin_time, end_time } };
}

/** The form in which `GET_USER_INFO` gives a user, without a credential. */
function spellSetUser(
  command: DeviceCommand & { readonly kind: "set-user" },
  isNumeric: boolean,
): SpelledCommand {
  const { userId: user_id, name: user_name, isManager, isEnabled } = command;
  const user = { user_id, user_name, enroll_data_array: null };
  const rights = isNumeric
    ? { user_privilege: Number(isManager), user_enabled: Number(isEnabled) }
    : { user_privilege: isManager ? "MANAGER" : "USER", enable_flag: spellFlag(isEnabled) };
  return { code: "SET_USER_INFO", parameters: { ...user, ...rights } };
}

function spellFlag(isEnabled: boolean): string {
  return isEnabled ? "ON" : "OFF";
}
