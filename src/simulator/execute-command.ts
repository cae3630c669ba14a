/**
 * Carries a server's command out inside a fake terminal, with the quirks that terminals were seen
 * with (protocol section 7). Changes only the terminal's memory; sends nothing.
 */

import type { DeviceState } from "./device-state.ts";
import type { CommandParameters, CommandResult, Dialect, ServerCommand } from "./dialect.ts";
import {
  answered,
  type CommandContext,
  type CommandHandler,
  type Execution,
  ended,
  REBOOTING,
  type ReturnCode,
  textParameter,
  UNANSWERED,
} from "./execution.ts";
import { encodeLogRecords, LOG_RECORD_FORMATS } from "./log-records.ts";
import type { TerminalModel } from "./models.ts";
import { setAidataUsers, USER_COMMANDS } from "./user-commands.ts";

/** The terminal that a command is for. */
export interface CommandedTerminal {
  readonly device: DeviceState;
  readonly model: Pick<TerminalModel, "library" | "quirks" | "wire">;
  readonly dialect: Pick<Dialect, "readParameters">;
}

/** What a terminal sends and does after a command. */
export interface CommandOutcome {
  /** False when the terminal does not know the command or cannot read its parameters. */
  readonly isExecuted: boolean;
  /** Undefined when the server never hears of the command again. */
  readonly result: CommandResult | undefined;
  readonly pushes: Execution["pushes"];
  readonly reboots: boolean;
}

const LOG_BEGIN = "0";
const LOG_END = "99999999999999";
const PASSWORD_NUMBER = 10;
const CARD_NUMBER = 11;
const FACE_NUMBER = 12;
const SETTINGS = {
  Glog_Warning: "0",
  OpenDoor_Delay: "5",
  Receive_Interval: "11",
  Reverify_Time: "0",
  Screensavers_Time: "60",
  Show_ResultTime: "3",
  Sleep_Time: "0",
  Volume: "5",
};

const FRAMED_COMMANDS: Readonly<Record<string, CommandHandler>> = {
  ...USER_COMMANDS,
  SET_TIME: setTime,
  GET_LOG_DATA: readLog,
  GET_DEVICE_STATUS: describeStatus,
  GET_DEVICE_SETTING: () => answered(SETTINGS),
  SET_FK_NAME: setName,
  RESET_FK: () => REBOOTING,
};

/** The few commands that dialect D6 knows. */
const AIDATA_COMMANDS: Readonly<Record<string, CommandHandler>> = {
  SET_TIME: setTime,
  SET_USER_INFO: setAidataUsers,
  RESET_ENROLL_MARK: () => ended("OK"),
  GET_DEVICE_INFO: ({ device }) =>
    answered({ name: device.name, userCount: device.listUsers().length }),
  RESET_FK: () => REBOOTING,
};

/** Carries `command` out. What the terminal cannot read or do is a result as well. */
export function executeCommand(
  command: ServerCommand,
  { device, model, dialect }: CommandedTerminal,
): CommandOutcome {
  const isAidata = model.wire.protocol === "aidata";
  const commands = isAidata ? AIDATA_COMMANDS : FRAMED_COMMANDS;
  const handler = Object.hasOwn(commands, command.code) ? commands[command.code] : undefined;
  const parameters = dialect.readParameters(command.body);
  const { result, answers, pushes, reboots } = run(handler, parameters, { device, model });
  const { code, ...rest } = result;
  const returnCode = isAidata ? aidataCode(code) : code;
  return {
    isExecuted: handler !== undefined && parameters !== undefined,
    result: answers ? { ...rest, commandId: command.id, returnCode } : undefined,
    pushes,
    reboots,
  };
}

function run(
  handler: CommandHandler | undefined,
  parameters: CommandParameters | undefined,
  terminal: Omit<CommandContext, "parameters">,
): Execution {
  if (handler === undefined) {
    return terminal.model.quirks.ignoresUnknown ? UNANSWERED : ended("ERROR_NOT_SUPPORTED");
  }
  // Parameters without the length before them are answered so (section 7).
  if (parameters === undefined) return ended("ERROR");
  return handler({ ...terminal, parameters });
}

function aidataCode(code: ReturnCode): string {
  return code === "OK" ? "Success" : "Failure";
}

function setTime(context: CommandContext): Execution {
  const reading = readWallTime(textParameter(context, "time") ?? "");
  if (reading === undefined) return ended("ERROR_INVALID_PARAMTER");
  context.device.clock.set(reading);
  return ended("OK");
}

function readLog(context: CommandContext): Execution {
  const { device, model } = context;
  const format = LOG_RECORD_FORMATS[model.library];
  if (format === undefined) return ended("ERROR_NOT_SUPPORTED");
  const begin = textParameter(context, "begin_time") ?? LOG_BEGIN;
  const end = textParameter(context, "end_time") ?? LOG_END;
  const punches = device.log.between(begin, end);
  const spell = (count: number): number | string =>
    model.quirks.logNumbersAsText ? String(count) : count;
  const counts = { log_count: spell(punches.length), one_log_size: spell(format.recordBytes) };
  if (punches.length === 0) return answered(counts);
  const records = punches.map((punch) => ({ ...punch, workCode: 0 }));
  return answered({ log_array: "BIN_1", ...counts }, [encodeLogRecords(format, records)]);
}

function describeStatus({ device }: CommandContext): Execution {
  const users = device.listUsers();
  const numbers = users.flatMap(({ credentials }) => credentials.map((kept) => kept.backupNumber));
  const count = (isWanted: (backupNumber: number) => boolean): number =>
    numbers.filter(isWanted).length;
  const managers = users.filter(({ privilege }) => privilege === "MANAGER").length;
  return answered({
    face_count: count((number) => number === FACE_NUMBER),
    fp_count: count((number) => number < PASSWORD_NUMBER),
    idcard_count: count((number) => number === CARD_NUMBER),
    manager_count: managers,
    password_count: count((number) => number === PASSWORD_NUMBER),
    total_log_count: device.log.count,
    total_user_count: users.length,
    user_count: users.length - managers,
  });
}

function setName(context: CommandContext): Execution {
  const name = textParameter(context, "fk_name");
  if (name === undefined || !/^[\x20-\x7e]*$/.test(name)) return ended("ERROR_INVALID_PARAMTER");
  context.device.name = name;
  return ended("OK");
}

function readWallTime(text: string): Temporal.PlainDateTime | undefined {
  const digits = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})$/.exec(text);
  if (digits === null) return undefined;
  const [, year, month, day, hour, minute, second] = digits;
  try {
    return Temporal.PlainDateTime.from(`${year}-${month}-${day}T${hour}:${minute}:${second}`);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
