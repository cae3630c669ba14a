/**
 * Framing of RealSvr's raw TCP protocol (dialect R of fkweb.md 1): bytes of a connection to frames,
 * however they are cut. Images are dropped as they stream. What the text means is not known here.
 * The layout is taken from the vendor's own receiver and is not confirmed on hardware.
 *
 * | offset | size | meaning |
 * |---|---|---|
 * | 0 | 8 | `RTLOG001`, `RTLOG002` or `RTLOG003`, ASCII |
 * | 8 | 4 | B, unsigned, little-endian: length of the body |
 * | 12 | B | of `RTLOG001`: JSON text; of the others: what follows |
 * | 12 | 4 | T, unsigned, little-endian: length of the text |
 * | 16 | T | JSON text |
 * | 16 + T | 4 | length of the image; absent without one |
 * | 20 + T | B - T - 8 | JPEG |
 *
 * A JSON object without any frame is taken too. Between requests padding may stand.
 *
 * States: between requests; in a frame; in a bare object; broken, after a problem, for good.
 */

import { GrowingBytes } from "#devices/growing-bytes.ts";
import { quote } from "#devices/quote.ts";
import { ObjectScanner } from "./object-scanner.ts";
import { isPadding, parseText } from "./text.ts";

/** Which of the four spellings a record came in, and its answer goes in. */
export type FrameForm = "bare" | "RTLOG001" | "RTLOG002" | "RTLOG003";

/** A record as framed; in memory of its own. */
export interface RtlogFrame {
  readonly kind: "frame";
  readonly form: FrameForm;
  /** As received, without its image. */
  readonly raw: Uint8Array;
  /** The part of it that is its text, with its terminator; with a fault, all that may be text. */
  readonly text: Uint8Array;
  readonly fault: FrameFault | undefined;
}

/** The frame is whole, but its text is not to be read. */
export interface FrameFault {
  readonly code: "text-length-wrong" | "text-too-long" | "body-has-more";
  readonly reason: string;
}

/** Nothing more can be read, nor can what came be kept whole. */
export interface FrameProblem {
  readonly kind: "problem";
  readonly code: "unknown-frame" | "frame-too-long" | "image-too-long";
  readonly detail: string;
}

/** Bounds in bytes. */
export interface FrameLimits {
  /** A longer text is kept unread. */
  readonly textBytesMax: number;
  readonly imageBytesMax: number;
  /** A whole frame, if text and image do not add up to less. */
  readonly frameBytesMax: number;
}

/** Hold `atBytes` of a frame and ask again. */
interface Ask {
  readonly kind: "ask";
  readonly atBytes: number;
}

/** Hold `bytes` of a frame, and drop the others. */
interface Keep {
  readonly kind: "keep";
  readonly form: FrameForm;
  readonly frameBytes: number;
  readonly bytes: number;
  readonly textStart: number;
  readonly textEnd: number;
  readonly fault?: FrameFault;
}

type FramePlan = Ask | Keep | FrameProblem;

/** What became of the next bytes. */
interface Taken {
  readonly usedBytes: number;
  /** Undefined: all are used, and more are needed. */
  readonly item: RtlogFrame | FrameProblem | undefined;
}

const MAGIC_BYTES = 8;
const HEAD_BYTES = 12;
const LENGTH_BYTES = 4;
const FIRST_OF_MAGIC = 0x52;
const OPENING_BRACE = 0x7b;
const QUOTE = 0x22;
const ASK_FOR_HEAD: FramePlan = { kind: "ask", atBytes: HEAD_BYTES };

/** Reads the frames of one connection. Never throws. */
export class FrameReader {
  readonly #limits: FrameLimits;
  readonly #held = new GrowingBytes();
  #state: "between" | "frame" | "object" = "between";
  #plan: FramePlan = ASK_FOR_HEAD;
  #scanner = new ObjectScanner();
  /** Bytes of the current frame that were dropped. */
  #droppedBytes = 0;

  constructor(limits: FrameLimits) {
    const { textBytesMax, imageBytesMax } = limits;
    const fullBytes = HEAD_BYTES + LENGTH_BYTES + textBytesMax + LENGTH_BYTES + imageBytesMax;
    this.#limits = { ...limits, frameBytesMax: Math.min(limits.frameBytesMax, fullBytes) };
  }

  /** Memory held for a frame that is not complete, in bytes. */
  get bufferedBytes(): number {
    return this.#held.capacity;
  }

  /** Whether a frame or an object has begun and is not complete. */
  get midFrame(): boolean {
    return this.#state !== "between";
  }

