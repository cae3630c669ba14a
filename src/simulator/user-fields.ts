/**
 * A user as the fields and binaries of `realtime_enroll_data` and of the result of `GET_USER_INFO`
 * (protocol sections 6.3 and 7), in the two spellings of dialects D2 to D4.
 */

import type { CommandParameters } from "./dialect.ts";
import { isRecord } from "./framed-body.ts";
import { PRIVILEGES, type SimulatedPrivilege, type SimulatedUser } from "./simulated-user.ts";

/** Which of the two spellings: D4 firmware gives numbers and two fields more. */
export type UserSpelling = "usual" | "m50";

/** Spells a user; the photo, where there is one, is `BIN_1`, and the templates follow it. */
export function userFields(user: SimulatedUser, spelling: UserSpelling): CommandParameters {
  const binaries = [
    ...(user.photo === undefined ? [] : [user.photo]),
    ...user.credentials.map(({ data }) => data),
  ];
  const firstTemplate = user.photo === undefined ? 1 : 2;
  const credentials = user.credentials.map(({ backupNumber }, index) => ({
    backup_number: backupNumber,
    enroll_data: `BIN_${firstTemplate + index}`,
  }));
  const fields = {
    enroll_data_array: credentials.length === 0 ? null : credentials,
    user_id: user.userId,
    user_name: user.name,
    ...(user.photo === undefined ? {} : { user_photo: "BIN_1" }),
  };
  if (spelling === "usual")
    return { fields: { ...fields, user_privilege: user.privilege }, binaries };
  const numbers = {
    user_privilege: PRIVILEGES.indexOf(user.privilege),
    user_enabled: user.enabled ? 1 : 0,
    user_depart_id: 0,
  };
  return { fields: { ...fields, ...numbers }, binaries };
}

/** Reads the parameters of `SET_USER_INFO`; undefined when a field or a binary is not there. */
export function readUser({ fields, binaries }: CommandParameters): SimulatedUser | undefined {
  const { user_id: userId, user_name: name, user_photo: photo } = fields;
  const list: unknown = fields.enroll_data_array ?? [];
  if (typeof userId !== "string" || userId === "" || !Array.isArray(list)) return undefined;
  const credentials = list.map((entry: unknown) => readCredential(entry, binaries));
  const known = credentials.filter((credential) => credential !== undefined);
  const photoBytes = findBinary(photo, binaries);
  const photoIsMissing = typeof photo === "string" && photoBytes === undefined;
  if (known.length < credentials.length || photoIsMissing) return undefined;
  return {
    userId,
    name: typeof name === "string" ? name : "",
    privilege: readPrivilege(fields.user_privilege) ?? "USER",
    enabled: true,
    credentials: known,
    photo: photoBytes,
  };
}

/** Reads a privilege as name or number; undefined for what is neither. */
export function readPrivilege(value: unknown): SimulatedPrivilege | undefined {
  return PRIVILEGES.find((name, number) => value === name || value === number);
}

function readCredential(
  entry: unknown,
  binaries: readonly Uint8Array[],
): SimulatedUser["credentials"][number] | undefined {
  if (!isRecord(entry)) return undefined;
  const { backup_number: backupNumber, enroll_data: reference } = entry;
  const data = findBinary(reference, binaries);
  if (typeof backupNumber !== "number" || data === undefined) return undefined;
  return { backupNumber, data };
}

function findBinary(reference: unknown, binaries: readonly Uint8Array[]): Uint8Array | undefined {
  const number = typeof reference === "string" ? /^BIN_(\d+)$/.exec(reference)?.[1] : undefined;
  return number === undefined ? undefined : binaries[Number(number) - 1];
}
