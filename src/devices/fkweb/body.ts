/**
 * Body framing of FKWeb (fkweb.md 4): finds the JSON text in a body, proves that nothing else of
 * worth is in it, and decides how much of a body is worth holding while it streams. What the fields
 * mean is not known here.
 *
 * | offset | size | meaning |
 * |---|---|---|
 * | 0 | 4 | N, unsigned, little-endian: length of the text with its terminator |
 * | 4 | N | UTF-8 JSON, then `0A 00`, `00` or nothing |
 * | 4 + N | 4 + M, repeated | binaries: M, unsigned, little-endian, then M bytes |
 *
 * Whoever acknowledges a text lets go of the rest of its body, so the rest must be nothing: padding,
 * or binaries. As another framed record looks like a binary too, only as many count as the text
 * names (`"BIN_1"`), and none that begins with a brace. Behind binaries fewer than four stray bytes
 * may stand, which are too few for a length.
 */

import { fail, ok, type Result } from "#base/result.ts";
import type { BodyPlan } from "#devices/http-request.ts";
import { withoutBinaries } from "./json-binaries.ts";
import { isJsonObject } from "./message.ts";

/** The text of a body, and what it parses to. */
export interface BodyText {
  /** Verbatim, without terminator and padding, and with a note in place of base64 binaries. */
  readonly text: string;
  readonly value: unknown;
  /** Whether a length prefix named it. */
  readonly isFramed: boolean;
  /** Whether something was left out of it that only looked like a binary. */
  readonly lacksUnnamed: boolean;
  /** The body without its binaries, which do not keep their memory through it. */
  readonly bytes: Uint8Array;
}

/** Why a body gives no text. */
export type BodyErrorCode =
  | "body-empty"
  | "body-not-utf8"
  | "body-not-json"
  | "body-text-too-long"
  | "body-has-more";

/** What was found in place of JSON, or beside it. */
export interface BodyError {
  readonly code: BodyErrorCode;
  readonly reason: string;
}

interface ParsedText {
  readonly text: string;
  readonly value: unknown;
  /** The text as bytes, if binaries in it were left out. */
  readonly shortened?: Uint8Array;
  readonly lacksUnnamed: boolean;
}

/** Bytes of a length. */
export const PREFIX_BYTES = 4;
/** In front of an object that is found by its braces: a wrong length and a byte order mark. */
const LEADING_BYTES_MAX = PREFIX_BYTES + 3;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BINARY_NAME_PATTERN = /"BIN_\d{1,3}"/g;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A run of bytes, from `start` up to and without `end`. */
interface Slice {
  readonly start: number;
  readonly end: number;
}

/**
 * Finds the JSON text of a body, in the order of section 4: the slice that the length prefix names;
 * the whole body as bare JSON (D5, D6, simulators); the first object in it, by brace depth. At most
 * `textBytesMax` bytes are taken for text, not counting binaries in it. Should all fail, the error is that of the first form;
 * `body-has-more` when one fits but leaves bytes over.
 */
export function splitBody(bytes: Uint8Array, textBytesMax: number): Result<BodyText, BodyError> {
  const framedBytes = framedTextBytes(bytes, bytes.length);
  const isFramed = framedBytes !== undefined;
  const slice = isFramed
    ? { start: PREFIX_BYTES, end: PREFIX_BYTES + framedBytes }
    : { start: 0, end: bytes.length };
  const parsed = parseText(bytes, slice, textBytesMax);
  if (parsed.ok) {
    const { shortened, ...found } = parsed.value;
    if (slice.end === bytes.length) {
      return ok({ ...found, isFramed, bytes: shortened ?? bytes });
    }
    const rest = { start: slice.end, end: bytes.length };
    return isPadding(bytes, rest) || isBinaries(bytes, rest, countBinaries(found.text))
      ? ok({ ...found, isFramed, bytes: shortened ?? bytes.slice(0, slice.end) })
      : fail(hasMore(rest));
  }
  const object = findObject(bytes, textBytesMax);
  const scanned = object && parseText(bytes, object, textBytesMax);
  if (object === undefined || !scanned?.ok) {
    // A text of no bytes is nothing only where nothing stands behind it.
    const behind = { start: slice.end, end: bytes.length };
    const hidesMore = parsed.error.code === "body-empty" && !isPadding(bytes, behind);
    return hidesMore ? fail(hasMore(behind)) : parsed;
  }
  const { shortened, ...found } = scanned.value;
  const rest = { start: object.end, end: bytes.length };
  return isPadding(bytes, rest)
    ? ok({ ...found, isFramed: false, bytes: shortened ?? bytes })
    : fail(hasMore(rest));
}

