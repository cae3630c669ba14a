/**
 * Frame to message: which request it is, who sent it, and its fields as text. Numbers keep the
 * digits that were sent. Nothing is judged here: whether a user or a time makes sense is for the
 * domain's rules.
 */

import { fail, ok, type Result } from "#base/result.ts";
import { quote } from "#devices/quote.ts";
import type { CommandResult } from "#domain/command.ts";
import { type BodyErrorCode, type BodyText, splitBody } from "./body.ts";
import {
  isDocumentedNotice,
  isRequestCode,
  REALTIME_ENROLL_DATA,
  REALTIME_GLOG,
  RECEIVE_COMMAND,
  SEND_COMMAND_RESULT,
  SEND_GLOG_DATA,
} from "./codes.ts";
import { decodeCommandResult } from "./command-result.ts";
import { readFormPoll, readFormPunch } from "./form.ts";
import { hasNote } from "./json-binaries.ts";
import {
  type FkwebFrame,
  type FkwebMessage,
  type FrameFault,
  isDeviceId,
  isJsonObject,
  type JsonObject,
  type NoticeMessage,
  type PunchMessage,
} from "./message.ts";

/** Why a frame gives no message. */
export type DecodeErrorCode =
  | BodyErrorCode
  | FrameFault["code"]
  | "no-device-id"
  | "no-request-code"
  | "bad-request-code"
  | "body-not-object"
  | "text-not-unicode"
  | "upload-inconsistent"
  | "batch-undocumented"
  | "form-undocumented"
  | "record-incomplete"
  | "encrypted"
  | "decoder-failed";

/** The code, and for the operator what was seen. */
export interface DecodeError {
  readonly code: DecodeErrorCode;
  readonly reason: string;
}

const NO_FIELDS: JsonObject = {};
const NO_BYTES = new Uint8Array(0);
const NESTING_MAX = 32;
/**
 * Names of D2 and of D6. Of the two codes that D6 has for a direction, `inOut` says it in a word, and
 * the key that was pressed (`ioMode`) stays in the text.
 */
const USER_NAMES = ["user_id", "userId"] as const;
const TIME_NAMES = ["io_time", "time"] as const;
const VERIFY_NAMES = ["verify_mode", "verifyMode"] as const;
const WORK_NAMES = ["work_code", "workCode"] as const;

/** Decodes one request; at most `textBytesMax` bytes of its body are taken for text. */
export function decodeMessage(
  frame: FkwebFrame,
  textBytesMax: number,
): Result<FkwebMessage, DecodeError> {
  const { requestCode, deviceIdText } = frame;
  if (requestCode === undefined) {
    if (frame.encryption !== undefined) return fail(encrypted(frame.encryption));
    if (frame.fault !== undefined) return fail(frame.fault);
    const reason = "No request_code header, and no body that names the request";
    return fail({ code: "no-request-code", reason });
  }
  if (!isRequestCode(requestCode)) {
    const reason = `request_code ${quote(requestCode)} is not 1 to 64 printable characters`;
    return fail({ code: "bad-request-code", reason });
  }
  if (deviceIdText === undefined || !isDeviceId(deviceIdText)) {
    const seen = deviceIdText === undefined ? "No dev_id" : `dev_id ${quote(deviceIdText)}`;
    const reason = `${seen}; 1 to 64 printable characters are wanted`;
    return fail({ code: "no-device-id", reason });
  }
  if (requestCode === SEND_GLOG_DATA) {
    const reason = "Several punches in a layout that is not documented";
    return fail({ code: "batch-undocumented", reason });
  }
  if (frame.dialect === "form") return decodeForm(frame, { requestCode, deviceIdText });
  if (requestCode === SEND_COMMAND_RESULT) {
    return ok({
      kind: "result",
      deviceIdText,
      result: readResult(frame, textBytesMax),
      raw: NO_BYTES,
    });
  }
  const body = readText(frame, textBytesMax);
  const raw = body.ok ? body.value.bytes : frame.body;
  switch (requestCode) {
    case REALTIME_GLOG:
      return body.ok ? decodePunch(deviceIdText, body.value) : body;
    case RECEIVE_COMMAND: {
      const fields = body.ok && isJsonObject(body.value.value) ? body.value.value : NO_FIELDS;
      return ok({ kind: "poll", deviceIdText, fields, raw });
    }
    default: {
      const notice: NoticeMessage = { kind: "notice", deviceIdText, requestCode, text: "", raw };
      if (requestCode === REALTIME_ENROLL_DATA) {
        const isWhole = body.ok && (body.value.isFramed || frame.dialect !== "framed");
        return ok(withoutText(notice, isWhole ? body.value.value : undefined));
      }
      if (body.ok) return ok({ ...notice, text: body.value.text });
      // Of a code that nobody documented, a body that is no JSON is all there is to understand it by.
      const isNothingLost = body.error.code === "body-empty" || isDocumentedNotice(requestCode);
      return isNothingLost ? ok(notice) : body;
    }
  }
}

