/**
 * The body of dialects D2 to D4 (protocol section 4), written and read as a terminal does:
 *
 * | bytes | content |
 * |---|---|
 * | 4 | N, little-endian: length of the text with its terminator |
 * | N | JSON, terminator |
 * | 4, M | for each binary: its length, little-endian, and its bytes |
 *
 * Written from the protocol document alone and never from the server's decoder, so that an error in
 * one of the two is not hidden by the other.
 */

import type { CommandParameters } from "./dialect.ts";

/** What ends the text block; the length counts it. D4 firmware writes none. */
export type Terminator = "\n\0" | "\0" | "";

const LENGTH_BYTES = 4;

/** Encodes `fields` in their own order, then `binaries`, which the fields name `BIN_1` and so on. */
export function encodeFramedBody(
  fields: object,
  terminator: Terminator,
  binaries: readonly Uint8Array[] = [],
): Uint8Array {
  const text = JSON.stringify(fields) + terminator;
  const textBytes = Buffer.byteLength(text);
  const binaryBytes = binaries.reduce((sum, binary) => sum + LENGTH_BYTES + binary.length, 0);
  const body = Buffer.allocUnsafe(LENGTH_BYTES + textBytes + binaryBytes);
  let end = body.writeUInt32LE(textBytes, 0);
  end += body.write(text, end);
  for (const binary of binaries) {
    end = body.writeUInt32LE(binary.length, end);
    body.set(binary, end);
    end += binary.length;
  }
  return body;
}

/** Cuts a body into pieces of `bytesMax`, the last one shorter. An empty body is one empty piece. */
export function cutBlocks(body: Uint8Array, bytesMax: number): readonly Uint8Array[] {
  if (body.length <= bytesMax) return [body];
  return Array.from({ length: Math.ceil(body.length / bytesMax) }, (_, index) =>
    body.subarray(index * bytesMax, (index + 1) * bytesMax),
  );
}

/**
 * Takes the parameters of a command apart. Undefined for what firmware answers with an error: JSON
 * without the length before it, lengths past the end, text that is no JSON object (section 7).
 */
export function readFramedParameters(body: Uint8Array): CommandParameters | undefined {
  if (body.length === 0) return { fields: {}, binaries: [] };
  const pieces = readPieces(Buffer.from(body));
  const text = pieces?.[0];
  if (pieces === undefined || text === undefined) return undefined;
  const fields = parseFields(text.toString("utf8"));
  return fields === undefined ? undefined : { fields, binaries: pieces.slice(1) };
}

/** Parses the text of a command's parameters; undefined when it is no JSON object. */
export function parseFields(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text.replace(/[\n\0]+$/, ""));
    return isRecord(value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** True for a JSON object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readPieces(body: Buffer): readonly Buffer[] | undefined {
  const pieces: Buffer[] = [];
  for (let start = 0; start < body.length; ) {
    if (start + LENGTH_BYTES > body.length) return undefined;
    const end = start + LENGTH_BYTES + body.readUInt32LE(start);
    if (end > body.length) return undefined;
    pieces.push(body.subarray(start + LENGTH_BYTES, end));
    start = end;
  }
  return pieces;
}