  /** Takes the next bytes and returns what they complete, in order. Not called after a problem. */
  push(chunk: Uint8Array): readonly (RtlogFrame | FrameProblem)[] {
    const items: (RtlogFrame | FrameProblem)[] = [];
    let rest = chunk;
    for (;;) {
      if (this.#state === "between") {
        rest = rest.subarray(countPadding(rest));
        const problem = this.#begin(rest[0]);
        if (problem !== undefined) return [...items, problem];
      }
      const { usedBytes, item } = this.#take(rest);
      if (item === undefined) return items;
      items.push(item);
      if (item.kind === "problem") return items;
      this.#state = "between";
      rest = rest.subarray(usedBytes);
    }
  }

  #begin(first: number | undefined): FrameProblem | undefined {
    switch (first) {
      case undefined:
        return undefined;
      case OPENING_BRACE:
        this.#state = "object";
        this.#scanner = new ObjectScanner();
        return undefined;
      case FIRST_OF_MAGIC:
        this.#state = "frame";
        this.#plan = ASK_FOR_HEAD;
        this.#droppedBytes = 0;
        return undefined;
      default: {
        const detail = `A request begins with byte ${first}; RTLOG001 to RTLOG003 or "{" is wanted`;
        return { kind: "problem", code: "unknown-frame", detail };
      }
    }
  }

  #take(rest: Uint8Array): Taken {
    switch (this.#state) {
      case "between":
        return { usedBytes: 0, item: undefined };
      case "frame":
        return this.#takeFrame(rest);
      case "object":
        return this.#takeObject(rest);
    }
  }

  #takeObject(rest: Uint8Array): Taken {
    const { textBytesMax, frameBytesMax } = this.#limits;
    const looked = rest.subarray(0, frameBytesMax - this.#held.length);
    const end = this.#scanner.findEnd(looked);
    const part = looked.subarray(0, end ?? looked.length);
    this.#held.append(part, frameBytesMax);
    const usedBytes = part.length;
    if (end === undefined) {
      const isFull = this.#held.length === frameBytesMax;
      return { usedBytes, item: isFull ? objectTooLong(frameBytesMax) : undefined };
    }
    const raw = this.#held.take();
    const fault = raw.length > textBytesMax ? textTooLong(raw.length, textBytesMax) : undefined;
    return { usedBytes, item: { kind: "frame", form: "bare", raw, text: raw, fault } };
  }

  #takeFrame(rest: Uint8Array): Taken {
    let usedBytes = 0;
    while (this.#plan.kind === "ask") {
      const { atBytes } = this.#plan;
      usedBytes += this.#hold(rest.subarray(usedBytes), atBytes);
      if (this.#held.length < atBytes) return { usedBytes, item: undefined };
      this.#plan = planFrame(this.#held.view(), this.#limits);
    }
    if (this.#plan.kind === "problem") return { usedBytes, item: this.#plan };
    const { form, frameBytes, bytes, textStart, textEnd, fault } = this.#plan;
    usedBytes += this.#hold(rest.subarray(usedBytes), bytes);
    if (this.#held.length < bytes) return { usedBytes, item: undefined };
    const missingBytes = frameBytes - this.#held.length - this.#droppedBytes;
    const dropped = Math.min(missingBytes, rest.length - usedBytes);
    this.#droppedBytes += dropped;
    usedBytes += dropped;
    if (dropped < missingBytes) return { usedBytes, item: undefined };
    const held = this.#held.take();
    // What was looked at of an image goes as well.
    const raw = held.length === bytes ? held : held.slice(0, bytes);
    const text = raw.subarray(textStart, textEnd);
    return { usedBytes, item: { kind: "frame", form, raw, text, fault } };
  }

  /** Holds what is missing up to `bytes`, as far as it came. Returns how much that is. */
  #hold(rest: Uint8Array, bytes: number): number {
    const part = rest.subarray(0, Math.max(0, bytes - this.#held.length));
    if (part.length > 0) this.#held.append(part, bytes);
    return part.length;
  }
}

/** Decides on as much of a frame as was asked for. Pure. */
function planFrame(held: Uint8Array, limits: FrameLimits): FramePlan {
  const form = readForm(held);
  if (form === undefined) return unknownFrame(held);
  const frameBytes = HEAD_BYTES + readLength(held, MAGIC_BYTES);
  if (frameBytes > limits.frameBytesMax) return frameTooLong(frameBytes, limits.frameBytesMax);
  const whole = keepWhole(form, frameBytes);
  if (form !== "RTLOG001") return planBody(held, whole, limits);
  const textBytes = frameBytes - HEAD_BYTES;
  if (textBytes <= limits.textBytesMax) return whole;
  return { ...whole, fault: textTooLong(textBytes, limits.textBytesMax) };
}

/** The frames that have lengths of their own in their body. */
function planBody(held: Uint8Array, whole: Keep, limits: FrameLimits): FramePlan {
  const { textBytesMax, imageBytesMax } = limits;
  const { frameBytes } = whole;
  const textStart = HEAD_BYTES + LENGTH_BYTES;
  const roomBytes = frameBytes - textStart;
  if (roomBytes < 0) return { ...whole, fault: bodyTooShort(frameBytes - HEAD_BYTES) };
  if (held.length < textStart) return { kind: "ask", atBytes: textStart };
  const textBytes = readLength(held, HEAD_BYTES);
  const textEnd = textStart + textBytes;
  if (textBytes > roomBytes) return { ...whole, fault: textPastEnd(textBytes, roomBytes) };
  if (textBytes > textBytesMax) return { ...whole, fault: textTooLong(textBytes, textBytesMax) };
  const restBytes = roomBytes - textBytes;
  if (restBytes > LENGTH_BYTES + imageBytesMax) return imageTooLong(restBytes, imageBytesMax);
  const looked = textEnd + Math.min(restBytes, LENGTH_BYTES + 2);
  if (held.length < looked) return { kind: "ask", atBytes: looked };
  const rest = held.subarray(textEnd);
  if (isRecord(rest, restBytes)) return { ...whole, fault: hasMore(restBytes) };
  const plan = { ...whole, textStart, textEnd };
  // The answer names one record, which is the text; so with a text, whatever the rest is may go, and
  // an image in any case. Where no text can be read, all else is kept: it may be there.
  const isNeedless = isImage(rest) || parseText(held.subarray(textStart, textEnd)).ok;
  return isNeedless ? { ...plan, bytes: textEnd } : plan;
}

/**
 * Whether `restBytes` behind a text, of which `leading` are the first, begin as another record does:
 * with a brace, behind a length or in place of one.
 */
function isRecord(leading: Uint8Array, restBytes: number): boolean {
  if (restBytes <= LENGTH_BYTES) return false;
  if (leading[LENGTH_BYTES] === OPENING_BRACE) return true;
  const isLength = readLength(leading, 0) === restBytes - LENGTH_BYTES;
  return !isLength && leading[0] === OPENING_BRACE && leading[1] === QUOTE;
}

/** Whether a JPEG begins behind the length, right or wrong. */
function isImage(leading: Uint8Array): boolean {
  return leading[LENGTH_BYTES] === 0xff && leading[LENGTH_BYTES + 1] === 0xd8;
}

function keepWhole(form: FrameForm, frameBytes: number): Keep {
  const textStart = HEAD_BYTES;
  return { kind: "keep", form, frameBytes, bytes: frameBytes, textStart, textEnd: frameBytes };
}

function readForm(held: Uint8Array): FrameForm | undefined {
  const magic = Buffer.from(held.subarray(0, MAGIC_BYTES)).toString("latin1");
  switch (magic) {
    case "RTLOG001":
    case "RTLOG002":
    case "RTLOG003":
      return magic;
    default:
      return undefined;
  }
}

function readLength(held: Uint8Array, offset: number): number {
  return new DataView(held.buffer, held.byteOffset, held.length).getUint32(offset, true);
}

function unknownFrame(held: Uint8Array): FrameProblem {
  const magic = Buffer.from(held.subarray(0, MAGIC_BYTES)).toString("latin1");
  const detail = `A frame begins with ${quote(magic)}; RTLOG001 to RTLOG003 is wanted`;
  return { kind: "problem", code: "unknown-frame", detail };
}

function frameTooLong(frameBytes: number, frameBytesMax: number): FrameProblem {
  const detail = `The frame has ${frameBytes} bytes; at most ${frameBytesMax} are read`;
  return { kind: "problem", code: "frame-too-long", detail };
}

function objectTooLong(frameBytesMax: number): FrameProblem {
  const detail = `The object has no end; at most ${frameBytesMax} bytes are read`;
  return { kind: "problem", code: "frame-too-long", detail };
}

function imageTooLong(restBytes: number, imageBytesMax: number): FrameProblem {
  const imageBytes = restBytes - LENGTH_BYTES;
  const detail = `The image has ${imageBytes} bytes; at most ${imageBytesMax} are read`;
  return { kind: "problem", code: "image-too-long", detail };
}

function textTooLong(textBytes: number, textBytesMax: number): FrameFault {
  const reason = `The text has ${textBytes} bytes; at most ${textBytesMax} are read`;
  return { code: "text-too-long", reason };
}

function bodyTooShort(bodyBytes: number): FrameFault {
  const reason = `The body has ${bodyBytes} bytes; the length of a text alone takes 4`;
  return { code: "text-length-wrong", reason };
}

function textPastEnd(textBytes: number, roomBytes: number): FrameFault {
  const reason = `The text is said to have ${textBytes} bytes, and the body has ${roomBytes} for it`;
  return { code: "text-length-wrong", reason };
}

function hasMore(restBytes: number): FrameFault {
  const reason = `Behind the text stand ${restBytes} bytes that begin as a record and no image does`;
  return { code: "body-has-more", reason };
}

/** How many bytes of padding stand in front. */
function countPadding(bytes: Uint8Array): number {
  const count = bytes.findIndex((byte) => !isPadding(byte));
  return count < 0 ? bytes.length : count;
}
