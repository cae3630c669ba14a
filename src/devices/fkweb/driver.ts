/**
 * The FKWeb driver, dialects D1 to D7 (fkweb.md 1): bytes of a connection to exchanges. It joins
 * the steps and holds only unfinished requests and uploads; it stores and acknowledges nothing.
 */

import { fail, ok, type Result } from "#base/result.ts";
import type {
  Decoder,
  DecoderEvent,
  DecoderLimits,
  Driver,
  Exchange,
  SniffAnswer,
  Violation,
} from "#devices/driver.ts";
import {
  type BodyPlan,
  type HttpRequest,
  type HttpRequestHead,
  HttpRequestReader,
  targetPath,
} from "#devices/http-request.ts";
import { quote } from "#devices/quote.ts";
import type { HandedCommand } from "#domain/command.ts";
import type { Intake, Outcome, PollIntake } from "#domain/intake.ts";
import { BlockAssembler } from "./blocks.ts";
import { beginsLikeBody, isWholeBody, planFramedBody, planTextAlone } from "./body.ts";
import {
  isDocumented,
  REALTIME_ENROLL_DATA,
  RECEIVE_COMMAND,
  SEND_COMMAND_RESULT,
} from "./codes.ts";
import { type CommandDialect, commandDialectOf } from "./command-dialect.ts";
import { type CommandTarget, encodeCommandReply } from "./commands.ts";
import { decodeMessage } from "./decode.ts";
import { openEnvelope } from "./envelope.ts";
import { interpretMessage, unreadableIntake } from "./interpret.ts";
import { type FkwebFrame, readFrame } from "./message.ts";
import { encodeBlockReply, encodeOutcome, PROBE_REPLY, persistenceOf } from "./reply.ts";

const METHODS = ["POST", "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT"];
/** What tells a WebSocket, or the empty line that ends a head; whichever comes first. */
const DECIDING_LINE_PATTERN = /\n(?:(upgrade[ \t]*:[ \t]*websocket)|\r?\n)/i;
/** ZKTeco PUSH, which may share the port: zk-push.md, "Base path". */
const ICLOCK_PATH_PREFIX = "/iclock/";
const BLOCK_NUMBER_PATTERN = /^\d{1,9}$/;
const LOGGED_DEVICE_ID_LENGTH_MAX = 64;
const NO_EVENTS: readonly DecoderEvent[] = [];
const NO_BYTES = new Uint8Array(0);

/**
 * Makes the driver of one terminal port. Each block of an upload has a connection of its own, so
 * the decoders of one driver share the uploads that are not complete.
 */
export function createFkwebDriver(): Driver {
  const assembler = new BlockAssembler();
  return {
    name: "fkweb",
    sniff,
    open: (limits, address) => new FkwebDecoder(limits, assembler, address),
  };
}

/**
 * FKWeb is any HTTP but that of a protocol known by its path, and but a WebSocket: early firmware has
 * no header of its own, and health probes have to be answered by somebody. Only a GET can become a
 * WebSocket (timmy-websocket.md), so the request line decides on all others: what length a record's
 * head may have is for the reader.
 */
function sniff(head: Uint8Array): SniffAnswer {
  const text = Buffer.from(head.buffer, head.byteOffset, head.length).toString("latin1");
  if (!METHODS.some((method) => beginsAlike(text, `${method} `))) return "no";
  const lineEnd = text.indexOf("\n");
  if (lineEnd < 0) return "more";
  const [method, target = ""] = text.slice(0, lineEnd).trim().split(/ +/);
  if (targetPath(target).toLowerCase().startsWith(ICLOCK_PATH_PREFIX)) return "no";
  if (method !== "GET") return "yes";
  const decidingLine = DECIDING_LINE_PATTERN.exec(text);
  if (decidingLine === null) return "more";
  return decidingLine[1] === undefined ? "yes" : "no";
}

/** Whether one of the two begins with the other. */
function beginsAlike(text: string, prefix: string): boolean {
  return text.startsWith(prefix) || prefix.startsWith(text);
}

