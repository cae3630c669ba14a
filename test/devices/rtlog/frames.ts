/**
 * Frames for the tests of the rtlog driver: fixtures from files and hand-made ones. Encodes by
 * itself and uses nothing of the code under test.
 */

import { readFileSync } from "node:fs";
import type { DecoderEvent, Exchange } from "#devices/driver.ts";
import { createRtlogDriver } from "#devices/rtlog/driver.ts";
import { ADDRESS, LIMITS, pushAll } from "../fkweb/requests.ts";

/** The bounds of the protocol. */
export const TEXT_BYTES_MAX = 32 * 1024;
export const IMAGE_BYTES_MAX = 10 * 1024 * 1024;

/** A JPEG, or what begins as one. */
export const IMAGE = Buffer.from("ffd8ffe000104a4649460001ffd9", "hex");

export const FIXTURES = ["v1-punch", "v2-punch-photo", "v3-punch", "bare-punch"] as const;

export type FixtureName = (typeof FIXTURES)[number];

/** The bytes of `test/fixtures/rtlog/<name>.hex`; lines that begin with `#` name the source. */
export function fixture(name: FixtureName): Uint8Array {
  const path = new URL(`../../fixtures/rtlog/${name}.hex`, import.meta.url);
  const lines = readFileSync(path, "utf8").split("\n");
  return Buffer.from(lines.filter((line) => !line.startsWith("#")).join(""), "hex");
}

/** The JSON of a record, with these fields changed; a value is JSON text, `undefined` leaves it out. */
export function recordJson(changes: Readonly<Record<string, string | undefined>> = {}): string {
  const fields = {
    log_id: "5",
    user_id: '"27"',
    fk_device_id: '"1"',
    verify_mode: "20",
    io_mode: "1",
    io_time: '"20260302081504"',
    ...changes,
  };
  const members = Object.entries(fields).filter(([, token]) => token !== undefined);
  return `{${members.map(([name, token]) => `"${name}":${token}`).join(",")}}`;
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** Any eight bytes, a length, and a body. */
export function frame(magic: string, body: Uint8Array | string): Buffer {
  const bytes = Buffer.from(body);
  return Buffer.concat([Buffer.from(magic), u32(bytes.length), bytes]);
}

export function v1(text: string | Uint8Array, tail = "\0"): Buffer {
  return frame("RTLOG001", Buffer.concat([Buffer.from(text), Buffer.from(tail)]));
}

/** The body of the two frames with inner lengths; `rest` stands behind the text. */
export function textBody(text: string | Uint8Array, rest: Uint8Array = Buffer.alloc(0)): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([u32(bytes.length), bytes, rest]);
}

export function v2(text: string | Uint8Array, image?: Uint8Array): Buffer {
  const rest = image === undefined ? undefined : Buffer.concat([u32(image.length), image]);
  return frame("RTLOG002", textBody(text, rest));
}

export function v3(text: string | Uint8Array): Buffer {
  return frame("RTLOG003", textBody(text));
}

export function open(limits = LIMITS) {
  return createRtlogDriver().open(limits, ADDRESS);
}

/** The events of one connection that gets `bytes` in one write. */
export function events(bytes: Uint8Array | string): DecoderEvent[] {
  return pushAll(open(), [Buffer.from(bytes)]);
}

/** The one exchange of one connection. */
export function onlyExchange(bytes: Uint8Array | string): Exchange {
  const [event, ...others] = events(bytes);
  if (event?.kind === "exchange" && others.length === 0) return event;
  throw new Error(`Not one exchange: ${JSON.stringify([event, ...others])}`);
}

/** The text of an answer that says that the record is kept. */
export function answerText(bytes: Uint8Array | string): string {
  const { bytes: answer } = onlyExchange(bytes).encodeReply({ kind: "stored" });
  return Buffer.from(answer ?? "").toString("latin1");
}
