/**
 * The record of dialect R (fkweb.md 1, row R), in the vendor's words. The fields are taken from the
 * vendor's own receiver and are not confirmed on hardware. Others that are known, and stay in the
 * text alone: `device_port`, `emergency`, `is_support_string_id`, `temperature`.
 */

import type { Result } from "#base/result.ts";
import type { FrameFault } from "./frame.ts";
import type { TextError } from "./text.ts";

/** Why a frame gives no record. */
export type DecodeErrorCode =
  | FrameFault["code"]
  | TextError["code"]
  | "text-not-unicode"
  | "field-repeated"
  | "no-device-id"
  | "decoder-failed";

/** The code, and for the operator what was seen. */
export interface DecodeError {
  readonly code: DecodeErrorCode;
  readonly reason: string;
}

/** Fields as text, numbers with the digits sent; `undefined` where absent, null or no text. */
export interface RtlogRecord {
  /** `fk_device_id`: 1 to 64 printable characters. */
  readonly deviceIdText: string;
  /** The JSON, verbatim. */
  readonly text: string;
  /** 1 to 64 printable characters; undefined where it is anything else. */
  readonly log_id: string | undefined;
  readonly user_id: string | undefined;
  readonly io_time: string | undefined;
  readonly io_mode: string | undefined;
  readonly verify_mode: string | undefined;
  /** 1 to 64 printable characters; undefined where it is anything else. `serial_number` in some. */
  readonly SerialNo: string | undefined;
}

/** Why a frame gives no record, and who sent it, if that can be told. */
export interface DecodeFailure extends DecodeError {
  /** As in a record. */
  readonly deviceIdText: string | undefined;
}

/** A frame as far as it can be read. */
export interface RtlogMessage {
  /** `log_id` as JSON spells it, quotes included: what the answer echoes. */
  readonly logIdToken: string | undefined;
  readonly record: Result<RtlogRecord, DecodeFailure>;
}
