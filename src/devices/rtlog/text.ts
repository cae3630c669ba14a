/**
 * The text of a record: bytes to the JSON of one object. What its members mean is not known here.
 */

import { fail, ok, type Result } from "#base/result.ts";

/** Why bytes are not the text of a record. */
export interface TextError {
  readonly code: "text-empty" | "text-not-utf8" | "text-not-json" | "text-not-object";
  readonly reason: string;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Whether terminals fill up with it: `00`, `0A`, `0D` and `20`. */
export function isPadding(byte: number): boolean {
  return byte === 0x00 || byte === 0x0a || byte === 0x0d || byte === 0x20;
}

/** The text of a JSON object, verbatim, without terminator and padding behind it. */
export function parseText(bytes: Uint8Array): Result<string, TextError> {
  const end = 1 + bytes.findLastIndex((byte) => !isPadding(byte));
  if (end === 0) return fail({ code: "text-empty", reason: "The frame has no text" });
  const text = decodeUtf8(bytes.subarray(0, end));
  if (text === undefined) return fail({ code: "text-not-utf8", reason: "The text is not UTF-8" });
  switch (jsonKind(text)) {
    case "object":
      return ok(text);
    case "other":
      return fail({ code: "text-not-object", reason: "The text is JSON, but not an object" });
    case "none":
      // The parser's own message quotes the text, which belongs in no log.
      return fail({ code: "text-not-json", reason: "The text is not JSON" });
  }
}

/** Invalid bytes are never replaced: `undefined` then. */
function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

function jsonKind(text: string): "object" | "other" | "none" {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? "object" : "other";
  } catch {
    return "none";
  }
}
