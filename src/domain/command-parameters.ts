/**
 * The parameters of commands as people and programs write them, and as they are kept: a kind, and a
 * JSON object with names in snake case. What is asked for wrongly is told with the name of the
 * parameter, the value and what is wanted. Pure.
 */

import { fail, ok, type Result } from "#base/result.ts";
import { COMMAND_KINDS, type CommandKind, type DeviceCommand } from "./command.ts";
import { parseWallTime, type WallTime } from "./wall-time.ts";

/** A JSON object as parsed. */
export type CommandParameters = Readonly<Record<string, unknown>>;

/** Why there is no such command. */
export interface CommandError {
  readonly code: "kind-unknown" | "parameter-unknown" | "parameter-missing" | "parameter-invalid";
  /** The parameter at fault; undefined where it is the kind. */
  readonly parameter: string | undefined;
  /** One sentence without a full stop, for whoever asked. */
  readonly reason: string;
}

/** The longest user id that any terminal holds (fkweb.md 9: HS103), in UTF-16 code units. */
export const COMMAND_USER_ID_LENGTH_MAX = 32;
/** Terminals cut longer names at 8, 15 or 24 characters, each its own way. */
export const COMMAND_USER_NAME_LENGTH_MAX = 64;
/** ASCII alone (fkweb.md 7, SET_FK_NAME). */
export const COMMAND_DEVICE_NAME_LENGTH_MAX = 32;
/** Numbers of credentials are below 64 in every table (fkweb.md 7, backup_number). */
export const CREDENTIAL_NUMBER_MAX = 63;

const SHOWN_LENGTH_MAX = 40;
/** Control characters, line separators, and halves of characters. */
const UNSHOWN = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u;
const ASCII_NAME = /^[\x20-\x7e]+$/;
const DATE_ALONE = /^\d{4}-\d{2}-\d{2}$/;

/** The names that each kind takes. */
export const PARAMETERS_OF: Readonly<Record<CommandKind, readonly string[]>> = {
  "set-time": [],
  "read-log": ["from", "until"],
  "list-users": [],
  "get-user": ["user_id"],
  "set-user": ["user_id", "name", "is_manager", "is_enabled"],
  "rename-user": ["user_id", "name"],
  "delete-user": ["user_id"],
  "enable-user": ["user_id", "is_enabled"],
  "get-status": [],
  "get-settings": [],
  "rename-device": ["name"],
  "show-enrollment": ["user_id", "credential_number"],
  restart: [],
};

/** Reads a command; `is_manager` is false and `is_enabled` true where they are absent. */
export function parseCommand(
  kindText: string,
  parameters: CommandParameters,
): Result<DeviceCommand, CommandError> {
  const kind = COMMAND_KINDS.find((candidate) => candidate === kindText);
  if (kind === undefined) {
    const reason = `Unknown kind ${show(kindText)}; known are ${COMMAND_KINDS.join(", ")}`;
    return fail({ code: "kind-unknown", parameter: undefined, reason });
  }
  const known = PARAMETERS_OF[kind];
  const unknown = Object.keys(parameters).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    const wanted = known.length === 0 ? "it takes none" : `it takes ${known.join(", ")}`;
    const reason = `Unknown parameter ${show(unknown)} of "${kind}"; ${wanted}`;
    return fail({ code: "parameter-unknown", parameter: unknown, reason });
  }
  const reader = new ParameterReader(parameters);
  const command = readCommand(kind, reader);
  return reader.error === undefined ? ok(command) : fail(reader.error);
}

/** The parameters of a command as `parseCommand` reads them. */
export function commandParameters(command: DeviceCommand): CommandParameters {
  switch (command.kind) {
    case "read-log":
      return { ...given("from", command.fromWallTime), ...given("until", command.untilWallTime) };
    case "get-user":
    case "delete-user":
      return { user_id: command.userId };
    case "set-user":
      return {
        user_id: command.userId,
        name: command.name,
        is_manager: command.isManager,
        is_enabled: command.isEnabled,
      };
    case "rename-user":
      return { user_id: command.userId, name: command.name };
    case "enable-user":
      return { user_id: command.userId, is_enabled: command.isEnabled };
    case "rename-device":
      return { name: command.name };
    case "show-enrollment":
      return { user_id: command.userId, credential_number: command.credentialNumber };
    default:
      return {};
  }
}