/** Whether a body is complete by itself: one JSON object, in any of the forms of `splitBody`. */
export function isWholeBody(bytes: Uint8Array, textBytesMax: number): boolean {
  const split = splitBody(bytes, textBytesMax);
  return split.ok && isJsonObject(split.value.value);
}

/**
 * Whether a body starts as one does, however it goes on: with a length that fits, or with a JSON
 * object. The rest of a cut upload hardly ever does; a broken record nearly always.
 */
export function beginsLikeBody(bytes: Uint8Array): boolean {
  const framedBytes = framedTextBytes(bytes, bytes.length);
  if (framedBytes !== undefined && framedBytes > 0) return true;
  return bytes.subarray(0, LEADING_BYTES_MAX + 1).includes(OPENING_BRACE);
}

/**
 * How much to hold of a body of `bodyBytes` that begins with `leading`: the framed text alone once
 * it has proved to be an object with one binary that fills the rest, so that a photo is dropped as
 * it streams; everything in all other cases, for then all of it may be wanted.
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
  if (bodyBytes - end < PREFIX_BYTES) return keepAll;
  // The text, the length behind it, and the first byte of the binary, if it has one.
  const neededBytes = Math.min(end + PREFIX_BYTES + 1, bodyBytes);
  if (leading.length < neededBytes) return { kind: "ask", atBytes: neededBytes };
  const parsed = parseText(leading, { start: PREFIX_BYTES, end }, textBytesMax);
  if (!parsed.ok || !isJsonObject(parsed.value.value)) return keepAll;
  const isPhoto =
    countBinaries(parsed.value.text) === 1 &&
    isBinaries(leading, { start: end, end: bodyBytes }, 1);
  return isPhoto ? { kind: "keep", bytes: end } : keepAll;
}

/**
 * How much to hold of a body, or of a block of one, of which only the framed text is wanted: that
 * text, as far as it is not in the blocks before (`held`), and nothing behind it. A body that is
 * not framed is dropped whole.
 */
export function planTextAlone(
  held: Uint8Array | undefined,
  leading: Uint8Array,
  textBytesMax: number,
): BodyPlan {
  if (held === undefined && leading.length < PREFIX_BYTES) {
    return { kind: "ask", atBytes: PREFIX_BYTES };
  }
  const textBytes = readLength(held ?? leading, 0);
  if (textBytes === undefined || textBytes > textBytesMax) return { kind: "keep", bytes: 0 };
  return { kind: "keep", bytes: Math.max(0, PREFIX_BYTES + textBytes - (held?.length ?? 0)) };
}

/** The length prefix of a body, if the text it announces fits into `bodyBytes`. */
function framedTextBytes(bytes: Uint8Array, bodyBytes: number): number | undefined {
  const textBytes = readLength(bytes, 0);
  if (textBytes === undefined) return undefined;
  return PREFIX_BYTES + textBytes <= bodyBytes ? textBytes : undefined;
}

/** Four bytes as an unsigned little-endian number; `undefined` where there are fewer. */
export function readLength(bytes: Uint8Array, offset: number): number | undefined {
  const first = bytes[offset];
  const second = bytes[offset + 1];
  const third = bytes[offset + 2];
  const fourth = bytes[offset + 3];
  if (first === undefined || second === undefined) return undefined;
  if (third === undefined || fourth === undefined) return undefined;
  return first + second * 2 ** 8 + third * 2 ** 16 + fourth * 2 ** 24;
}

/**
 * Whether `rest` is nothing but at most `countMax` binaries; one that the text names may be missing
 * (fkweb.md 6.7). `bytes` may end early, behind the first byte of the last binary.
 */
