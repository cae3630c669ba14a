/**
 * Dialect R, the raw TCP protocol of "RealSvr": one record per connection, no polls, no commands. Not
 * confirmed on hardware. All numbers are little-endian.
 *
 * | frame | request | answer |
 * |---|---|---|
 * | `RTLOG001` | magic, u32 n, n bytes JSON | magic, u32 n, n bytes JSON and NUL |
 * | `RTLOG002`, `RTLOG003` | magic, u32 length of the rest, u32 n, n bytes JSON, [u32 m, m bytes JPEG] | magic, u32 n + 4, u32 n, n bytes JSON and NUL |
 * | bare | JSON | JSON |
 */

import type { Dialect, TerminalReply, WireRequest } from "./dialect.ts";
import { parseFields } from "./framed-body.ts";
import type { RtlogFrame } from "./models.ts";
import type { SimulatedPunch } from "./simulated-punch.ts";

/** Who speaks. */
export interface RtlogSpeaker {
  readonly deviceId: string;
  /** The port that the terminal was told. */
  readonly port: number;
}

const MAGIC_BYTES = 8;
const LENGTH_BYTES = 4;

/** Makes dialect R with the given frame. It has nothing to send but punches. */
export function rtlogDialect(frame: RtlogFrame, speaker: RtlogSpeaker): Dialect {
  return {
    takesCommands: false,
    encode: (message) => (message.kind === "punch" ? [encode(frame, speaker, message.punch)] : []),
    readParameters: () => undefined,
  };
}

function encode(frame: RtlogFrame, speaker: RtlogSpeaker, punch: SimulatedPunch): WireRequest {
  const text = Buffer.from(
    JSON.stringify({
      log_id: punch.recordNumber,
      user_id: punch.userId,
      fk_device_id: speaker.deviceId,
      verify_mode: punch.verifyModeCode,
      io_mode: punch.ioModeCode,
      io_time: punch.wallTime,
      device_port: speaker.port,
      SerialNo: speaker.deviceId,
      emergency: 0,
    }),
  );
  return {
    bytes: wrap(frame, text, punch.photo),
    headBytes: frame === "bare" ? 0 : MAGIC_BYTES + LENGTH_BYTES,
    readReply: (received) => readReply(frame, punch.recordNumber, received),
  };
}

function wrap(frame: RtlogFrame, text: Buffer, photo: Uint8Array | undefined): Uint8Array {
  if (frame === "bare") return text;
  const magic = Buffer.from(frame, "latin1");
  if (frame === "RTLOG001") return Buffer.concat([magic, length(text.length), text]);
  const image = photo === undefined ? [] : [length(photo.length), photo];
  const body = Buffer.concat([length(text.length), text, ...image]);
  return Buffer.concat([magic, length(body.length), body]);
}

function length(bytes: number): Buffer {
  const field = Buffer.allocUnsafe(LENGTH_BYTES);
  field.writeUInt32LE(bytes, 0);
  return field;
}

function readReply(
  frame: RtlogFrame,
  recordNumber: number,
  received: string,
): TerminalReply | undefined {
  const answer = unwrap(frame, Buffer.from(received, "latin1"));
  if (answer === undefined) return undefined;
  const fields = parseFields(answer);
  return {
    acknowledges: fields?.log_id === recordNumber && fields.result === "OK",
    reboots: false,
    command: undefined,
    keepsOpen: false,
  };
}

/** The text of a complete answer, `""` for one that is no answer; undefined while bytes are missing. */
function unwrap(frame: RtlogFrame, bytes: Buffer): string | undefined {
  if (frame === "bare") {
    const text = bytes.toString("utf8");
    return parseFields(text) === undefined ? undefined : text;
  }
  const lengths = frame === "RTLOG001" ? 1 : 2;
  const textStart = MAGIC_BYTES + lengths * LENGTH_BYTES;
  if (bytes.length < textStart) return undefined;
  const textBytes = bytes.readUInt32LE(textStart - LENGTH_BYTES);
  const bodyBytes = bytes.readUInt32LE(MAGIC_BYTES);
  const lengthsAgree = lengths === 1 || bodyBytes === textBytes + LENGTH_BYTES;
  if (bytes.toString("latin1", 0, MAGIC_BYTES) !== frame || !lengthsAgree) return "";
  if (bytes.length < textStart + textBytes) return undefined;
  const text = bytes.toString("utf8", textStart, textStart + textBytes);
  return text.endsWith("\0") ? text : "";
}
