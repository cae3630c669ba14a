/**
 * An incremental HTTP/1.x request reader for terminals, shared by every driver that speaks HTTP. It
 * takes what real firmware sends and conforming servers refuse (fkweb.md 0.10, 3), and holds no more
 * of a body than its driver asks for. It writes nothing: `Expect: 100-continue` is ignored, since no
 * terminal sends it and clients that do go on by themselves after a moment.
 *
 * States: between requests; in a head; in a body; broken, after a violation, for good.
 */

import { fail, ok, type Result } from "#base/result.ts";
import { GrowingBytes } from "./growing-bytes.ts";
import { quote } from "./quote.ts";

/** Bounds of one request, in bytes. */
export interface HttpRequestLimits {
  /** Request line and headers, with the empty line that ends them. */
  readonly headBytesMax: number;
  /** Head and body together. */
  readonly requestBytesMax: number;
}

/** Request line and headers. Text is latin-1: one character per byte. */
export interface HttpRequestHead {
  /** As sent; case matters. */
  readonly method: string;
  /** As sent: `/`, `//`, `/hdata.aspx`, `http://10.0.0.2:7005/`. See `targetPath`. */
  readonly target: string;
  /** Every later 1.x counts as 1.1. */
  readonly version: "1.0" | "1.1";
  /** Names in lower case; of a repeated header the first value. */
  readonly headers: ReadonlyMap<string, string>;
  /** Body bytes announced; undefined: not announced, and the body is empty. */
  readonly contentLength: number | undefined;
}

/** A complete request. */
export interface HttpRequest {
  readonly kind: "request";
  readonly head: HttpRequestHead;
  /** The leading bytes that the body plan kept, in memory of their own. */
  readonly body: Uint8Array;
  /** Bytes behind `body` that arrived and were dropped. */
  readonly droppedBytes: number;
}

/** Why a request cannot be read. */
export type HttpProblemCode =
  | "head-too-long"
  | "bad-request-line"
  | "unsupported-version"
  | "bad-content-length"
  | "content-length-conflict"
  | "transfer-encoding"
  | "request-too-long";

/** What was seen, and what is wanted. */
export interface HttpProblem {
  readonly code: HttpProblemCode;
  readonly detail: string;
  /** Headers read before the problem showed. */
  readonly headers: ReadonlyMap<string, string>;
}

/** The request cannot be read, nor anything behind it. */
export interface HttpViolation extends HttpProblem {
  readonly kind: "violation";
}

/**
 * How much of a body to hold: `keep` its first `bytes`, dropping the rest as it streams, or `ask`
 * again once `atBytes` have arrived, holding everything until then.
 */
export type BodyPlan =
  | { readonly kind: "keep"; readonly bytes: number }
  | { readonly kind: "ask"; readonly atBytes: number };

/**
 * Asked when the head of a request with a body is complete (`leading` is then empty), and again at
 * each point it names. The cuts of the network never show: `leading` has exactly the bytes asked for.
 */
export type PlanBody = (head: HttpRequestHead, leading: Uint8Array) => BodyPlan;

const LF = 0x0a;
const CR = 0x0d;
const NUL = 0x00;
const SPACE = 0x20;
const VERSION_PATTERN = /^HTTP\/1\.\d$/;
const NO_HEADERS: ReadonlyMap<string, string> = new Map();
/** Stray bytes after a body (fkweb.md 4 reports fewer than four of `00 0A 0D 20`). */
const PADDING_BYTES_MAX = 4;
/** 15 digits are what a number keeps exact. */
const CONTENT_LENGTH_PATTERN = /^\d{1,15}$/;

/** Reads the requests of one connection, in order, however their bytes are cut. */
export class HttpRequestReader {
  readonly #limits: HttpRequestLimits;
  readonly #planBody: PlanBody;
  /** The head so far, or the kept part of the body so far. */
  readonly #held = new GrowingBytes();
  #head: HttpRequestHead | undefined;
  #bodyBytes = 0;
  #arrivedBytes = 0;
  /** Body bytes held: all of them until the plan is made. */
  #keepBytes = 0;
  /** Where the plan is asked for again; undefined once it is made. */
  #askAtBytes: number | undefined;
  #paddingBytes = 0;
  #isBroken = false;

  constructor(limits: HttpRequestLimits, planBody: PlanBody) {
    this.#limits = limits;
    this.#planBody = planBody;
  }

  /** Memory held for a request that is not complete, in bytes: 0 between requests. */
  get bufferedBytes(): number {
    return this.#held.capacity;
  }

  /** Whether a request has begun and is not complete. */
  get midRequest(): boolean {
    return this.#head !== undefined || this.#held.length > 0;
  }