/** Of a reader that has met a fault the command means nothing. */
function readCommand(kind: CommandKind, reader: ParameterReader): DeviceCommand {
  switch (kind) {
    case "read-log":
      return { kind, ...reader.period() };
    case "get-user":
    case "delete-user":
      return { kind, userId: reader.userId() };
    case "set-user":
      return {
        kind,
        userId: reader.userId(),
        name: reader.name(COMMAND_USER_NAME_LENGTH_MAX),
        isManager: reader.flag("is_manager", false),
        isEnabled: reader.flag("is_enabled", true),
      };
    case "rename-user":
      return { kind, userId: reader.userId(), name: reader.name(COMMAND_USER_NAME_LENGTH_MAX) };
    case "enable-user":
      return { kind, userId: reader.userId(), isEnabled: reader.flag("is_enabled", true) };
    case "rename-device":
      return { kind, name: reader.asciiName() };
    case "show-enrollment":
      return { kind, userId: reader.userId(), credentialNumber: reader.credentialNumber() };
    default:
      return { kind };
  }
}

/** Reads one parameter after the other and remembers the first fault. */
class ParameterReader {
  readonly #parameters: CommandParameters;
  error: CommandError | undefined;

  constructor(parameters: CommandParameters) {
    this.#parameters = parameters;
  }

  userId(): string {
    return this.#text("user_id", COMMAND_USER_ID_LENGTH_MAX);
  }

  name(lengthMax: number): string {
    return this.#text("name", lengthMax);
  }

  asciiName(): string {
    const name = this.#text("name", COMMAND_DEVICE_NAME_LENGTH_MAX);
    if (ASCII_NAME.test(name)) return name;
    return this.#fault("name", `is ${show(name)}; letters, digits and signs of ASCII are wanted`);
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.#parameters[name];
    if (value === undefined) return fallback;
    if (typeof value === "boolean") return value;
    this.#fault(name, `is ${show(value)}; true or false is wanted`);
    return fallback;
  }

  credentialNumber(): number {
    const value = this.#parameters.credential_number;
    const isNumber = typeof value === "number" && Number.isInteger(value);
    if (isNumber && value >= 0 && value <= CREDENTIAL_NUMBER_MAX) return value;
    const seen = value === undefined ? "is missing" : `is ${show(value)}`;
    const wanted = `a whole number from 0 to ${CREDENTIAL_NUMBER_MAX} is wanted`;
    this.#fault("credential_number", `${seen}; ${wanted}`);
    return 0;
  }

  /** A date alone is the whole day. */
  period(): { readonly fromWallTime?: WallTime; readonly untilWallTime?: WallTime } {
    const fromWallTime = this.#wallTime("from", "00:00:00");
    const untilWallTime = this.#wallTime("until", "23:59:59");
    if (fromWallTime !== undefined && untilWallTime !== undefined && fromWallTime > untilWallTime) {
      this.#fault("until", `is ${show(untilWallTime)}; it must not be before "from"`);
    }
    return {
      ...(fromWallTime === undefined ? {} : { fromWallTime }),
      ...(untilWallTime === undefined ? {} : { untilWallTime }),
    };
  }

  #wallTime(name: string, timeOfDay: string): WallTime | undefined {
    const value = this.#parameters[name];
    if (value === undefined) return undefined;
    const text = typeof value === "string" ? value.trim() : "";
    const wallTime = parseWallTime(DATE_ALONE.test(text) ? `${text} ${timeOfDay}` : text);
    if (wallTime.ok) return wallTime.value;
    const wanted = "a local time such as 2026-03-02T08:15:04, or a date, is wanted";
    this.#fault(name, `is ${show(value)}; ${wanted}`);
    return undefined;
  }

  #text(name: string, lengthMax: number): string {
    const value = this.#parameters[name];
    const wanted = `1 to ${lengthMax} characters are wanted`;
    if (value === undefined) return this.#fault(name, `is missing; ${wanted}`);
    if (typeof value !== "string") return this.#fault(name, `is ${show(value)}; a text is wanted`);
    if (value.trim() === "") return this.#fault(name, `is empty; ${wanted}`);
    if (value.length > lengthMax) {
      return this.#fault(name, `has ${value.length} characters; ${wanted}`);
    }
    return UNSHOWN.test(value) ? this.#fault(name, "holds control characters") : value;
  }

  #fault(parameter: string, problem: string): string {
    const isMissing = this.#parameters[parameter] === undefined;
    this.error ??= {
      code: isMissing ? "parameter-missing" : "parameter-invalid",
      parameter,
      reason: `Parameter "${parameter}" ${problem}`,
    };
    return "";
  }
}

function given(name: string, wallTime: WallTime | undefined): CommandParameters {
  return wallTime === undefined ? {} : { [name]: wallTime };
}

function show(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  if (typeof value !== "string") return String(value);
  const isLong = value.length > SHOWN_LENGTH_MAX;
  return JSON.stringify(isLong ? `${value.slice(0, SHOWN_LENGTH_MAX)}...` : value);
}
