/**
 * The driver of RealSvr's raw TCP records (fkweb.md 1, dialect R), which share the port with FKWeb:
 * bytes of a connection to exchanges. It joins the steps; it stores and acknowledges nothing. The
 * protocol is read from the vendor's own receiver and is not confirmed on hardware.
 */

import type {
  Decoder,
  DecoderEvent,
  DecoderLimits,
  Driver,
  Exchange,
  SniffAnswer,
  Violation,
} from "#devices/driver.ts";
import { decodeFrame, salvageMessage } from "./decode.ts";
import { type FrameProblem, FrameReader, type RtlogFrame } from "./frame.ts";
import { interpretMessage } from "./interpret.ts";
import type { RtlogMessage } from "./message.ts";
import { encodeOutcome } from "./reply.ts";

/** The bounds of the vendor's receiver, in bytes; the settings may set narrower ones. */
const TEXT_BYTES_MAX = 32 * 1024;
const IMAGE_BYTES_MAX = 10 * 1024 * 1024;

const OPENING_BRACE = 0x7b;
/** What stands behind it tells the kinds of frames apart, and is for the reader. */
const MAGIC = Buffer.from("RTLOG00");

/** Makes the driver of one terminal port. */
export function createRtlogDriver(): Driver {
  return { name: "rtlog", sniff, open: (limits) => new RtlogDecoder(limits) };
}

function sniff(head: Uint8Array): SniffAnswer {
  if (head[0] === OPENING_BRACE) return "yes";
  const compared = Math.min(head.length, MAGIC.length);
  if (!MAGIC.subarray(0, compared).equals(head.subarray(0, compared))) return "no";
  return compared < MAGIC.length ? "more" : "yes";
}

/** The requests of one connection. */
class RtlogDecoder implements Decoder {
  readonly #reader: FrameReader;
  #framesCount = 0;

  constructor({ textBytesMax, requestBytesMax }: DecoderLimits) {
    this.#reader = new FrameReader({
      textBytesMax: Math.min(textBytesMax, TEXT_BYTES_MAX),
      imageBytesMax: IMAGE_BYTES_MAX,
      frameBytesMax: requestBytesMax,
    });
  }

  get bufferedBytes(): number {
    return this.#reader.bufferedBytes;
  }

  get midRequest(): boolean {
    return this.#reader.midFrame;
  }

  push(chunk: Uint8Array): readonly DecoderEvent[] {
    return this.#reader
      .push(chunk)
      .map((item) => (item.kind === "frame" ? this.#exchange(item) : violation(item)));
  }

  #exchange(frame: RtlogFrame): Exchange {
    const message = readMessage(frame);
    const { form } = frame;
    const { logIdToken } = message;
    this.#framesCount += 1;
    const place = this.#framesCount;
    return {
      kind: "exchange",
      intake: interpretMessage(message, frame),
      encodeReply: (outcome) => {
        // A bare object is to be the only one of its connection, and its answer has no length: its
        // end is that of the connection, unless the terminal went on all the same.
        const isLast = place === this.#framesCount && !this.midRequest;
        return encodeOutcome(outcome, { form, logIdToken, close: form === "bare" && isLast });
      },
    };
  }
}

/**
 * Decodes a complete frame. Should our own code fail on it, it is kept as unreadable: the frame is
 * whole, so it can be acknowledged, and one bad record does not block the terminal for ever (P2).
 */
function readMessage(frame: RtlogFrame): RtlogMessage {
  try {
    return decodeFrame(frame);
  } catch (error) {
    return salvageMessage(frame, { code: "decoder-failed", reason: String(error) });
  }
}

function violation({ code, detail }: FrameProblem): Violation {
  return { kind: "violation", code, detail, deviceIdText: undefined };
}