function isBinaries(bytes: Uint8Array, rest: Slice, countMax: number): boolean {
  let offset = rest.start;
  for (let count = 0; count < countMax && rest.end - offset >= PREFIX_BYTES; count += 1) {
    const binaryBytes = readLength(bytes, offset);
    if (binaryBytes === undefined) return false;
    offset += PREFIX_BYTES;
    if (binaryBytes > 0 && bytes[offset] === OPENING_BRACE) return false;
    offset += binaryBytes;
  }
  return offset <= rest.end && rest.end - offset < PREFIX_BYTES;
}

/** How many binaries a text refers to, each counted once. */
export function countBinaries(text: string): number {
  return text.includes('"BIN_') ? new Set(text.match(BINARY_NAME_PATTERN)).size : 0;
}

function isPadding(bytes: Uint8Array, slice: Slice): boolean {
  return trimmedEnd(bytes, slice) === slice.start;
}

function hasMore(rest: Slice): BodyError {
  const what = `${rest.end - rest.start} bytes that are neither padding nor binaries it names`;
  return { code: "body-has-more", reason: `Behind the text stand ${what}` };
}

function parseText(
  bytes: Uint8Array,
  slice: Slice,
  textBytesMax: number,
): Result<ParsedText, BodyError> {
  const end = trimmedEnd(bytes, slice);
  if (end === slice.start) return fail({ code: "body-empty", reason: "The body has no text" });
  const sent = bytes.subarray(slice.start, end);
  const { text: kept, lacksUnnamed } = withoutBinaries(sent);
  const json = parseJsonBytes(kept, textBytesMax);
  if (!json.ok) return json;
  const parsed = { ...json.value, lacksUnnamed };
  return ok(kept === sent ? parsed : { ...parsed, shortened: kept });
}

/** Bytes as UTF-8 and as JSON; at most `textBytesMax` of them. */
export function parseJsonBytes(
  bytes: Uint8Array,
  textBytesMax: number,
): Result<{ readonly text: string; readonly value: unknown }, BodyError> {
  if (bytes.length > textBytesMax) {
    const reason = `The text has ${bytes.length} bytes; at most ${textBytesMax} are read`;
    return fail({ code: "body-text-too-long", reason });
  }
  const text = decodeUtf8(bytes);
  if (text === undefined) {
    return fail({ code: "body-not-utf8", reason: "The text is not UTF-8" });
  }
  const value = parseJson(text);
  return value.ok ? ok({ text, value: value.value }) : value;
}

/** The end of a slice, or of all, without terminator and padding: `00`, `0A`, `0D` and `20`. */
export function trimmedEnd(
  bytes: Uint8Array,
  slice: Slice = { start: 0, end: bytes.length },
): number {
  let end = slice.end;
  while (end > slice.start) {
    const last = bytes[end - 1];
    if (last !== 0x00 && last !== 0x0a && last !== 0x0d && last !== 0x20) break;
    end -= 1;
  }
  return end;
}

/** Bytes as text; invalid ones are never replaced: `undefined` then. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** The value of a JSON text. */
export function parseJson(text: string): Result<unknown, BodyError> {
  try {
    const value: unknown = JSON.parse(text);
    return ok(value);
  } catch {
    // The parser's own message quotes the body, which belongs in no log.
    return fail({ code: "body-not-json", reason: "The text is not JSON" });
  }
}

/**
 * The first balanced object that begins within `LEADING_BYTES_MAX` bytes and has at most `bytesMax`.
 * Braces inside strings do not count.
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

/** A prefix of 123 is the byte of an opening brace too, so only one before a key or `}` opens. */
function findObjectStart(bytes: Uint8Array): number | undefined {
  for (let start = 0; start <= LEADING_BYTES_MAX; start += 1) {
    if (bytes[start] !== OPENING_BRACE) continue;
    let next = start + 1;
    while (isJsonSpace(bytes[next])) next += 1;
    if (bytes[next] === QUOTE || bytes[next] === CLOSING_BRACE) return start;
  }
  return undefined;
}

function isJsonSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}
