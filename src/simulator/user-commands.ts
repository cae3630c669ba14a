/**
 * Commands about people, with the quirks that terminals were seen with (protocol section 7).
 */

import {
  answered,
  type CommandContext,
  type CommandHandler,
  type Execution,
  ended,
  textParameter,
  UNANSWERED,
} from "./execution.ts";
import { isRecord } from "./framed-body.ts";
import { randomBytesAt } from "./random.ts";
import type { SimulatedUser } from "./simulated-user.ts";
import { readPrivilege, readUser, userFields } from "./user-fields.ts";
import { canHoldUserId, encodeUserRecords } from "./user-records.ts";

/** How many other users a terminal pushes after one was set, if it does. */
const REINDEXED_USERS = 2;
const TEMPLATE_BYTES = 612;
const PASSWORD_NUMBER = 10;
const CARD_NUMBER = 11;

/** By `cmd_code`. */
export const USER_COMMANDS: Readonly<Record<string, CommandHandler>> = {
  GET_USER_ID_LIST: listUsers,
  GET_USER_INFO: describeUser,
  SET_USER_INFO: setUser,
  SET_USER_NAME: (context) =>
    changeUser(context, "user_name", (user, name) => ({ ...user, name: cutName(context, name) })),
  ENABLE_USER: (context) =>
    changeUser(context, "enable_flag", (user, flag) => ({ ...user, enabled: flag === "ON" })),
  DELETE_USER: deleteUser,
  SET_COMMAND: enterEnrollment,
};

/** `SET_USER_INFO` of dialect D6, which takes a list (section 7). */
export const setAidataUsers: CommandHandler = (context) => {
  const users: unknown = context.parameters.fields.users;
  if (!Array.isArray(users)) return ended("ERROR_INVALID_PARAMTER");
  const read = users.map((entry: unknown) => readAidataUser(entry, context));
  const known = read.filter((user) => user !== undefined);
  if (known.length < read.length) return ended("ERROR_INVALID_PARAMTER");
  for (const user of known) context.device.setUser(user);
  return ended("OK");
};

function listUsers({ device, model }: CommandContext): Execution {
  const everybody = device.listUsers();
  const listed = model.quirks.listsOnlyEnrolled
    ? everybody.filter(({ credentials }) => credentials.length > 0)
    : everybody;
  const records = encodeUserRecords(model.library, listed);
  if (records === undefined) return ended("ERROR_NOT_SUPPORTED");
  const counts = { user_id_count: records.count, one_user_id_size: records.recordBytes };
  if (records.count === 0) return answered(counts);
  return answered({ ...counts, user_id_array: "BIN_1" }, [records.bytes]);
}

function describeUser(context: CommandContext): Execution {
  const userId = textParameter(context, "user_id");
  if (userId === undefined) return ended("ERROR_INVALID_PARAMTER");
  const user = context.device.findUser(userId);
  // Several makes never answer for a user they do not know.
  if (user === undefined) return UNANSWERED;
  const { wire } = context.model;
  const isM50 = wire.protocol === "framed" && wire.keyOrder === "m50";
  const { fields, binaries } = userFields(user, isM50 ? "m50" : "usual");
  return answered({ ...fields, enable_flag: user.enabled ? "ON" : "OFF" }, binaries);
}

/** Replaces the whole user: a credential that is not sent is gone. */
function setUser(context: CommandContext): Execution {
  const { device, model, parameters } = context;
  const user = readUser(parameters);
  if (user === undefined || !canHoldUserId(model.library, user.userId)) {
    return ended("ERROR_INVALID_PARAMTER");
  }
  device.setUser({ ...user, name: cutName(context, user.name) });
  const others = device.listUsers().filter(({ userId }) => userId !== user.userId);
  return ended("OK", model.quirks.reindexesAfterSet ? others.slice(0, REINDEXED_USERS) : []);
}

function changeUser(
  context: CommandContext,
  parameter: string,
  change: (user: SimulatedUser, value: string) => SimulatedUser,
): Execution {
  const userId = textParameter(context, "user_id");
  const value = textParameter(context, parameter);
  if (userId === undefined || value === undefined) return ended("ERROR_INVALID_PARAMTER");
  const user = context.device.findUser(userId);
  if (user === undefined) return ended("ERROR_NO_ID");
  context.device.setUser(change(user, value));
  return ended("OK");
}

function deleteUser(context: CommandContext): Execution {
  const { device, model } = context;
  const userId = textParameter(context, "user_id");
  if (userId === undefined) return ended("ERROR_INVALID_PARAMTER");
  const isKnown = device.findUser(userId) !== undefined;
  device.deleteUser(userId);
  if (model.quirks.deleteAnswersError) return ended("Error");
  return ended(isKnown ? "OK" : "ERROR_NO_ID");
}

/** A person puts a finger on the sensor, or types a number, as soon as the screen opens. */
function enterEnrollment({ device, model, parameters }: CommandContext): Execution {
  const { cmd, param } = parameters.fields;
  if (cmd !== "enter_enroll" || !isRecord(param)) return ended("ERROR_NOT_SUPPORTED");
  const { user_id: userId, backup_number: backupNumber } = param;
  const isUsable = typeof userId === "string" && canHoldUserId(model.library, userId);
  if (!isUsable || typeof backupNumber !== "number") return ended("ERROR_INVALID_PARAMTER");
  const known = device.findUser(userId) ?? newUser(userId);
  const isNumber = backupNumber === PASSWORD_NUMBER || backupNumber === CARD_NUMBER;
  const data = isNumber
    ? Buffer.from("123456")
    : randomBytesAt(TEMPLATE_BYTES, backupNumber, userId.length);
  const others = known.credentials.filter((kept) => kept.backupNumber !== backupNumber);
  const user = { ...known, credentials: [...others, { backupNumber, data }] };
  device.setUser(user);
  return ended("OK", [user]);
}

function readAidataUser(entry: unknown, context: CommandContext): SimulatedUser | undefined {
  if (!isRecord(entry)) return undefined;
  const { userId, name, privilege, card, pwd } = entry;
  if (typeof userId !== "string" || !canHoldUserId(context.model.library, userId)) return undefined;
  const credential = (backupNumber: number, digits: unknown): SimulatedUser["credentials"] =>
    typeof digits === "string" && digits !== ""
      ? [{ backupNumber, data: Buffer.from(digits) }]
      : [];
  return {
    ...newUser(userId),
    name: typeof name === "string" ? cutName(context, name) : "",
    privilege: readPrivilege(privilege) ?? "USER",
    credentials: [...credential(PASSWORD_NUMBER, pwd), ...credential(CARD_NUMBER, card)],
  };
}

function newUser(userId: string): SimulatedUser {
  const nobody = { name: "", privilege: "USER", enabled: true, credentials: [], photo: undefined };
  return { ...nobody, privilege: "USER", userId };
}

function cutName({ model }: CommandContext, name: string): string {
  return [...name].slice(0, model.quirks.nameCharsMax).join("");
}