/** The requests of one connection. */
class FkwebDecoder implements Decoder {
  readonly #limits: DecoderLimits;
  readonly #assembler: BlockAssembler;
  readonly #address: string;
  readonly #reader: HttpRequestReader;
  /** A request has come whose reply ends the connection. */
  #isEnding = false;
  /** And what stands behind it is no request: nothing more is read. */
  #isDeaf = false;

  constructor(limits: DecoderLimits, assembler: BlockAssembler, address: string) {
    this.#limits = limits;
    this.#assembler = assembler;
    this.#address = address;
    this.#reader = new HttpRequestReader(limits, (head, leading) => this.#plan(head, leading));
  }

  get bufferedBytes(): number {
    return this.#reader.bufferedBytes;
  }

  get midRequest(): boolean {
    return this.#reader.midRequest;
  }

  push(chunk: Uint8Array): readonly DecoderEvent[] {
    if (this.#isDeaf) return NO_EVENTS;
    let events: DecoderEvent[] | undefined;
    for (const item of this.#reader.push(chunk)) {
      const event =
        item.kind === "request" ? this.#handle(item) : violation(item, item.headers.get("dev_id"));
      // Padding behind the last request must not cost it its reply.
      this.#isDeaf = event.kind === "violation" && this.#isEnding;
      if (this.#isDeaf) break;
      events ??= [];
      events.push(event);
      if (event.kind === "violation") break;
      if (item.kind === "request") this.#isEnding ||= endsConnection(item.head);
    }
    return events ?? NO_EVENTS;
  }

  #plan(head: HttpRequestHead, leading: Uint8Array): BodyPlan {
    const { textBytesMax } = this.#limits;
    if (isFramedEnrolment(head)) {
      return planTextAlone(this.#heldBefore(head), leading, textBytesMax);
    }
    const plan = leading.length === 0 ? planByHead(head) : undefined;
    return plan ?? planFramedBody(leading, head.contentLength ?? 0, textBytesMax);
  }

  /** What is held of the upload that a block goes on with. */
  #heldBefore(head: HttpRequestHead): Uint8Array | undefined {
    const frame = readFrame(head, NO_BYTES);
    const isBegun = frame.blockNumberText !== undefined && blockNumber(frame) !== 1;
    return isBegun ? this.#assembler.heldOf(this.#uploadKey(frame)) : undefined;
  }

  #handle(request: HttpRequest): DecoderEvent {
    const { head } = request;
    if (head.method !== "POST") return { kind: "answer", reply: PROBE_REPLY };
    const { textBytesMax } = this.#limits;
    const part = openEnvelope(readFrame(head, request.body), head, textBytesMax);
    const isPoll = part.requestCode === RECEIVE_COMMAND;
    const hasUnfinished = isPoll && this.#assembler.notePoll(devicePrefix(part));
    const joined = this.#join(part, request);
    if (!joined.ok) return violation(joined.error, part.deviceIdText);
    const frame = joined.value;
    const persistence = persistenceOf(head);
    if (frame === undefined) return { kind: "answer", reply: encodeBlockReply(part, persistence) };
    const intake = readIntake(frame, textBytesMax);
    if (intake.kind !== "poll") {
      const encodeReply = (outcome: Outcome) => encodeOutcome(outcome, frame, persistence);
      return { kind: "exchange", intake, encodeReply };
    }
    const dialect = commandDialectOf(frame, textBytesMax);
    const poll = hasUnfinished
      ? { ...intake, queue: "unacknowledged" as const }
      : showingQueue(intake, dialect, head);
    return pollExchange(poll, frame, { persistence, dialect });
  }