  /**
   * Takes the next bytes and yields what they complete, each before the next is looked at, so that
   * its handling can change the plan of the one behind it. To be exhausted before the next call.
   * Never throws; after a violation it yields nothing more.
   */
  *push(chunk: Uint8Array): Generator<HttpRequest | HttpViolation, void, void> {
    let offset = 0;
    while (offset < chunk.length && !this.#isBroken) {
      if (!this.midRequest) offset = this.#skipPadding(chunk, offset);
      if (this.#head === undefined && offset < chunk.length) {
        const taken = this.#takeHead(chunk, offset);
        if (!taken.ok) {
          this.#isBroken = true;
          this.#held.clear();
          yield { kind: "violation", ...taken.error };
          return;
        }
        offset = taken.value;
      }
      if (this.#head !== undefined) {
        offset = this.#takeBody(chunk, offset);
        if (this.#arrivedBytes === this.#bodyBytes) yield this.#finish(this.#head);
      }
    }
  }

  #skipPadding(chunk: Uint8Array, offset: number): number {
    let position = offset;
    while (this.#paddingBytes < PADDING_BYTES_MAX && isPadding(chunk[position])) {
      position += 1;
      this.#paddingBytes += 1;
    }
    return position;
  }

  /** Gives the offset behind what belongs to the head; sets `#head` when it is complete. */
  #takeHead(chunk: Uint8Array, offset: number): Result<number, HttpProblem> {
    const { headBytesMax } = this.#limits;
    const heldBytes = this.#held.length;
    const window = chunk.subarray(offset, offset + headBytesMax - heldBytes);
    let head = window;
    let endBytes = -1;
    if (heldBytes === 0) endBytes = findHeadEnd(window, 0);
    if (endBytes < 0) {
      this.#held.append(window, headBytesMax);
      head = this.#held.view();
      // The end is at most three bytes long, so its first byte was at most two from the old end.
      endBytes = findHeadEnd(head, Math.max(0, heldBytes - 2));
    }
    if (endBytes < 0) {
      if (head.length < headBytesMax) return ok(offset + window.length);
      const detail = `No end of the headers within ${headBytesMax} bytes`;
      return fail({ code: "head-too-long", detail, headers: NO_HEADERS });
    }
    const begun = this.#begin(head.subarray(0, endBytes));
    return begun.ok ? ok(offset + endBytes - heldBytes) : begun;
  }

  #begin(bytes: Uint8Array): Result<undefined, HttpProblem> {
    const parsed = parseHead(latin1Text(bytes));
    if (!parsed.ok) return parsed;
    const head = parsed.value;
    const bodyBytes = head.contentLength ?? 0;
    const { requestBytesMax } = this.#limits;
    if (bytes.length + bodyBytes > requestBytesMax) {
      const detail = `Content-Length ${bodyBytes} exceeds a request of ${requestBytesMax} bytes`;
      return fail({ code: "request-too-long", detail, headers: head.headers });
    }
    this.#held.clear();
    this.#head = head;
    this.#bodyBytes = bodyBytes;
    this.#arrivedBytes = 0;
    this.#keepBytes = bodyBytes;
    this.#askAtBytes = 0;
    return ok(undefined);
  }

  #takeBody(chunk: Uint8Array, start: number): number {
    let offset = start;
    this.#plan();
    while (offset < chunk.length && this.#arrivedBytes < this.#bodyBytes) {
      const isKept = this.#arrivedBytes < this.#keepBytes;
      const stop = isKept ? (this.#askAtBytes ?? this.#keepBytes) : this.#bodyBytes;
      const part = chunk.subarray(offset, offset + stop - this.#arrivedBytes);
      if (isKept) this.#held.append(part, stop);
      this.#arrivedBytes += part.length;
      offset += part.length;
      this.#plan();
    }
    return offset;
  }

  /** Asks the driver for its plan as often as the bytes it waits for are there. */
  #plan(): void {
    while (this.#head !== undefined && this.#askAtBytes === this.#arrivedBytes) {
      if (this.#bodyBytes === 0) return;
      const plan = this.#planBody(this.#head, this.#held.view());
      if (plan.kind === "ask" && plan.atBytes > this.#arrivedBytes) {
        // A point behind the end is never reached: everything is kept.
        this.#askAtBytes = plan.atBytes <= this.#bodyBytes ? plan.atBytes : undefined;
      } else {
        this.#askAtBytes = undefined;
        if (plan.kind === "keep") this.#keepBytes = Math.min(plan.bytes, this.#bodyBytes);
      }
    }
  }

  #finish(head: HttpRequestHead): HttpRequest {
    const kept = this.#held.take();
    // A plan made late may keep less than it had to wait for.
    const body = kept.length > this.#keepBytes ? kept.slice(0, this.#keepBytes) : kept;
    this.#head = undefined;
    this.#paddingBytes = 0;
    return { kind: "request", head, body, droppedBytes: this.#bodyBytes - body.length };
  }
}

