/**
 * Requests that are named in their body and not in their head: D1, a form of early firmware, and D7,
 * JSON around a base64 block (fkweb.md 1). What is found there takes the place of the headers, and
 * the rest of the driver goes on as with any other dialect.
 */

import type { HttpRequestHead } from "#devices/http-request.ts";
import { decodeUtf8, parseJson, trimmedEnd } from "./body.ts";
import { plainText } from "./decode.ts";
import { isForm, readForm } from "./form.ts";
import { decodeBase64, decodeEscapedBase64, replaceBinaries } from "./json-binaries.ts";
import { type FkwebFrame, type FrameFault, isJsonObject, type JsonObject } from "./message.ts";

/** What stands in the text for its n-th long block; no base64 has a blank. */
const LIFTED_PATTERN = /^block (\d{1,3})$/;

/**
 * The frame with the fields and the body that stand inside its body, where they do. At most
 * `textBytesMax` bytes are taken for JSON around a block, not counting the block.
 */
export function openEnvelope(
  frame: FkwebFrame,
  head: HttpRequestHead,
  textBytesMax: number,
): FkwebFrame {
  if (frame.requestCode !== undefined) return frame;
  const contentType = head.headers.get("content-type")?.toLowerCase() ?? "";
  if (isForm(contentType, frame.body)) return readForm(frame);
  return contentType.startsWith("application/json") ? openJson(frame, textBytesMax) : frame;
}

function openJson(frame: FkwebFrame, textBytesMax: number): FkwebFrame {
  const blocks: Uint8Array[] = [];
  const sent = frame.body.subarray(0, trimmedEnd(frame.body));
  let hasUnnamed = false;
  const kept = replaceBinaries(sent, (base64, isNamed) => {
    hasUnnamed ||= !isNamed;
    return `block ${blocks.push(base64)}`;
  });
  if (kept.length > textBytesMax) {
    const reason = `The JSON around the request has ${kept.length} bytes`;
    return withFault(frame, "body-text-too-long", `${reason}; at most ${textBytesMax} are read`);
  }
  const text = decodeUtf8(kept);
  if (text === undefined) {
    return withFault(frame, "body-not-utf8", "The JSON around the request is not UTF-8");
  }
  const parsed = parseJson(text);
  if (!parsed.ok) return withFault(frame, "body-not-json", "The body names no request");
  if (!isJsonObject(parsed.value)) {
    return withFault(frame, "body-not-object", "The JSON around the request is no object");
  }
  const named = nameRequest(frame, parsed.value);
  const { block } = parsed.value;
  if (block === undefined && hasUnnamed) {
    return withFault(
      named,
      "block-missing",
      'The request has no "block", and other base64 instead',
    );
  }
  // Without a block the fields of the record stand beside those that name the request.
  if (block === undefined) return { ...named, dialect: "bare", blockNumberText: undefined };
  const bytes = decodeBlock(block, blocks);
  return bytes === undefined
    ? withFault(named, "block-not-base64", 'The "block" of the request is not base64')
    : { ...named, body: bytes };
}

function nameRequest(frame: FkwebFrame, fields: JsonObject): FkwebFrame {
  const field = (name: string) => plainText(fields[name]) || undefined;
  return {
    ...frame,
    requestCode: field("request_code"),
    deviceIdText: field("dev_id") ?? frame.deviceIdText,
    transaction: { name: "trans_id", value: field("trans_id") ?? frame.transaction.value },
    blockNumberText: field("blk_no") ?? frame.blockNumberText,
    returnCode: field("cmd_return_code") ?? frame.returnCode,
  };
}

/** The bytes of a block, empty for none; `undefined` where it is no base64. */
function decodeBlock(block: unknown, blocks: readonly Uint8Array[]): Uint8Array | undefined {
  if (block === null) return new Uint8Array(0);
  if (typeof block !== "string") return undefined;
  const lifted = LIFTED_PATTERN.exec(block);
  const long = lifted === null ? undefined : blocks[Number(lifted[1]) - 1];
  return long === undefined ? decodeBase64(block) : decodeEscapedBase64(long);
}

function withFault(frame: FkwebFrame, code: FrameFault["code"], reason: string): FkwebFrame {
  return { ...frame, blockNumberText: undefined, fault: { code, reason } };
}