  /** The frame with its whole body, or `undefined` while blocks of it are to come (fkweb.md 5). */
  #join(part: FkwebFrame, request: HttpRequest): Result<FkwebFrame | undefined, Problem> {
    if (request.head.contentLength === undefined && !isBodyOptional(part)) {
      // Whatever follows the head may be the record: it must not be acknowledged unread.
      const detail = "No Content-Length; the number of bytes in the body is wanted";
      return fail({ code: "content-length-missing", detail });
    }
    const key = this.#uploadKey(part);
    const number = blockNumber(part);
    if (number === undefined) {
      this.#assembler.drop(key);
      const detail = `blk_no ${quote(part.blockNumberText ?? "")} is not a number from 0 up`;
      return fail({ code: "bad-block-number", detail });
    }
    const isAwaited = this.#assembler.stateOf(key) !== "none";
    if (standsAlone(part, isAwaited, this.#limits.textBytesMax)) {
      if (isAwaited) this.#assembler.drop(key);
      if (isOrphan(part) && this.#assembler.refuseOrphan(key)) {
        const detail = "The rest of an upload whose first block is not known";
        return fail({ code: "block-out-of-order", detail });
      }
      return ok(part);
    }
    const block = { key, number, body: part.body };
    const added = this.#assembler.add(block, this.#limits.requestBytesMax);
    if (!added.ok) return added;
    return ok(
      added.value === undefined ? undefined : { ...part, body: added.value, isJoined: true },
    );
  }

  /**
   * Where it comes from tells two terminals with one id apart: the last block of one, joined to the
   * blocks of the other, would take a record off its queue that nobody has. A line feed cannot occur
   * inside a header, so the parts stay apart.
   */
  #uploadKey(frame: FkwebFrame): string {
    const upload = [this.#address, frame.requestCode ?? "", frame.transaction.value];
    return `${devicePrefix(frame)}${upload.join("\n")}`;
  }
}

/** What a violation is about; the device is added from the headers. */
type Problem = Pick<Violation, "code" | "detail">;

/**
 * Decodes a complete request. Should our own code fail on it, it is kept as unreadable: the frame is
 * whole, so it can be acknowledged, and one bad record does not block the terminal for ever (P2).
 */
export function readIntake(frame: FkwebFrame, textBytesMax: number): Intake {
  try {
    const message = decodeMessage(frame, textBytesMax);
    return message.ok ? interpretMessage(message.value) : unreadableIntake(frame, message.error);
  } catch (error) {
    return unreadableIntake(frame, { code: "decoder-failed", reason: String(error) });
  }
}

/** Of dialects that cannot be told every command (`commands.ts`). */
const REFUSE_COMMAND: Readonly<Record<CommandDialect, PollIntake["refuseCommand"]>> = {
  framed: undefined,
  bare: undefined,
  form: refuseIn("form"),
  "visible-light": refuseIn("visible-light"),
  unclear: refuseIn("unclear"),
};

function refuseIn(dialect: CommandDialect) {
  return (handed: HandedCommand): string | undefined => {
    const target: CommandTarget = {
      dialect,
      transactionName: "trans_id",
      codeLibrary: undefined,
      persistence: "close",
    };
    const spelled = encodeCommandReply(handed, target);
    return spelled.ok ? undefined : spelled.error.reason;
  };
}

/**
 * Terminals of D1, D2, D3, D4 and D6 poll behind their queue (fkweb.md 0.5 and 11). Of D5 and D7, which
 * names its request in JSON, nobody has seen one, so their polls say nothing of it.
 */
function showingQueue(
  intake: PollIntake,
  dialect: CommandDialect,
  { headers }: HttpRequestHead,
): PollIntake {
  const isKnown =
    dialect === "form" ||
    ((dialect === "framed" || dialect === "visible-light") && headers.has("request_code"));
  return isKnown ? { ...intake, queue: "empty" } : intake;
}

/** A poll is the one request whose answer may be a command. */
function pollExchange(
  intake: PollIntake,
  frame: FkwebFrame,
  { persistence, dialect }: Pick<CommandTarget, "persistence" | "dialect">,
): Exchange {
  const target: CommandTarget = {
    dialect,
    transactionName: frame.transaction.name,
    codeLibrary: intake.report.codeLibrary,
    persistence,
  };
  const refuseCommand = REFUSE_COMMAND[dialect];
  return {
    kind: "exchange",
    intake: refuseCommand === undefined ? intake : { ...intake, refuseCommand },
    encodeReply: (outcome) => {
      const command = outcome.kind === "stored" ? outcome.command : undefined;
      const spelled = command === undefined ? undefined : encodeCommandReply(command, target);
      return spelled?.ok === true ? spelled.value : encodeOutcome(outcome, frame, persistence);
    },
  };
}

