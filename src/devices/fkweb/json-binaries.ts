/**
 * Binaries that stand in JSON as base64: photos and templates of dialects D5 and D6 (fkweb.md 1). They
 * are taken out of the bytes of a text before it is parsed, in one pass and without a copy of what is
 * dropped. One string takes the place of another, so that the rest reads as it did.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
/** No id, name, time or code is as long; templates have 600 bytes and more (fkweb.md 6.3). */
const BINARY_LENGTH_MIN = 256;
/** Under a name that can only mean a binary. */
const NAMED_BINARY_LENGTH_MIN = 16;
const NAME_LENGTH_MAX = 16;
/** What a note says of a binary beside its length. */
const LEFT_OUT = "characters of base64 left out";
/** More than a user has credentials; what has more is left as it is. */
const BINARIES_MAX = 256;
/** Fields that say who, when and how: however long they are, they are never a binary. */
const TEXT_NAMES: ReadonlySet<string> = new Set([
  "dev_id",
  "firmware",
  "fk_bin_data_lib",
  "fk_name",
  "fk_time",
  "inOut",
  "ioMode",
  "io_mode",
  "io_time",
  "name",
  "request_code",
  "time",
  "trans_id",
  "userId",
  "user_id",
  "user_name",
  "verifyMode",
  "verify_mode",
  "workCode",
  "work_code",
]);
/** Fields that are binaries in every dialect that names them. */
const BINARY_NAMES: ReadonlySet<string> = new Set([
  "enroll_data",
  "face",
  "log_array",
  "log_image",
  "logPhoto",
  "palm",
  "photo",
  "user_id_array",
  "user_photo",
]);
/** With all, some or none of its padding. */
const BASE64_PATTERN = /^([\w+/-]*)={0,2}$/;
const LINE_BREAKS = /[\r\n]/g;
const DATA_URL_START = Buffer.from("data:");
const DATA_URL_HEAD_BYTES_MAX = 64;

/**
 * Gives the text that takes the place of a base64 string; neither has its quotes. `isNamed`: its field
 * can only be a binary; any other is taken for one by its look alone.
 */
export type ReplaceBinary = (base64: Uint8Array, isNamed: boolean) => string;

/** The content of a string, up to and without `end`, where its quote is. */
interface Slice {
  readonly start: number;
  readonly end: number;
}

/** A text without its binaries. */
export interface ShortenedText {
  readonly text: Uint8Array;
  /** Whether one is left out that was taken for a binary by its look alone. */
  readonly lacksUnnamed: boolean;
}

/**
 * The text with each of its first 256 binaries replaced; the same memory when there is none. What
 * takes the place of one must be safe inside quotes. Never throws.
 */
export function replaceBinaries(text: Uint8Array, replace: ReplaceBinary): Uint8Array {
  if (!hasLongRun(text)) return text;
  const parts: Uint8Array[] = [];
  let count = 0;
  let copiedBytes = 0;
  /** The string before: perhaps the name of the one at hand. */
  let before: Slice = { start: 0, end: 0 };
  let opening = text.indexOf(QUOTE);
  while (opening >= 0 && count < BINARIES_MAX) {
    const closing = findClosingQuote(text, opening + 1);
    if (closing < 0) break;
    if (closing - opening > NAMED_BINARY_LENGTH_MIN) {
      const name = readName(text, before, opening);
      const content = text.subarray(opening + 1, closing);
      if (isBinary(content, name)) {
        const replacement = replace(content, BINARY_NAMES.has(name));
        parts.push(text.subarray(copiedBytes, opening + 1), Buffer.from(replacement));
        copiedBytes = closing;
        count += 1;
      }
    }
    before = { start: opening + 1, end: closing };
    opening = text.indexOf(QUOTE, closing + 1);
  }
  if (parts.length === 0) return text;
  return Buffer.concat([...parts, text.subarray(copiedBytes)]);
}

/** The text with a note of its length in place of each binary. */
export function withoutBinaries(text: Uint8Array): ShortenedText {
  let lacksUnnamed = false;
  const kept = replaceBinaries(text, ({ length }, isNamed) => {
    lacksUnnamed ||= !isNamed;
    return `(${length} ${LEFT_OUT})`;
  });
  return { text: kept, lacksUnnamed };
}

