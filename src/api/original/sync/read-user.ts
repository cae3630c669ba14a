/**
 * One user of a sync: what is odd is refused with what was found and what is wanted, and nothing is
 * corrected. Pure.
 */

import { fail, ok, type Result } from "#base/result.ts";
import { USER_ID_LENGTH_MAX } from "#domain/accept-punch.ts";
import type { UserId } from "#domain/identifiers.ts";
import { canonicalUserId, type LeadingZeros } from "#domain/punch-identity.ts";
import { FURTHER_FIELDS_BYTES_MAX, type SyncedUser } from "#domain/user.ts";
import { TEXT_LENGTH_MAX } from "./model.ts";

/** Why a user is refused; `id` where that much could be read. */
export interface UserRefusal {
  readonly id: UserId | undefined;
  readonly reason: string;
}

/** Reads one entry of `users`, which JSON gave. */
export function readUser(
  entry: unknown,
  leadingZeros: LeadingZeros,
): Result<SyncedUser, UserRefusal> {
  if (!isObject(entry)) {
    return fail({ id: undefined, reason: `The entry is ${show(entry)}: an object is wanted` });
  }
  const { user_id, name, department, enabled, ...further } = entry;
  const idText = readId(user_id);
  if (idText === undefined) {
    const wanted = `a whole number or a text of 1 to ${USER_ID_LENGTH_MAX} characters is wanted`;
    return fail({
      id: undefined,
      reason: `"user_id" is ${show(user_id)}: ${wanted}, without blanks around it`,
    });
  }
  const id = canonicalUserId(idText, leadingZeros);
  const problem =
    textProblem("name", name) ??
    textProblem("department", department) ??
    flagProblem(enabled) ??
    furtherProblem(further);
  if (problem !== undefined) return fail({ id, reason: problem });
  return ok({
    id,
    name: readText(name),
    department: readText(department),
    isEnabled: readFlag(enabled),
    furtherFields: further,
  });
}

function readText(value: unknown): string | null | undefined {
  return typeof value === "string" || value === null ? value : undefined;
}

function readFlag(value: unknown): boolean | null | undefined {
  return value === undefined || value === null ? value : value === true || value === 1;
}

/** A number beyond the exact ones would name somebody else. */
function readId(value: unknown): string | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) ? String(value) : undefined;
  if (typeof value !== "string" || value.length > USER_ID_LENGTH_MAX) return undefined;
  return value !== "" && value.trim() === value && isPlain(value) ? value : undefined;
}

function textProblem(field: string, value: unknown): string | undefined {
  if (isAbsent(value)) return undefined;
  const wanted = `text of at most ${TEXT_LENGTH_MAX} characters is wanted`;
  if (typeof value !== "string") return `"${field}" is ${show(value)}: ${wanted}`;
  if (value.length > TEXT_LENGTH_MAX) {
    return `"${field}" has ${value.length} characters: ${wanted}`;
  }
  return isPlain(value) ? undefined : `"${field}" has control characters: ${wanted}`;
}

function flagProblem(value: unknown): string | undefined {
  const isFlag = typeof value === "boolean" || value === 0 || value === 1;
  if (isAbsent(value) || isFlag) return undefined;
  return `"enabled" is ${show(value)}: true or false is wanted`;
}

/** Whether all of it can be given back as it came. */
function furtherProblem(further: Readonly<Record<string, unknown>>): string | undefined {
  for (const [field, value] of Object.entries(further)) {
    const name = show(field);
    if (!isPlain(field)) return `The name of the field ${name} has control characters`;
    if (!isKeepable(value)) {
      return `Field ${name} has a NUL, half a character, or a number with more digits than are exact: send such a number as text`;
    }
  }
  const bytes = Buffer.byteLength(JSON.stringify(further));
  if (bytes <= FURTHER_FIELDS_BYTES_MAX) return undefined;
  return `The further fields have ${bytes} bytes of JSON: at most ${FURTHER_FIELDS_BYTES_MAX} are kept`;
}

function isKeepable(value: unknown): boolean {
  if (typeof value === "string") return value.isWellFormed() && !value.includes("\0");
  if (typeof value === "number") {
    return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
  }
  if (typeof value !== "object" || value === null) return true;
  return Object.entries(value).every(([key, item]) => isKeepable(key) && isKeepable(item));
}

/** Well-formed and without control characters. */
function isPlain(text: string): boolean {
  return text.isWellFormed() && !/\p{Cc}/u.test(text);
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const SHOWN_LENGTH_MAX = 40;

function show(value: unknown): string {
  if (value === undefined) return "missing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  if (typeof value !== "string") return String(value);
  const isLong = value.length > SHOWN_LENGTH_MAX;
  return JSON.stringify(isLong ? `${value.slice(0, SHOWN_LENGTH_MAX)}...` : value);
}