/**
 * People's templates do not even enter our memory; of their blocks only the text is kept. Where they
 * stand in the text itself, it has to be whole before they can be left out.
 */
function isFramedEnrolment(head: HttpRequestHead): boolean {
  if (head.method !== "POST") return false;
  if (head.headers.get("request_code") !== REALTIME_ENROLL_DATA) return false;
  return readFrame(head, NO_BYTES).dialect === "framed";
}

/**
 * The plan for a body of which the headers tell enough. Binaries are dropped only where a request
 * stands alone: `planFramedBody` proves what `standsAlone` asks for.
 */
function planByHead(head: HttpRequestHead): BodyPlan | undefined {
  if (head.method !== "POST") return { kind: "keep", bytes: 0 };
  const frame = readFrame(head, NO_BYTES);
  // The records of a log or a list of users are what was asked for.
  const isResult = frame.requestCode === SEND_COMMAND_RESULT;
  const mayStandAlone = blockNumber(frame) === 0 && isDocumented(frame.requestCode) && !isResult;
  return mayStandAlone ? undefined : { kind: "keep", bytes: head.contentLength ?? 0 };
}

/**
 * Whether a request has nothing to do with the blocks that came under its key. `isAwaited`: there
 * were some, and what is held of them is dropped if the request stands alone.
 *
 * A terminal that restarts during an upload goes on with other records under the same ids, for every
 * punch has the same transaction; joined to the old blocks, such a record would be acknowledged and
 * lost. Nothing acknowledged is dropped in its place: blocks are answered, but only the last one
 * takes the record off the terminal's queue, and the last block of a dropped upload is refused.
 * Nor is the last block of a documented upload ever whole by itself: a rest of a text has a brace
 * too many at its end, and photos and records are no text. Of other uploads nobody knows, so their
 * blocks are kept together whatever they are.
 */
function standsAlone(frame: FkwebFrame, isAwaited: boolean, textBytesMax: number): boolean {
  if (frame.blockNumberText === undefined) return true;
  if (blockNumber(frame) !== 0) return false;
  if (!isAwaited) return true;
  // Of an enrolment only a part is held, which may be the rest of a text and look whole.
  if (frame.requestCode === REALTIME_ENROLL_DATA) return false;
  return isDocumented(frame.requestCode) && isWholeBody(frame.body, textBytesMax);
}

/** Whether a request looks like the last block of an upload rather than a record of its own. */
function isOrphan(frame: FkwebFrame): boolean {
  const isLastBlock = frame.blockNumberText !== undefined && isDocumented(frame.requestCode);
  if (!isLastBlock || isBodyOptional(frame)) return false;
  // Its templates are dropped anyway, and what tells of the user is not worth a retry.
  if (frame.requestCode === REALTIME_ENROLL_DATA) return false;
  // What is encrypted never begins like a body.
  if (frame.encryption !== undefined) return false;
  return frame.body.length > 0 && !beginsLikeBody(frame.body);
}

function violation({ code, detail }: Problem, deviceIdText: string | undefined): Violation {
  const shown = deviceIdText?.slice(0, LOGGED_DEVICE_ID_LENGTH_MAX);
  return { kind: "violation", code, detail, deviceIdText: shown };
}

function endsConnection(head: HttpRequestHead): boolean {
  return head.method !== "POST" || persistenceOf(head) === "close";
}

/** Whether a request is as good without a body: a poll, or a command's plain success (6.1, 6.5). */
function isBodyOptional(frame: FkwebFrame): boolean {
  return frame.requestCode === RECEIVE_COMMAND || frame.requestCode === SEND_COMMAND_RESULT;
}

/** 0: the last block, or no block at all. `undefined`: not a number. */
function blockNumber(frame: FkwebFrame): number | undefined {
  const text = frame.blockNumberText;
  if (text === undefined || text === "0") return 0;
  return BLOCK_NUMBER_PATTERN.test(text) ? Number(text) : undefined;
}

function devicePrefix({ deviceIdText = "" }: FkwebFrame): string {
  return `${deviceIdText}\n`;
}
