/**
 * Body framing of FKWeb (fkweb.md 4): finds the JSON text in a body, and decides how much of a body
 * is worth holding while it streams. What the fields mean is not known here.
 *
 * | offset | size | meaning |
 * |---|---|---|
 * | 0 | 4 | N, unsigned, little-endian: length of the text with its terminator |
 * | 4 | N | UTF-8 JSON, then `0A 00`, `00` or nothing |
 * | 4 + N | 4 + M, repeated | binaries: M, unsigned, little-endian, then M bytes |
 */

import { fail, ok, type Result } from "#base/result.ts";
import type { BodyPlan } from "#devices/http-request.ts";

/** The text of a body, and what it parses to. */
export interface BodyText {
  /** Verbatim, without terminator and padding. */
  readonly text: string;
  readonly value: unknown;
}

/** Why a body gives no text. */
export type BodyErrorCode = "body-empty" | "body-not-utf8" | "body-not-json" | "body-text-too-long";

/** What was found in place of JSON. */
export interface BodyError {
  readonly code: BodyErrorCode;
  readonly reason: string;
}

const PREFIX_BYTES = 4;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A run of bytes, from `start` up to and without `end`. */
interface Slice {
  readonly start: number;
  readonly end: number;
}

/**
 * Finds the JSON text of a body, in the order of section 4: the slice that the length prefix names;
 * the whole body as bare JSON (D5, D6, simulators); the first object in it, by brace depth. At most
 * `textBytesMax` bytes are taken for text. Should all fail, the error is that of the first form.
 */
export function splitBody(bytes: Uint8Array, textBytesMax: number): Result<BodyText, BodyError> {
  const framedBytes = framedTextBytes(bytes, bytes.length);
  const slice =
    framedBytes === undefined
      ? { start: 0, end: bytes.length }
      : { start: PREFIX_BYTES, end: PREFIX_BYTES + framedBytes };
  const whole = parseText(bytes, slice, textBytesMax);
  if (whole.ok) return whole;
  const object = findObject(bytes, textBytesMax);
  if (object === undefined) return whole;
  const scanned = parseText(bytes, object, textBytesMax);
  return scanned.ok ? scanned : whole;
}

/**
 * How much to hold of a body of `bodyBytes` that begins with `leading`: the framed text alone once
 * it has proved to be JSON, so that photos and templates behind it are dropped as they stream;
 * everything when the frame is in doubt, for then all of it may be wanted.
 */
export function planFramedBody(
  leading: Uint8Array,
  bodyBytes: number,
  textBytesMax: number,
): BodyPlan {
  if (leading.length < PREFIX_BYTES) return { kind: "ask", atBytes: PREFIX_BYTES };
  const framedBytes = framedTextBytes(leading, bodyBytes);
  const keepAll: BodyPlan = { kind: "keep", bytes: bodyBytes };
  if (framedBytes === undefined || framedBytes > textBytesMax) return keepAll;
  const end = PREFIX_BYTES + framedBytes;
  if (end === bodyBytes) return keepAll;
  if (leading.length < end) return { kind: "ask", atBytes: end };
  const text = parseText(leading, { start: PREFIX_BYTES, end }, textBytesMax);
  return text.ok ? { kind: "keep", bytes: end } : keepAll;
}

/** Whether a body begins with its own length prefix and JSON text: it is no later part of another. */
export function isFramedBody(bytes: Uint8Array, textBytesMax: number): boolean {
  const framedBytes = framedTextBytes(bytes, bytes.length);
  if (framedBytes === undefined) return false;
  const slice = { start: PREFIX_BYTES, end: PREFIX_BYTES + framedBytes };
  return parseText(bytes, slice, textBytesMax).ok;
}

/** The length prefix of a body, if the text it announces fits into `bodyBytes`. */
function framedTextBytes(bytes: Uint8Array, bodyBytes: number): number | undefined {
  const [first, second, third, fourth] = bytes;
  if (first === undefined || second === undefined) return undefined;
  if (third === undefined || fourth === undefined) return undefined;
  const textBytes = first + second * 2 ** 8 + third * 2 ** 16 + fourth * 2 ** 24;
  return PREFIX_BYTES + textBytes <= bodyBytes ? textBytes : undefined;
}

function parseText(
  bytes: Uint8Array,
  slice: Slice,
  textBytesMax: number,
): Result<BodyText, BodyError> {
  const end = trimmedEnd(bytes, slice);
  const textBytes = end - slice.start;
  if (textBytes === 0) return fail({ code: "body-empty", reason: "The body has no text" });
  if (textBytes > textBytesMax) {
    const reason = `The text has ${textBytes} bytes; at most ${textBytesMax} are read`;
    return fail({ code: "body-text-too-long", reason });
  }
  const text = decodeUtf8(bytes.subarray(slice.start, end));
  if (text === undefined) {
    return fail({ code: "body-not-utf8", reason: "The text is not UTF-8" });
  }
  return parseJson(text);
}

/** The end of a slice without its terminator and padding: `00`, `0A`, `0D` and `20`. */
function trimmedEnd(bytes: Uint8Array, slice: Slice): number {
  let end = slice.end;
  while (end > slice.start) {
    const last = bytes[end - 1];
    if (last !== 0x00 && last !== 0x0a && last !== 0x0d && last !== 0x20) break;
    end -= 1;
  }
  return end;
}

/** Invalid bytes are never replaced: `undefined` then. */
function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

function parseJson(text: string): Result<BodyText, BodyError> {
  try {
    const value: unknown = JSON.parse(text);
    return ok({ text, value });
  } catch {
    // The parser's own message quotes the body, which belongs in no log.
    return fail({ code: "body-not-json", reason: "The text is not JSON" });
  }
}

/**
 * The first balanced object within `bytesMax` bytes. Braces inside strings do not count. A prefix of
 * 123 is the byte of an opening brace too, so only a brace before a key or a closing brace opens.
 */
function findObject(bytes: Uint8Array, bytesMax: number): Slice | undefined {
  const start = findObjectStart(bytes);
  if (start === undefined) return undefined;
  const endMax = Math.min(bytes.length, start + bytesMax);
  let depth = 0;
  let isInString = false;
  for (let index = start; index < endMax; index += 1) {
    const byte = bytes[index];
    if (isInString) {
      if (byte === BACKSLASH) index += 1;
      else if (byte === QUOTE) isInString = false;
    } else if (byte === QUOTE) {
      isInString = true;
    } else if (byte === OPENING_BRACE) {
      depth += 1;
    } else if (byte === CLOSING_BRACE) {
      depth -= 1;
      if (depth === 0) return { start, end: index + 1 };
    }
  }
  return undefined;
}

function findObjectStart(bytes: Uint8Array): number | undefined {
  let start = bytes.indexOf(OPENING_BRACE);
  while (start >= 0) {
    let next = start + 1;
    while (isJsonSpace(bytes[next])) next += 1;
    if (bytes[next] === QUOTE || bytes[next] === CLOSING_BRACE) return start;
    start = bytes.indexOf(OPENING_BRACE, next);
  }
  return undefined;
}

function isJsonSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}
