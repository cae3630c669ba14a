/**
 * Dialect D1 (fkweb.md 1): a form in place of headers and body, by firmware of 2014 and 2015.
 *
 * The sheet names `page_id` and `device_id` alone. That the page is the request code, and the fields of
 * a poll and of a punch, are taken from that firmware's source (S10); no terminal was seen to send
 * them. Any other page is kept as it came.
 *
 * | page_id | fields beside `device_id` and `device_name` |
 * |---|---|
 * | `receive_cmd` | `device_time` (14 digits), `device_info={enrollee:9,…,firmware:V1,fk_type:X}` |
 * | `realtime_glog` | `glog_data={enroll_id:27,verify_mode:FP,io_mode:IN,io_time:20150302081504}` |
 */

import { decodeUtf8 } from "./body.ts";
import type { FkwebFrame, JsonObject } from "./message.ts";

const FORM_TYPE = "application/x-www-form-urlencoded";
const PAGE_FIELD = Buffer.from("page_id=");
/** The firmware sends its own longest field in parts of 1024 bytes. */
const FORM_BYTES_MAX = 64 * 1024;

/** Whether a body without a `request_code` header is a form. */
export function isForm(contentType: string, body: Uint8Array): boolean {
  const isNamed = PAGE_FIELD.every((byte, index) => body[index] === byte);
  return isNamed || contentType.startsWith(FORM_TYPE);
}

/** The frame with the fields of its form in place of headers. */
export function readForm(frame: FkwebFrame): FkwebFrame {
  // The name of a terminal may be in any encoding; what names the request is ASCII.
  const { buffer, byteOffset, length } = frame.body.subarray(0, FORM_BYTES_MAX);
  const fields = readFields(Buffer.from(buffer, byteOffset, length).toString("latin1"));
  return {
    ...frame,
    dialect: "form",
    requestCode: fields.get("page_id") || undefined,
    deviceIdText: fields.get("device_id") || undefined,
    transaction: { name: "trans_id", value: fields.get("trans_id") ?? "" },
    blockNumberText: undefined,
  };
}

/** The fields of a poll under the names of D2; none where it cannot be read. */
export function readFormPoll(body: Uint8Array): JsonObject {
  const text = readText(body);
  if (text === undefined) return {};
  const fields = readFields(text);
  const { firmware, ...counts } = readObject(fields.get("device_info")) ?? {};
  return {
    fk_name: fields.get("device_name"),
    fk_time: fields.get("device_time"),
    fk_info: { firmware, ...counts },
  };
}

/** A punch: its text, and its fields under the names of D2. */
export interface FormPunch {
  /** The whole form. */
  readonly text: string;
  readonly fields: JsonObject;
}

/** A punch, or `undefined` where it says neither who nor when. */
export function readFormPunch(body: Uint8Array): FormPunch | undefined {
  const text = readText(body);
  if (text === undefined) return undefined;
  const record = readObject(readFields(text).get("glog_data"));
  if (record?.enroll_id === undefined || record.io_time === undefined) return undefined;
  const { enroll_id: user_id, io_time, io_mode, verify_mode } = record;
  return { text, fields: { user_id, io_time, io_mode, verify_mode } };
}

function readText(body: Uint8Array): string | undefined {
  return body.length > FORM_BYTES_MAX ? undefined : decodeUtf8(body);
}

/** Fields by name; of a repeated one the first. The firmware encodes nothing. */
function readFields(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const part of text.split("&")) {
    const equals = part.indexOf("=");
    const name = part.slice(0, Math.max(0, equals));
    if (equals > 0 && !fields.has(name)) fields.set(name, part.slice(equals + 1));
  }
  return fields;
}

/** Reads `{name:value,name:value}`, quotes or not; no values inside values. */
function readObject(text: string | undefined): Readonly<Record<string, string>> | undefined {
  const match = /^\{([^{}]*)\}$/.exec(decodeValue(text ?? "").trim());
  if (match === null) return undefined;
  const fields: Record<string, string> = Object.create(null);
  for (const part of (match[1] ?? "").split(",")) {
    const colon = part.indexOf(":");
    if (colon < 0) return undefined;
    const name = withoutQuotes(part.slice(0, colon));
    // Said twice, it may mean either.
    if (name in fields) return undefined;
    fields[name] = withoutQuotes(part.slice(colon + 1));
  }
  return fields;
}

/** A value as a proxy or a later firmware may have encoded it; as it is where it is not. */
function decodeValue(text: string): string {
  if (!/^%7b/i.test(text)) return text;
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}

function withoutQuotes(text: string): string {
  return text.trim().replace(/^"(.*)"$/, "$1");
}
