/**
 * What an enrolment (fkweb.md 6.3) tells of a user: name, privilege, and which credentials there are
 * by their backup numbers. Templates, photos, passwords and card numbers are never looked at.
 */

import { USER_ID_LENGTH_MAX } from "#domain/accept-punch.ts";
import type { CredentialCounts, Enrollment } from "#domain/user.ts";
import { trimPadding } from "#domain/wall-time.ts";
import { plainText } from "./decode.ts";
import { isJsonObject, type JsonObject } from "./message.ts";

/** Longer names are none; the vendor's own tables have 24 characters. */
const NAME_LENGTH_MAX = 128;
/** Backup numbers are below 64 in every table (fkweb.md 7). */
const BACKUP_NUMBER_MAX = 255;
const CREDENTIALS_MAX = 64;
/** A byte in the lists of users (fkweb.md 10). */
const PRIVILEGE_MAX = 255;
const PASSWORD = 10;
const CARD = 11;
const FACE = 12;
const PALM = 13;

/**
 * The words of D2 and D3 as the numbers that D4 and the lists of users have; of the last two no
 * source knows the number, so they are ours.
 */
const PRIVILEGES: ReadonlyMap<string, number> = new Map([
  ["USER", 0],
  ["MANAGER", 1],
  ["OPERATOR", 2],
  ["REGISTER", 3],
]);
const FLAGS: ReadonlyMap<string, boolean> = new Map([
  ["1", true],
  ["TRUE", true],
  ["ON", true],
  ["0", false],
  ["FALSE", false],
  ["OFF", false],
]);

/** Undefined where it does not say whose it is, or which credentials there are. */
export function readEnrollment(fields: JsonObject): Enrollment | undefined {
  const isVisibleLight = fields.user_id === undefined;
  const userIdText = readUserId(isVisibleLight ? fields.userId : fields.user_id);
  const credentials = isVisibleLight
    ? readVisibleLightCredentials(fields)
    : readBackupNumbers(fields.enroll_data_array);
  if (userIdText === undefined || credentials === undefined) return undefined;
  return {
    userIdText,
    name: readName(isVisibleLight ? fields.name : fields.user_name),
    privilege: readPrivilege(isVisibleLight ? fields.privilege : fields.user_privilege),
    isEnabled: readFlag(fields.user_enabled ?? fields.enable_flag),
    credentials,
    ...countCredentials(credentials),
  };
}

/**
 * D6 has a field per kind, empty or absent where there is none, and a list of fingers (S17: `card`,
 * `pwd`, `fps`, `face`, `palm`). Without any of them it does not say what there is.
 */
function readVisibleLightCredentials(fields: JsonObject): readonly number[] | undefined {
  const { card, pwd, fps, face, palm } = fields;
  if ([card, pwd, fps, face, palm].every((value) => value === undefined)) return undefined;
  const fingers = Array.isArray(fps) ? fps.slice(0, PASSWORD) : [];
  return [
    ...fingers.flatMap((finger, index) => (isPresent(finger) ? [index] : [])),
    ...(isPresent(pwd) ? [PASSWORD] : []),
    ...(isPresent(card) ? [CARD] : []),
    ...(isPresent(face) ? [FACE] : []),
    ...(isPresent(palm) ? [PALM] : []),
  ];
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null && value !== "";
}

/** A number loses digits when it is large, and then names somebody else. */
function readUserId(value: unknown): string | undefined {
  const text = Number.isSafeInteger(value) && Number(value) >= 0 ? String(value) : value;
  if (typeof text !== "string" || trimPadding(text) === "") return undefined;
  return text.length <= USER_ID_LENGTH_MAX && isPlain(text) ? text : undefined;
}

/** Ascending, each once; `null` is an empty list. */
function readBackupNumbers(value: unknown): readonly number[] | undefined {
  if (value === null) return [];
  if (!Array.isArray(value)) return undefined;
  const numbers = new Set<number>();
  for (const entry of value) {
    const number = isJsonObject(entry)
      ? readNumber(entry.backup_number, BACKUP_NUMBER_MAX)
      : undefined;
    if (number === undefined) return undefined;
    numbers.add(number);
  }
  return numbers.size <= CREDENTIALS_MAX ? [...numbers].sort((a, b) => a - b) : undefined;
}

/**
 * fkweb.md 7, backup_number. 13 to 16 are palms, 15 and 30 may be a photo: they are listed, and no
 * kind of ours counts them.
 */
export function countCredentials(numbers: readonly number[]): CredentialCounts {
  const count = (from: number, to: number) =>
    numbers.filter((number) => number >= from && number <= to).length;
  return {
    fingerprintCount: count(0, 9),
    passwordCount: count(PASSWORD, PASSWORD),
    cardCount: count(CARD, CARD),
    faceCount: count(FACE, FACE),
    veinCount: count(20, 29),
  };
}

function readName(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const name = trimPadding(value);
  return name !== "" && name.length <= NAME_LENGTH_MAX && isPlain(name) ? name : undefined;
}

function readPrivilege(value: unknown): number | undefined {
  const word = typeof value === "string" ? PRIVILEGES.get(value.toUpperCase()) : undefined;
  return word ?? readNumber(value, PRIVILEGE_MAX);
}

function readFlag(value: unknown): boolean | undefined {
  if (typeof value === "boolean") return value;
  return FLAGS.get(plainText(value)?.toUpperCase() ?? "");
}

/** An integer from 0 to `max`, also as decimal text: clones send either. */
function readNumber(value: unknown, max: number): number | undefined {
  const text = plainText(value) ?? "";
  if (!/^\d{1,3}$/.test(text)) return undefined;
  const number = Number(text);
  return number <= max ? number : undefined;
}

/** Well-formed and without control characters. */
function isPlain(text: string): boolean {
  return text.isWellFormed() && !/\p{Cc}/u.test(text);
}
