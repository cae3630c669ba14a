/**
 * Frame to message: who sent it, under which number, and its fields as text. Nothing is judged
 * here: whether a user or a time makes sense is for the domain's rules.
 */

import { fail, ok } from "#base/result.ts";
import { quote } from "#devices/quote.ts";
import type { RtlogFrame } from "./frame.ts";
import { listMembers, type Member } from "./members.ts";
import type { DecodeError, RtlogMessage, RtlogRecord } from "./message.ts";
import { parseText } from "./text.ts";

const DEVICE_ID_PATTERN = /^[\x20-\x7e]{1,64}$/;
/** The fields that decide what a record means, and how it is answered. */
const FIELDS: ReadonlySet<string> = new Set([
  "log_id",
  "user_id",
  "fk_device_id",
  "verify_mode",
  "io_mode",
  "io_time",
]);
const SHORT_TEXT_PATTERN = /^[\x20-\x7e]{1,64}$/;
/** A number is only whole where something stands behind it. */
const LOG_ID_IN_BYTES =
  /"log_id"[ \t\r\n]*:[ \t\r\n]*(-?\d{1,20}(?=[ \t\r\n,}])|"[\x20\x21\x23-\x5b\x5d-\x7e]{0,64}")/;
const DEVICE_ID_IN_BYTES =
  /"fk_device_id"[ \t\r\n]*:[ \t\r\n]*(?:(\d{1,20})(?=[ \t\r\n,}])|"([\x20\x21\x23-\x5b\x5d-\x7e]{1,64})")/;
/** How much of a frame is searched for them. */
const SEARCHED_BYTES_MAX = 32 * 1024;

/** Members by name; of a repeated one the last, as JSON readers have it. */
type Tokens = ReadonlyMap<string, string>;
type Fields = Omit<RtlogRecord, "deviceIdText" | "text" | "log_id" | "SerialNo">;

/** Decodes one frame. */
export function decodeFrame(frame: RtlogFrame): RtlogMessage {
  const { fault } = frame;
  const parsed = fault === undefined ? parseText(frame.text) : fail(fault);
  if (!parsed.ok) return salvageMessage(frame, parsed.error);
  const text = parsed.value;
  const members = listMembers(text);
  const tokens: Tokens = new Map(members.map(({ name, token }) => [name, token]));
  const deviceIdText = fieldText(tokens.get("fk_device_id"));
  const isKnown = deviceIdText !== undefined && DEVICE_ID_PATTERN.test(deviceIdText);
  const fields = readFields(tokens);
  const error = findRepeated(members, tokens) ?? findHalfCharacter(fields);
  const logIdToken = tokens.get("log_id");
  if (!isKnown) {
    const failure = { ...(error ?? noDeviceId(deviceIdText)), deviceIdText: undefined };
    return { logIdToken, record: fail(failure) };
  }
  if (error !== undefined) return { logIdToken, record: fail({ ...error, deviceIdText }) };
  const log_id = shortText(logIdToken);
  const SerialNo = shortText(tokens.get("SerialNo") ?? tokens.get("serial_number"));
  return { logIdToken, record: ok({ deviceIdText, text, log_id, SerialNo, ...fields }) };
}

/**
 * What can be told of a frame that is no JSON: its number and its sender, if they stand in it as
 * they do in JSON. It can be acknowledged by its number, and so does not block those behind it.
 */
export function salvageMessage(frame: RtlogFrame, error: DecodeError): RtlogMessage {
  const text = Buffer.from(frame.text.subarray(0, SEARCHED_BYTES_MAX)).toString("latin1");
  const deviceId = DEVICE_ID_IN_BYTES.exec(text);
  return {
    logIdToken: LOG_ID_IN_BYTES.exec(text)?.[1],
    record: fail({ ...error, deviceIdText: deviceId?.[1] ?? deviceId?.[2] }),
  };
}

/** A field that is given twice means one thing or the other: which, nobody knows. */
function findRepeated(members: readonly Member[], tokens: Tokens): DecodeError | undefined {
  const repeated = members.find(
    ({ name, token }) => FIELDS.has(name) && tokens.get(name) !== token,
  );
  if (repeated === undefined) return undefined;
  const reason = `${repeated.name} is given more than once, with different values`;
  return { code: "field-repeated", reason };
}

/** UTF-8 has no form for half a surrogate pair: in storage, different users would become one. */
function findHalfCharacter(fields: Fields): DecodeError | undefined {
  const found = Object.entries(fields).find(([, text]) => text?.isWellFormed() === false);
  if (found === undefined) return undefined;
  return { code: "text-not-unicode", reason: `${found[0]} is not well-formed Unicode` };
}

function readFields(tokens: Tokens): Fields {
  return {
    user_id: fieldText(tokens.get("user_id")),
    io_time: fieldText(tokens.get("io_time")),
    io_mode: codeText(tokens.get("io_mode")),
    verify_mode: codeText(tokens.get("verify_mode")),
  };
}

/** A string's content, a number's digits; anything else is `undefined`. */
function fieldText(token: string | undefined): string | undefined {
  if (token === undefined) return undefined;
  const value: unknown = JSON.parse(token);
  if (typeof value === "string") return value;
  return typeof value === "number" ? token : undefined;
}

/** Only what can be a number is kept beside the text: no odd one costs the record. */
function shortText(token: string | undefined): string | undefined {
  const text = fieldText(token);
  return text !== undefined && SHORT_TEXT_PATTERN.test(text) ? text : undefined;
}

/** A code as sent: text and numbers as they are, a list such as `["FP"]` as its JSON text. */
function codeText(token: string | undefined): string | undefined {
  if (token === undefined || token === "null") return undefined;
  return fieldText(token) ?? token;
}

function noDeviceId(deviceIdText: string | undefined): DecodeError {
  const seen =
    deviceIdText === undefined ? "No fk_device_id" : `fk_device_id ${quote(deviceIdText)}`;
  const reason = `${seen}; 1 to 64 printable characters are wanted`;
  return { code: "no-device-id", reason };
}