/**
 * A result whose content is of no use tells its word all the same. Nothing of its body is kept as it
 * came: it may hold templates and passwords.
 */
function readResult(frame: FkwebFrame, textBytesMax: number): CommandResult {
  const read = decodeCommandResult(frame, textBytesMax);
  if (read.ok) return read.value;
  return {
    commandIdText: frame.transaction.value,
    returnCode: frame.returnCode,
    text: "",
    binaries: [],
    contentProblem: read.error.reason,
  };
}

/**
 * A text field as sent: a string itself, a number as `String` writes it, anything else `undefined`.
 */
export function plainText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "number" ? String(value) : undefined;
}

/**
 * The text of a body. Terminals cut nothing but framed bodies into blocks (fkweb.md 5), so blocks
 * that make none together are not of one upload: whatever text they have may be half of a record.
 */
function readText(frame: FkwebFrame, textBytesMax: number): Result<BodyText, DecodeError> {
  if (frame.fault !== undefined) {
    return fail(frame.encryption === undefined ? frame.fault : encrypted(frame.encryption));
  }
  const body = splitBody(frame.body, textBytesMax);
  if (!body.ok && body.error.code !== "body-empty" && frame.encryption !== undefined) {
    return fail(encrypted(frame.encryption));
  }
  if (!frame.isJoined || (body.ok && body.value.isFramed)) return body;
  const seen = body.ok ? "The text has no length prefix" : body.error.reason;
  const reason = `The blocks together are no framed body: ${seen}`;
  return fail({ code: "upload-inconsistent", reason });
}

function encrypted(encryption: string): DecodeError {
  const seen = `The terminal encrypts what it sends (encrypt: ${quote(encryption)})`;
  return { code: "encrypted", reason: `${seen}; switch encryption off in its server settings` };
}

/**
 * An enrolment as its fields alone. Its text may name cards and passwords, and that of some clones
 * holds templates, so neither it nor the bytes go any further (fkweb.md 6.3).
 */
function withoutText(notice: NoticeMessage, value: unknown): NoticeMessage {
  const bare = { ...notice, raw: NO_BYTES };
  return isJsonObject(value) ? { ...bare, enrolment: value } : bare;
}

/** Decodes a request of D1, of which a poll and a punch are known. */
function decodeForm(
  { body: raw }: FkwebFrame,
  { requestCode, deviceIdText }: { readonly requestCode: string; readonly deviceIdText: string },
): Result<FkwebMessage, DecodeError> {
  if (requestCode === RECEIVE_COMMAND) {
    return ok({ kind: "poll", deviceIdText, fields: readFormPoll(raw), raw });
  }
  const punch = requestCode === REALTIME_GLOG ? readFormPunch(raw) : undefined;
  if (punch === undefined) {
    const reason = `Fields of page_id ${quote(requestCode)} that no source documents (dialect D1)`;
    return fail({ code: "form-undocumented", reason });
  }
  return spellPunch(punch.fields, { kind: "punch", deviceIdText, text: punch.text, raw });
}

function decodePunch(deviceIdText: string, body: BodyText): Result<PunchMessage, DecodeError> {
  if (!isJsonObject(body.value)) {
    return fail({ code: "body-not-object", reason: "The text is JSON, but not an object" });
  }
  const fields = hasInexactNumber(body.value)
    ? withNumbersAsSent(body.value, body.text)
    : body.value;
  if (fields === undefined) {
    return fail({ code: "body-not-json", reason: "The text is nested too deeply" });
  }
  const { text, bytes: raw } = body;
  const punch = spellPunch(fields, { kind: "punch", deviceIdText, text, raw });
  if (!punch.ok || !body.lacksUnnamed || isComplete(punch.value)) return punch;
  const reason = "What the record has in base64 may be more than a photo";
  return fail({ code: "record-incomplete", reason });
}

