/**
 * What a terminal's result says of a command, and what of it may be kept. Only a plain `OK` is
 * success, and not of every kind. Pure.
 */

import type { CommandKind, CommandResult } from "./command.ts";
import { withoutProgress } from "./log-recovery.ts";
import type { Enrollment } from "./user.ts";

/** How a command ends. */
export interface Verdict {
  readonly status: "done" | "failed" | "unconfirmed";
  /** Why it is not `done`, for a person. */
  readonly problem: string | undefined;
}

/** What is kept of a result. */
export interface KeptResult {
  /** A JSON object. */
  readonly text: string | undefined;
  /** Records that somebody has to work on, also when there are none; undefined for other kinds. */
  readonly bytes: Uint8Array | undefined;
}

/** The longest word of a terminal that is kept, in UTF-16 code units. */
const RETURN_CODE_LENGTH_MAX = 64;
/** Longer texts are not kept, in UTF-8. */
const RESULT_TEXT_BYTES_MAX = 16 * 1024;
const SHOWN_RETURN_CODE = /[^\x20-\x7e]/g;
/** What may be a password, a key, a card, a photo or a template; a count of them is none. */
const SECRET_NAME =
  /passw|pwd|secret|token|(^|_)key$|card(_?(no|num|number|id|data))?$|photo|template|enroll_data$|^fps$/i;
const COUNT_NAME = /count$/i;
const REMOVED = "(not kept)";
const NESTING_MAX = 8;

/** Kinds whose result is what was asked for. */
const ASKING: ReadonlySet<string> = new Set<CommandKind>([
  "read-log",
  "list-users",
  "get-user",
  "get-status",
  "get-settings",
]);
/** Kinds with records that are worked on later. */
const WITH_RECORDS: ReadonlySet<string> = new Set<CommandKind>(["read-log", "list-users"]);

/** A terminal's word as it is kept and shown. */
export function shownReturnCode(returnCode: string | undefined): string | undefined {
  return returnCode?.slice(0, RETURN_CODE_LENGTH_MAX).replace(SHOWN_RETURN_CODE, "?");
}

/** How a command of `kind` ends with this result (fkweb.md 7). */
export function judgeResult(kind: string, result: CommandResult): Verdict {
  const word = shownReturnCode(result.returnCode)?.trim() ?? "";
  if (word === "") {
    return { status: "unconfirmed", problem: "The terminal sent a result without a word for it" };
  }
  if (word !== "OK") return judgeOtherWord(kind, word);
  if (ASKING.has(kind)) {
    const problem = findContentProblem(kind, result);
    if (problem !== undefined) return { status: "failed", problem };
  }
  if (kind === "set-user") {
    const problem =
      "The terminal said OK, which is no proof for this: list-users or get-user tells";
    return { status: "unconfirmed", problem };
  }
  return { status: "done", problem: undefined };
}

/** What is wrong with an answer that is all the command was for. */
function findContentProblem(kind: string, result: CommandResult): string | undefined {
  const { contentProblem, enrollment, text } = result;
  if (contentProblem !== undefined) return `The answer cannot be read: ${contentProblem}`;
  if (text.trim() === "") return "The terminal said OK and sent nothing";
  const isUnread = kind === "get-user" && enrollment === undefined;
  return isUnread ? "What the terminal tells of the user cannot be read" : undefined;
}

/** Words other than `OK`; of these some are known to be said of what was done. */
function judgeOtherWord(kind: string, word: string): Verdict {
  // WS535 says `Error` of users that it did delete.
  if (kind === "delete-user") {
    const problem = `The terminal said "${word}", and may have deleted the user all the same`;
    return { status: "unconfirmed", problem };
  }
  // Reported, and by no source explained.
  if (/^(0|success)$/i.test(word)) {
    return { status: "unconfirmed", problem: `The terminal said "${word}" in place of OK` };
  }
  return { status: "failed", problem: `The terminal said "${word}"` };
}

/**
 * What may be kept of the result of a command of `kind`: no template, card or password, and nothing
 * that reads like our own progress with it.
 */
export function keepResult(kind: string, result: CommandResult): KeptResult {
  const bytes = WITH_RECORDS.has(kind) ? Buffer.concat([...result.binaries]) : undefined;
  if (kind === "get-user") {
    const { enrollment } = result;
    const text = enrollment === undefined ? undefined : JSON.stringify(spellUser(enrollment));
    return { text, bytes };
  }
  return { text: ASKING.has(kind) ? withoutSecrets(result.text) : undefined, bytes };
}

function spellUser(enrollment: Enrollment) {
  return {
    user_id: enrollment.userIdText,
    name: enrollment.name ?? null,
    privilege: enrollment.privilege ?? null,
    is_enabled: enrollment.isEnabled ?? null,
    credential_numbers: enrollment.credentials,
  };
}

/** Undefined for no JSON object, in which nobody could tell what is secret, and for a long one. */
function withoutSecrets(text: string): string | undefined {
  if (Buffer.byteLength(text) > RESULT_TEXT_BYTES_MAX) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return JSON.stringify(cleaned(withoutProgress({ ...value }), NESTING_MAX));
}

function cleaned(value: unknown, levels: number): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (levels === 0) return REMOVED;
  if (Array.isArray(value)) return value.map((item) => cleaned(item, levels - 1));
  const fields = Object.entries(value).map(([name, item]) => {
    const isSecret = SECRET_NAME.test(name) && !COUNT_NAME.test(name);
    return [name, isSecret ? REMOVED : cleaned(item, levels - 1)];
  });
  return Object.fromEntries(fields);
}
