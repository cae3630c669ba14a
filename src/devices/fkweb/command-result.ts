/**
 * The result of a command (fkweb.md 6.5, 7): a text and the binaries it names, all of them whole. What
 * the result of each command says is not known here.
 */

import { fail, ok, type Result } from "#base/result.ts";
import type { CommandResult } from "#domain/command.ts";
import {
  type BodyErrorCode,
  countBinaries,
  PREFIX_BYTES,
  parseJsonBytes,
  readLength,
  splitBody,
  trimmedEnd,
} from "./body.ts";
import { decodeEscapedBase64, replaceBinaries } from "./json-binaries.ts";
import type { FkwebFrame, FrameFault } from "./message.ts";

/** Why a result cannot be read. */
export interface CommandResultError {
  readonly code: BodyErrorCode | FrameFault["code"] | "binaries-incomplete";
  readonly reason: string;
}

type Content = Pick<CommandResult, "text" | "binaries">;

const NO_CONTENT: Content = { text: "", binaries: [] };

/**
 * Reads a `send_cmd_result` whose body is whole, its blocks joined and no binary dropped; an empty
 * body is plain success. At most `textBytesMax` bytes of it are text. In bare JSON (D5, D6) each
 * base64 binary becomes the name of one (`"BIN_1"`), so that results read alike in every dialect.
 */
export function decodeCommandResult(
  frame: FkwebFrame,
  textBytesMax: number,
): Result<CommandResult, CommandResultError> {
  if (frame.fault !== undefined) return fail(frame.fault);
  const content = readContent(frame, textBytesMax);
  if (!content.ok) return content;
  const { transaction, returnCode } = frame;
  return ok({ commandIdText: transaction.value, returnCode, ...content.value });
}

function readContent(
  { body, dialect }: FkwebFrame,
  textBytesMax: number,
): Result<Content, CommandResultError> {
  if (trimmedEnd(body) === 0) return ok(NO_CONTENT);
  const end = PREFIX_BYTES + (readLength(body, 0) ?? body.length);
  if (dialect !== "framed" || end > body.length) return readBare(body, textBytesMax);
  const split = splitBody(body.subarray(0, end), textBytesMax);
  if (!split.ok) return split;
  const { text } = split.value;
  const binaries = readBinaries(body, end);
  const namedCount = countBinaries(text);
  if (binaries === undefined || binaries.length < namedCount) {
    const reason = `The result names ${namedCount} binaries, and not all of them are whole`;
    return fail({ code: "binaries-incomplete", reason });
  }
  return ok({ text, binaries });
}

/**
 * All binaries from `start` on, with fewer than four stray bytes behind the last; `undefined` where
 * one is cut. What they begin with tells nothing: in a log that is the number of a user.
 */
function readBinaries(body: Uint8Array, start: number): readonly Uint8Array[] | undefined {
  const binaries: Uint8Array[] = [];
  let offset = start;
  for (;;) {
    const length = readLength(body, offset);
    if (length === undefined) return binaries;
    offset += PREFIX_BYTES;
    if (offset + length > body.length) return undefined;
    binaries.push(body.subarray(offset, offset + length));
    offset += length;
  }
}

function readBare(body: Uint8Array, textBytesMax: number): Result<Content, CommandResultError> {
  const binaries: Uint8Array[] = [];
  const sent = body.subarray(0, trimmedEnd(body));
  const kept = replaceBinaries(sent, (base64) => {
    const bytes = decodeEscapedBase64(base64);
    return bytes === undefined ? Buffer.from(base64).toString() : `BIN_${binaries.push(bytes)}`;
  });
  const json = parseJsonBytes(kept, textBytesMax);
  return json.ok ? ok({ text: json.value.text, binaries }) : json;
}