/** Whether nothing that was left out can have been the record itself, or a part that counts. */
function isComplete({ user_id = "", io_time = "", io_mode, verify_mode, work_code }: PunchMessage) {
  const fields = [user_id, io_time, io_mode, verify_mode, work_code];
  return user_id !== "" && io_time !== "" && !fields.some((text = "") => hasNote(text));
}

/** The fields of a punch as text: in the names of D2, else in those of D6. */
function spellPunch(
  fields: JsonObject,
  message: Pick<PunchMessage, "kind" | "deviceIdText" | "text" | "raw">,
): Result<PunchMessage, DecodeError> {
  const sent = {
    user_id: plainText(firstOf(fields, USER_NAMES)),
    io_time: plainText(firstOf(fields, TIME_NAMES)),
    io_mode: codeText(fields.io_mode ?? (fields.inOut || fields.ioMode)),
    verify_mode: codeText(firstOf(fields, VERIFY_NAMES)),
    fk_bin_data_lib: plainText(fields.fk_bin_data_lib),
    work_code: codeText(firstOf(fields, WORK_NAMES)),
  };
  for (const [name, text] of Object.entries(sent)) {
    // UTF-8 has no form for half a surrogate pair: in storage, different users would become one.
    if (text?.isWellFormed() === false) {
      return fail({ code: "text-not-unicode", reason: `${name} is not well-formed Unicode` });
    }
  }
  return ok({ ...message, ...sent });
}

function firstOf(fields: JsonObject, [name, other]: readonly [string, string]): unknown {
  return fields[name] === undefined ? fields[other] : fields[name];
}

/** A code as sent: text and numbers as they are, a list such as `["FP"]` as its JSON text. */
function codeText(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return plainText(value) ?? jsonText(value);
}

/**
 * The JSON text of a parsed value; `undefined` when it is nested more than 32 deep. Writing takes a
 * time that is quadratic in the depth: 64 KiB of brackets would stop every terminal for 400 ms.
 */
export function jsonText(value: unknown): string | undefined {
  return isNestedWithin(value, NESTING_MAX) ? JSON.stringify(value) : undefined;
}

function isNestedWithin(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return levels > 0 && Object.values(value).every((item) => isNestedWithin(item, levels - 1));
}

/**
 * Whether a field might lose digits as a JavaScript number. A user or a time is text by nature, so
 * any number there is looked up in the text; a code is exact as a safe unsigned integer.
 */
function hasInexactNumber(fields: JsonObject): boolean {
  return (
    typeof firstOf(fields, USER_NAMES) === "number" ||
    typeof firstOf(fields, TIME_NAMES) === "number" ||
    isInexactCode(fields.io_mode ?? fields.ioMode) ||
    isInexactCode(firstOf(fields, VERIFY_NAMES)) ||
    isInexactCode(firstOf(fields, WORK_NAMES))
  );
}

function isInexactCode(value: unknown): boolean {
  return typeof value === "number" && !(Number.isSafeInteger(value) && value >= 0);
}

/**
 * `fields` with each number replaced by its own spelling in `text`, the JSON they came from. Slower
 * than a plain parse, and `undefined` where nesting exhausts the stack.
 */
function withNumbersAsSent(fields: JsonObject, text: string): JsonObject | undefined {
  let spelled: unknown;
  try {
    spelled = JSON.parse(text, spellNumber);
  } catch {
    return undefined;
  }
  if (!isJsonObject(spelled)) return undefined;
  const sent: Record<string, unknown> = { ...fields };
  for (const [key, value] of Object.entries(fields)) {
    if (typeof value === "number") sent[key] = spelled[key];
  }
  return sent;
}

/** A reviver; `context.source` is the text of a primitive, as ECMAScript 2026 defines it. */
function spellNumber(_key: string, value: unknown, context?: { readonly source?: string }) {
  return typeof value === "number" ? (context?.source ?? String(value)) : value;
}
