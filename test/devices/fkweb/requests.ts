/**
 * Requests for the FKWeb tests: fixtures from files, hand-made ones, and a plain view of what a
 * decoder made of them. Encodes by itself and uses nothing of the code under test.
 */

import { readFileSync } from "node:fs";
import type { Decoder, DecoderEvent, DecoderLimits } from "#devices/driver.ts";

/** The text of E1. */
export const E1_JSON =
  '{"fk_bin_data_lib":"FKDataHS101","io_mode":1,"io_time":"20260302081504","log_image":null,"user_id":"27","verify_mode":3}';

/** Small enough for tests to reach. */
export const LIMITS: DecoderLimits = {
  headBytesMax: 4096,
  textBytesMax: 64 * 1024,
  requestBytesMax: 1024 * 1024,
};

/** Where the terminal of a test sits. */
export const ADDRESS = "192.0.2.7";

/** The bytes of `test/fixtures/fkweb/<name>.hex`; lines that begin with `#` name the source. */
export function fixture(name: string): Uint8Array {
  const path = new URL(`../../fixtures/fkweb/${name}.hex`, import.meta.url);
  const lines = readFileSync(path, "utf8").split("\n");
  return Buffer.from(lines.filter((line) => !line.startsWith("#")).join(""), "hex");
}

/** Bytes written as hex digits. */
export function hex(digits: string): Uint8Array {
  return Buffer.from(digits, "hex");
}

/** A body as section 4 frames it. */
export function framed(json: string, tail = "\n\0", binaries: readonly Uint8Array[] = []): Buffer {
  const text = Buffer.from(json + tail);
  return Buffer.concat([text, ...binaries].flatMap((part) => [u32(part.length), part]));
}

/** A POST with the given headers; `undefined` leaves one of the usual ones out. */
export function post(
  body: Uint8Array,
  headers: Readonly<Record<string, string | undefined>> = {},
  requestLine = "POST / HTTP/1.0",
): Buffer {
  const all = {
    request_code: "realtime_glog",
    "Content-Length": String(body.length),
    trans_id: "RTLogSendAction",
    dev_id: "2401058352",
    blk_no: "0",
    ...headers,
  };
  const lines = Object.entries(all).filter(([, value]) => value !== undefined);
  const head = [requestLine, ...lines.map(([name, value]) => `${name}: ${value}`)].join("\r\n");
  return Buffer.concat([Buffer.from(`${head}\r\n\r\n`, "latin1"), body]);
}

/** Everything a decoder makes of chunks, up to and with a violation. */
export function pushAll(decoder: Decoder, chunks: readonly Uint8Array[]): DecoderEvent[] {
  const events: DecoderEvent[] = [];
  for (const chunk of chunks) {
    // Terminals' bytes must survive the reuse of the buffer they came in.
    const lent = Uint8Array.from(chunk);
    events.push(...decoder.push(lent));
    lent.fill(0xee);
    if (events.at(-1)?.kind === "violation") break;
  }
  return events;
}

/** `bytes` in chunks of `chunkBytes`. */
export function cut(bytes: Uint8Array, chunkBytes: number): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; start += chunkBytes) {
    chunks.push(bytes.subarray(start, start + chunkBytes));
  }
  return chunks;
}

/** An event as plain values: the intake, and every reply spelled as text. */
export function view(event: DecoderEvent): unknown {
  switch (event.kind) {
    case "exchange":
      return {
        intake: { ...event.intake, raw: Buffer.from(event.intake.raw).toString("latin1") },
        stored: replyText(event.encodeReply({ kind: "stored" })),
        failed: replyText(event.encodeReply({ kind: "failed" })),
      };
    case "answer":
      return { answer: replyText(event.reply) };
    case "violation":
      return event;
  }
}

/** A reply as text, and whether the connection ends. */
export function replyText(reply: {
  readonly bytes: Uint8Array | undefined;
  readonly close: boolean;
}): { readonly text: string | undefined; readonly close: boolean } {
  const text = reply.bytes === undefined ? undefined : Buffer.from(reply.bytes).toString("latin1");
  return { text, close: reply.close };
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
