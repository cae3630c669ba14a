/**
 * The shapes of an FKWeb request: the frame (headers that matter, and the body as bytes) and the
 * message decoded from it. Meaning in the project's words is `interpret.ts`.
 */

import type { HttpRequestHead } from "#devices/http-request.ts";

/** The header that names the action or command: `trans_id` in D2, `cmd_id` in D3 (fkweb.md 1). */
export interface TransactionHeader {
  readonly name: "trans_id" | "cmd_id";
  /** As sent; empty when absent. */
  readonly value: string;
}

/** One POST. Header values are as sent; an empty one counts as absent. */
export interface FkwebFrame {
  readonly requestCode: string | undefined;
  readonly deviceIdText: string | undefined;
  readonly transaction: TransactionHeader;
  /** Undefined: the request is no block of an upload. */
  readonly blockNumberText: string | undefined;
  /** The body, or as much of it as `planBody` keeps. */
  readonly body: Uint8Array;
  /** Whether `body` came in several blocks. */
  readonly isJoined: boolean;
}

/** A JSON object as parsed: nothing about its fields is known. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** What every message has. */
interface MessageBase {
  readonly deviceIdText: string;
  /** The body without its binaries. */
  readonly raw: Uint8Array;
}

/** `receive_cmd`. A poll is valid with any body, so `fields` may be empty. */
export interface PollMessage extends MessageBase {
  readonly kind: "poll";
  readonly fields: JsonObject;
}

/** `realtime_glog`: fields as text, `undefined` where absent, null or of no use as text. */
export interface PunchMessage extends MessageBase {
  readonly kind: "punch";
  /** The JSON slice, verbatim. */
  readonly text: string;
  readonly user_id: string | undefined;
  readonly io_time: string | undefined;
  readonly io_mode: string | undefined;
  readonly verify_mode: string | undefined;
  readonly fk_bin_data_lib: string | undefined;
  readonly work_code: string | undefined;
}

/** Any other request code. */
export interface NoticeMessage extends MessageBase {
  readonly kind: "notice";
  readonly requestCode: string;
  /** The JSON slice, verbatim; empty when there is none, and for enrolments always. */
  readonly text: string;
  /** The fields of an enrolment; undefined for any other notice, and where it cannot be read. */
  readonly enrolment?: JsonObject;
}

/** A decoded request. */
export type FkwebMessage = PollMessage | PunchMessage | NoticeMessage;

const DEVICE_ID_PATTERN = /^[\x20-\x7e]{1,64}$/;

/** Reads the headers of a request that matter to FKWeb. */
export function readFrame(head: HttpRequestHead, body: Uint8Array): FkwebFrame {
  const { headers } = head;
  const transId = headers.get("trans_id");
  const commandId = headers.get("cmd_id");
  return {
    requestCode: headers.get("request_code") || undefined,
    deviceIdText: headers.get("dev_id") || undefined,
    transaction:
      transId === undefined && commandId !== undefined
        ? { name: "cmd_id", value: commandId }
        : { name: "trans_id", value: transId ?? "" },
    blockNumberText: headers.get("blk_no") || undefined,
    body,
    isJoined: false,
  };
}

/** Whether `value` is a JSON object, not an array and not null. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Whether `text` can be a device id: 1 to 64 printable ASCII characters. Wider than the vendor's
 * `[A-Za-z0-9_]{1,18}`, since it is the only name a terminal has.
 */
export function isDeviceId(text: string): boolean {
  return DEVICE_ID_PATTERN.test(text);
}
