/**
 * Reads once more what is kept of RealSvr records. Of a frame all is kept but its image, which
 * `FrameReader` drops again whatever it holds.
 */

import type { DecoderEvent, DecoderLimits } from "#devices/driver.ts";
import {
  type KeptReader,
  type KeptRequest,
  looseText,
  type Rereading,
  rereadingOf,
} from "#devices/kept-request.ts";
import { createRtlogDriver } from "./driver.ts";
import { isPadding } from "./text.ts";

const NO_ADDRESS = "";
const OPENING_BRACE = 0x7b;
const LENGTH_OFFSET = 8;
const HEAD_BYTES = 12;
const TEXT_OFFSET = 16;
const IMAGE_PART_BYTES = 64 * 1024;

/** See `KeptReader`. */
export const rtlogKeptReader: KeptReader = {
  driver: "rtlog",
  reread,
  textOf,
  shownFields: new Set([
    "SerialNo",
    "emergency",
    "fk_device_id",
    "io_mode",
    "io_time",
    "log_id",
    "serial_number",
    "user_id",
    "verify_mode",
  ]),
};

function reread({ bytes }: KeptRequest, limits: DecoderLimits): Rereading {
  const decoder = createRtlogDriver().open(limits, NO_ADDRESS);
  let [event]: readonly DecoderEvent[] = decoder.push(bytes);
  let missingBytes = Math.min(frameBytes(bytes), limits.requestBytesMax) - bytes.length;
  while (event === undefined && missingBytes > 0) {
    const part = new Uint8Array(Math.min(missingBytes, IMAGE_PART_BYTES));
    missingBytes -= part.length;
    [event] = decoder.push(part);
  }
  if (event?.kind === "exchange") return rereadingOf(event.intake);
  const [code, reason] =
    event?.kind === "violation"
      ? [event.code, event.detail]
      : ["frame-incomplete", "The record is not whole"];
  return { kind: "unreadable", code, reason };
}

/** As the head of a frame tells it; 0 for a record without one. */
function frameBytes(bytes: Uint8Array): number {
  if (bytes[0] === OPENING_BRACE || bytes.length < HEAD_BYTES) return 0;
  return HEAD_BYTES + readLength(bytes, LENGTH_OFFSET);
}

function textOf({ bytes }: KeptRequest, { textBytesMax }: DecoderLimits): string {
  const text = bytes.subarray(textStart(bytes), textEnd(bytes));
  const end = 1 + text.findLastIndex((byte) => !isPadding(byte));
  return looseText(text.subarray(0, end), textBytesMax);
}

function textStart(bytes: Uint8Array): number {
  if (bytes[0] === OPENING_BRACE) return 0;
  return bytes[HEAD_BYTES] === OPENING_BRACE ? HEAD_BYTES : TEXT_OFFSET;
}

/** What stands behind the text, as a frame tells its length, is no text. */
function textEnd(bytes: Uint8Array): number {
  const start = textStart(bytes);
  if (start !== TEXT_OFFSET || bytes.length < TEXT_OFFSET) return bytes.length;
  return Math.min(bytes.length, start + readLength(bytes, HEAD_BYTES));
}

function readLength(bytes: Uint8Array, offset: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(offset, true);
}
