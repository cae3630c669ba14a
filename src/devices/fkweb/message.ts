/**
 * The shapes of an FKWeb request: the frame (headers that matter, and the body as bytes) and the
 * message decoded from it. Meaning in the project's words is `interpret.ts`.
 */

import { type HttpRequestHead, targetPath } from "#devices/http-request.ts";
import type { CommandResult } from "#domain/command.ts";

/**
 * How a terminal and its server spell bodies (fkweb.md 1). `framed`: D2, D3 and D4, and what is inside
 * D7. `form`: D1. `bare`: D5, JSON without a length. `visible-light`: D6, that JSON in camel case.
 */
export type FkwebDialect = "framed" | "form" | "bare" | "visible-light";

/** The header that names the action or command: `trans_id` in D2, `cmd_id` in D3 (fkweb.md 1). */
export interface TransactionHeader {
  readonly name: "trans_id" | "cmd_id";
  /** As sent; empty when absent. */
  readonly value: string;
}

/** Why the body of a frame is not looked at. */
export interface FrameFault {
  readonly code:
    | "body-text-too-long"
    | "body-not-utf8"
    | "body-not-json"
    | "body-not-object"
    | "block-missing"
    | "block-not-base64";
  readonly reason: string;
}

/** One POST. Header values are as sent; an empty one counts as absent. */
export interface FkwebFrame {
  readonly dialect: FkwebDialect;
  readonly requestCode: string | undefined;
  readonly deviceIdText: string | undefined;
  readonly transaction: TransactionHeader;
  /** Undefined: the request is no block of an upload. */
  readonly blockNumberText: string | undefined;
  /** `cmd_return_code`: what a terminal says of a command. */
  readonly returnCode: string | undefined;
  /** The `encrypt` header where it names more than base64 (D7). */
  readonly encryption: string | undefined;
  /** The body, or as much of it as `planBody` keeps. */
  readonly body: Uint8Array;
  /** Whether `body` came in several blocks. */
  readonly isJoined: boolean;
  /** Set: the fields that should name the request cannot be read, and `body` is all of it. */
  readonly fault?: FrameFault;
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

/** `send_cmd_result`. */
export interface ResultMessage extends MessageBase {
  readonly kind: "result";
  readonly result: CommandResult;
}

/** A decoded request. */
export type FkwebMessage = PollMessage | PunchMessage | NoticeMessage | ResultMessage;

const DEVICE_ID_PATTERN = /^[\x20-\x7e]{1,64}$/;
/** The vendor's server takes any other `dev_model` for none (fkweb.md 1). */
const DEVICE_MODEL_PATTERN = /^\w{1,32}$/;
const VISIBLE_LIGHT_PATH = "/aidata.aspx";
/** Values of `encrypt` that leave the text readable. */
const PLAIN_PATTERN = /^(?:|no|none|off|false|0|base64only)$/i;

/** Reads the headers of a request that matter to FKWeb. */
export function readFrame(head: HttpRequestHead, body: Uint8Array): FkwebFrame {
  const { headers } = head;
  const transId = headers.get("trans_id");
  const commandId = headers.get("cmd_id");
  const dialect = dialectOf(head);
  return {
    dialect,
    requestCode: headers.get("request_code") || undefined,
    deviceIdText: headers.get("dev_id") || undefined,
    transaction:
      transId === undefined && commandId !== undefined
        ? { name: "cmd_id", value: commandId }
        : { name: "trans_id", value: transId ?? "" },
    // D5 and D6 never split, and the vendor's server does not look at their blocks (fkweb.md 5).
    blockNumberText: dialect === "framed" ? headers.get("blk_no") || undefined : undefined,
    returnCode: headers.get("cmd_return_code") || undefined,
    encryption: encryptionOf(head),
    body,
    isJoined: false,
  };
}

/** The dialect as far as the head tells it: all but D1 and D7 name their request there. */
function dialectOf({ headers, target }: HttpRequestHead): FkwebDialect {
  const isVisibleLight = target !== "/" && targetPath(target).toLowerCase() === VISIBLE_LIGHT_PATH;
  if (isVisibleLight) return "visible-light";
  const model = headers.get("dev_model");
  return model !== undefined && DEVICE_MODEL_PATTERN.test(model) ? "bare" : "framed";
}

/** The kind of encryption, if it is one. */
function encryptionOf({ headers }: HttpRequestHead): string | undefined {
  const encryption = headers.get("encrypt");
  return encryption === undefined || PLAIN_PATTERN.test(encryption) ? undefined : encryption;
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