/**
 * The path of a request target: without the scheme and host of an absolute URI, without its query,
 * and with one leading slash (`//iclock/cdata?SN=1` gives `/iclock/cdata`).
 */
export function targetPath(target: string): string {
  const schemeEnd = target.indexOf("://");
  const isAbsolute = schemeEnd > 0 && target.indexOf("/") === schemeEnd + 1;
  const pathStart = isAbsolute ? target.indexOf("/", schemeEnd + 3) : 0;
  if (pathStart < 0) return "/";
  const queryStart = target.indexOf("?", pathStart);
  const path = target.slice(pathStart, queryStart < 0 ? undefined : queryStart);
  return `/${path.replace(/^\/+/, "")}`;
}

/** Whether the client asked to keep the connection: the default of 1.1, an explicit wish in 1.0. */
export function wantsKeepAlive(head: HttpRequestHead): boolean {
  const wish = head.headers.get("connection")?.toLowerCase() ?? "";
  return head.version === "1.1" ? !wish.includes("close") : wish.includes("keep-alive");
}

/** Reads a complete head, its ending empty line included. */
function parseHead(text: string): Result<HttpRequestHead, HttpProblem> {
  const lineEnd = text.indexOf("\n");
  const line = text.slice(0, lineEnd).trim();
  const methodEnd = line.indexOf(" ");
  const versionStart = line.lastIndexOf(" ") + 1;
  const method = line.slice(0, Math.max(0, methodEnd));
  const target = line.slice(methodEnd + 1, Math.max(0, versionStart - 1)).trim();
  if (method === "" || target === "") {
    const detail = `Request line ${quote(line)} is not "METHOD target HTTP/1.x"`;
    return fail({ code: "bad-request-line", detail, headers: NO_HEADERS });
  }
  const version = line.slice(versionStart);
  if (!VERSION_PATTERN.test(version)) {
    const detail = `Version ${quote(version)} is not HTTP/1.x`;
    return fail({ code: "unsupported-version", detail, headers: NO_HEADERS });
  }
  const headers = new Map<string, string>();
  const contentLength = parseHeaders(text, lineEnd + 1, headers);
  if (!contentLength.ok) return contentLength;
  return ok({
    method,
    target,
    version: version === "HTTP/1.0" ? "1.0" : "1.1",
    headers,
    contentLength: contentLength.value,
  });
}

/**
 * Fills `headers` from the lines behind the request line and returns the announced body length.
 * A line without a colon is passed over.
 */
function parseHeaders(
  text: string,
  start: number,
  headers: Map<string, string>,
): Result<number | undefined, HttpProblem> {
  let contentLength: number | undefined;
  let lineStart = start;
  for (;;) {
    const lineEnd = text.indexOf("\n", lineStart);
    if (lineEnd < 0) return ok(contentLength);
    const colon = text.indexOf(":", lineStart);
    if (colon < 0) return ok(contentLength);
    if (colon < lineEnd) {
      const name = text.slice(lineStart, colon).trim().toLowerCase();
      const value = text.slice(colon + 1, lineEnd).trim();
      if (name === "transfer-encoding") {
        const detail = `Transfer-Encoding ${quote(value)}; a Content-Length is wanted`;
        return fail({ code: "transfer-encoding", detail, headers });
      }
      if (name === "content-length") {
        if (!CONTENT_LENGTH_PATTERN.test(value)) {
          const detail = `Content-Length ${quote(value)} is not a number of bytes`;
          return fail({ code: "bad-content-length", detail, headers });
        }
        const length = Number(value);
        if (contentLength !== undefined && contentLength !== length) {
          const detail = `Content-Length is both ${contentLength} and ${length}`;
          return fail({ code: "content-length-conflict", detail, headers });
        }
        contentLength = length;
      }
      if (!headers.has(name)) headers.set(name, value);
    }
    lineStart = lineEnd + 1;
  }
}

/** One character per byte. Not `TextDecoder("latin1")`: that one is windows-1252. */
function latin1Text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}

/** Gives the offset behind the first empty line whose preceding LF is at `from` or later, or -1. */
function findHeadEnd(bytes: Uint8Array, from: number): number {
  let lineFeed = bytes.indexOf(LF, from);
  while (lineFeed >= 0) {
    const next = bytes[lineFeed + 1];
    if (next === LF) return lineFeed + 2;
    if (next === CR && bytes[lineFeed + 2] === LF) return lineFeed + 3;
    lineFeed = bytes.indexOf(LF, lineFeed + 1);
  }
  return -1;
}

function isPadding(byte: number | undefined): boolean {
  return byte === LF || byte === CR || byte === NUL || byte === SPACE;
}