/** Whether a text has a note of a binary in it. */
export function hasNote(text: string): boolean {
  return text.includes(LEFT_OUT);
}

/** The bytes of a base64 string as JSON writes it; `undefined` where it turns out to be none. */
export function decodeEscapedBase64(base64: Uint8Array): Uint8Array | undefined {
  const text = asciiText(base64.subarray(base64Start(base64)));
  return decodeBase64(text.replaceAll("\\/", "/").replace(/\\[nr]/g, ""));
}

/** The bytes of base64 in either alphabet, line breaks or not; `undefined` where it is none. */
export function decodeBase64(text: string): Uint8Array | undefined {
  const letters = BASE64_PATTERN.exec(text.replace(LINE_BREAKS, ""))?.[1];
  // One letter left over is half a byte.
  if (letters === undefined || letters.length % 4 === 1) return undefined;
  const { buffer, byteOffset, length } = Buffer.from(letters, "base64");
  // Unlike a Buffer's, a slice of it is memory of its own.
  return new Uint8Array(buffer, byteOffset, length);
}

/** Whether two quotes stand far enough apart for a binary: in nearly no punch they do. */
function hasLongRun(text: Uint8Array): boolean {
  let run = 0;
  for (let index = 0; index < text.length; index += 1) {
    run = text[index] === QUOTE ? 0 : run + 1;
    if (run >= NAMED_BINARY_LENGTH_MIN) return true;
  }
  return false;
}

/** The quote that ends a string which begins at `start`, or -1. */
function findClosingQuote(text: Uint8Array, start: number): number {
  let quote = text.indexOf(QUOTE, start);
  while (quote >= 0) {
    let backslashes = 0;
    while (quote - backslashes > start && text[quote - backslashes - 1] === BACKSLASH) {
      backslashes += 1;
    }
    if (backslashes % 2 === 0) return quote;
    quote = text.indexOf(QUOTE, quote + 1);
  }
  return -1;
}

/** The string `before` if it names the one that opens at `opening`; else empty. */
function readName(text: Uint8Array, before: Slice, opening: number): string {
  if (before.end - before.start > NAME_LENGTH_MAX) return "";
  const colon = skipSpace(text, before.end + 1);
  if (text[colon] !== COLON || skipSpace(text, colon + 1) !== opening) return "";
  return asciiText(text.subarray(before.start, before.end));
}

function skipSpace(text: Uint8Array, start: number): number {
  let index = start;
  for (;;) {
    const byte = text[index];
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return index;
    index += 1;
  }
}

function isBinary(content: Uint8Array, name: string): boolean {
  const lengthMin = BINARY_NAMES.has(name) ? NAMED_BINARY_LENGTH_MIN : BINARY_LENGTH_MIN;
  if (content.length < lengthMin || TEXT_NAMES.has(name)) return false;
  for (let index = base64Start(content); index < content.length; index += 1) {
    if (isBase64(content[index])) continue;
    // JSON may write a slash as `\/`, and a line break of base64 as `\n`.
    if (content[index] !== BACKSLASH || !isEscaped(content[index + 1])) return false;
    index += 1;
  }
  return true;
}

/** Where base64 begins in a string: behind the head of a data URL, if it has one. */
function base64Start(content: Uint8Array): number {
  const head = content.subarray(0, DATA_URL_HEAD_BYTES_MAX);
  const isDataUrl = DATA_URL_START.every((byte, index) => head[index] === byte);
  return isDataUrl ? head.indexOf(COMMA) + 1 : 0;
}

/** The letters of base64, in both alphabets. */
function isBase64(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  const letter = byte | 0x20;
  if (letter >= 0x61 && letter <= 0x7a && byte >= 0x41) return true;
  if (byte >= 0x30 && byte <= 0x39) return true;
  return byte === 0x2b || byte === 0x2f || byte === 0x3d || byte === 0x2d || byte === 0x5f;
}

/** What may follow a backslash inside base64: `/`, `n`, `r`. */
function isEscaped(byte: number | undefined): boolean {
  return byte === 0x2f || byte === 0x6e || byte === 0x72;
}

function asciiText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}
