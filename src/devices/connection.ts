/**
 * One terminal's socket: bytes to its decoder, intakes to `handleIntake`, replies back in request
 * order. Decides nothing about punches and spells no reply; it owns deadlines, backpressure and
 * the way a connection ends.
 *
 * States:
 * - `open`, sniffing: no driver has claimed the first bytes yet; `RequestReader` collects them.
 * - `open`, decoding: a decoder takes what arrives.
 * - `closing`: input is ignored. Replies still owed leave, then our half is shut, and the socket is
 *   cut if the peer then keeps its half open for long. Closing with nothing owed is the
 *   zero-byte close that makes a terminal keep its record (`protocols/fkweb.md` 6.7).
 * - `closed`: the socket is gone; outcomes that still come in are dropped.
 *
 * `socket.end()` is never used: it loses reply bytes while the peer still sends (Bun 1.4.5).
 */

import { assertNever } from "#base/assert.ts";
import { heldBytes, type Intake, type Outcome, type ReceivedIntake } from "#domain/intake.ts";
import type { LogFields } from "#platform/log-line.ts";
import {
  type CloseReason,
  type ConnectionHost,
  type DeviceSocket,
  type PauseReason,
  UNFINISHED,
} from "./connection-host.ts";
import { Deadlines } from "./deadlines.ts";
import { describeError, findOrigin } from "./describe-error.ts";
import { CLOSE_SILENTLY, type Reply, type Violation } from "./driver.ts";
import type { BudgetMember } from "./reading-budget.ts";
import { type ReplyPlace, ReplyQueue } from "./reply-queue.ts";
import { type ReaderEvent, RequestReader, type UnknownProtocol } from "./request-reader.ts";
import { RequestTrail } from "./request-trail.ts";
import { sightingOf } from "./terminal-watch-sighting.ts";

/** How long a peer may keep its half open after we shut ours, in milliseconds. */
const LINGER_MS = 2_000;

/** Replies up to this size have left the kernel's buffer long before `LINGER_MS` is over. */
const QUICK_REPLY_BYTES_MAX = 64 * 1024;

/** Who says nothing for so long has nothing to say. */
const SILENCE_MIN_MS = 10_000;

/** One connection; its methods are the socket's events and the listener's sweep. None throws. */
export class DeviceConnection implements BudgetMember {
  /** The peer's IP address, normalised. */
  readonly address: string;
  readonly #socket: DeviceSocket;
  readonly #host: ConnectionHost;
  readonly #reader: RequestReader;
  readonly #replies = new ReplyQueue();
  readonly #deadlines: Deadlines;
  readonly #trail: RequestTrail;
  readonly #openedAtMs: number;
  #state: "open" | "closing" | "closed" = "open";
  #closeReason: CloseReason | undefined;
  #hasReceived = false;
  /** Of TLS; before it ends, nobody knows whether the peer has sent a byte. */
  #isShakingHands = false;
  #isPaused = false;
  /** The budget lets it read. */
  #hasRoom = true;
  #isShut = false;
  /** We cut it: whatever was on its way to the peer may be lost. */
  #isCut = false;
  /** Raw bytes of requests whose outcome is not known yet. */
  #waitingRawBytes = 0;

  constructor(socket: DeviceSocket, address: string, host: ConnectionHost) {
    this.#socket = socket;
    this.address = address;
    this.#host = host;
    this.#reader = new RequestReader(host.drivers, host.limits, address);
    this.#trail = new RequestTrail(address, host.requests);
    this.#openedAtMs = host.clock.monotonicMs();
    this.#deadlines = new Deadlines(host.limits, this.#openedAtMs);
  }

  /** Takes bytes from the peer. */
  receive(chunk: Uint8Array): void {
    if (this.#state !== "open") return;
    this.#hasReceived = true;
    this.#deadlines.restartIdle();
    const events = this.#read(chunk);
    const isIncomplete = this.#reader.midRequest;
    this.#trail.read({ isIncomplete, owesReply: !this.#replies.isEmpty });
    if (events.length > 0) this.#deadlines.restartRequest();
    for (const event of events) {
      this.#perform(event);
      if (this.#isClosing) break;
    }
    this.#update();
  }

  /** The peer will send no more; it may still wait for its replies. */
  peerEnded(): void {
    this.#startClosing(this.#reader.midRequest ? "truncated" : "peer-closed");
    this.#update();
  }

  /** The socket takes bytes again. */
  drained(): void {
    this.#update();
  }

  /** Told by the budget. */
  allowReading(isAllowed: boolean): void {
    if (this.#state === "closed" || isAllowed === this.#hasRoom) return;
    this.#hasRoom = isAllowed;
    if (!isAllowed) {
      this.#warn("terminal.upload-waits", { heldBytes: this.#reader.bufferedBytes });
    }
    this.#applyReading();
    this.#noteActivity();
  }

  /** Told by the budget: the unfinished request holds more than there is room for. */
  giveUp(): void {
    this.#warn("terminal.buffers-full", {
      heldBytes: this.#reader.bufferedBytes,
      hint: "Terminals upload more at once than DEVICE_BUFFERED_KIB_MAX; this one has to send again",
    });
    this.#close("buffers-full");
  }

  /** Closes what has outlived a deadline; called by the listener's sweep with the monotonic time. */
  checkDeadlines(nowMs: number): void {
    const overrun = this.#deadlines.findOverrun(nowMs);
    switch (overrun) {
      case undefined:
        return;
      case "linger":
        this.#terminate();
        return;
      case "unread-reply":
        this.#warn("terminal.unread-reply", { unsentBytes: this.#replies.unsentBytes });
        this.#cut("unread-reply");
        return;
      case "slow-request":
        this.#warn("terminal.slow-request", {
          limitSeconds: this.#host.limits.requestTimeoutMs / 1000,
        });
        this.#close("slow-request");
        return;
      case "buffers-full":
        this.giveUp();
        return;
      case "idle":
        this.#closeIdle();
        return;
      default:
        assertNever(overrun);
    }
  }

  /** Takes no new request; what is in flight still gets its reply. */
  stop(): void {
    if (this.#state !== "open") return;
    this.#close("stopping");
    // Nothing can be lost on a connection that never spoke, and a terminal in "Local" mode would
    // otherwise hold up every stop by `LINGER_MS`.
    if (!this.#hasReceived) this.#terminate();
  }

  /** It speaks TLS: nothing is received before hands are shaken. */
  shakeHands(state: "begun" | "done"): void {
    this.#isShakingHands = state === "begun";
  }

  /** What the peer speaks is no TLS that we do, on the port that takes nothing else. */
  refuseTls(problem: string): void {
    // Cutting a handshake off makes it fail.
    if (this.#isCut) return;
    this.#warn("terminal.tls-failed", { error: problem });
    this.#cut(this.#reader.midRequest ? "truncated" : "tls");
  }

  /** Ends it at once, replies or not. */
  abort(): void {
    this.#cut("stopping");
  }

  /** The socket is gone. Returns why, for the listener's counters. */
  closed(): CloseReason {
    const reason = this.#closeReason ?? (this.#reader.midRequest ? "truncated" : "peer-closed");
    this.#noteSilence(reason);
    this.#startClosing(reason);
    this.#trail.ended(this.#replies.isEmpty && !this.#isCut && reason !== "unacknowledged");
    this.#state = "closed";
    this.#replies.clear();
    this.#waitingRawBytes = 0;
    this.#reportHeldBytes();
    return reason;
  }

  /** Asked through a getter, because the compiler keeps what it knew of a field over calls. */
  get #isClosing(): boolean {
    return this.#state !== "open";
  }

  /** Cutting a socket drops what the kernel still holds for a slow reader. */
  get #lingerMs(): number {
    const isQuick = this.#replies.sentBytes <= QUICK_REPLY_BYTES_MAX;
    return isQuick ? LINGER_MS : this.#host.limits.requestTimeoutMs;
  }

  /** The one place where a throw of a driver is caught. */
  #read(chunk: Uint8Array): readonly ReaderEvent[] {
    try {
      return this.#reader.push(chunk);
    } catch (error) {
      this.#quarantine(error, chunk);
      return [];
    }
  }

  #perform(event: ReaderEvent): void {
    switch (event.kind) {
      case "exchange":
        this.#host.countRequest();
        this.#submit(event.intake, (outcome) => event.encodeReply(outcome));
        return;
      case "answer":
        this.#host.countRequest();
        this.#fill(this.#replies.reserve(), event.reply);
        return;
      case "violation":
        this.#rejectViolation(event);
        return;
      case "unknown-protocol":
        this.#rejectProtocol(event);
        return;
      default:
        assertNever(event);
    }
  }

  #rejectViolation({ code, detail, deviceIdText }: Violation): void {
    this.#host.countViolation(code);
    this.#warn("terminal.violation", { code, detail, device: deviceIdText });
    this.#startClosing("violation");
  }

  #rejectProtocol(rejected: UnknownProtocol): void {
    this.#host.noteSighting({ ...sightingOf(rejected), address: this.address });
    this.#startClosing(rejected.protocol === "tls" ? "tls" : "unknown-protocol");
  }

  /**
   * A driver of ours failed on these bytes. They go to quarantine and the socket closes without a
   * byte, whatever the outcome: only the driver can spell an acknowledgement, and after its failure
   * nobody knows where the request ends, so a confirmation could cover bytes that never came (P1,
   * P3). Nothing is lost (P2): the terminal keeps its record and sends it again, minutes apart, and
   * quarantine counts identical bytes once. Its queue stands until the bug is mended, which is why
   * drivers are to catch failures behind their framing themselves, as `unreadable` exchanges.
   */
  #quarantine(error: unknown, chunk: Uint8Array): void {
    const reason = describeError(error);
    this.#fail("terminal.decoder-failed", error);
    const raw = this.#reader.rawWith(chunk);
    this.#submit(
      { kind: "unreadable", deviceId: undefined, code: "decoder-failed", reason, raw },
      () => CLOSE_SILENTLY,
    );
    this.#startClosing("decoder-failed");
  }

  #submit(intake: Intake, encodeReply: (outcome: Outcome) => Reply): void {
    const place = this.#replies.reserve();
    this.#trail.took(intake);
    this.#waitingRawBytes += heldBytes(intake);
    const received = {
      intake,
      driver: this.#reader.driverName,
      remoteAddress: this.address,
      receivedAtMs: this.#host.clock.nowMs(),
    };
    void this.#settle(place, received, encodeReply);
  }

  /** Waits for the commit, then lets the reply take its turn. Never rejects. */
  async #settle(
    place: ReplyPlace,
    received: ReceivedIntake,
    encodeReply: (outcome: Outcome) => Reply,
  ): Promise<void> {
    let reply: Reply;
    try {
      reply = encodeReply(await this.#host.handleIntake(received));
    } catch (error) {
      this.#fail("terminal.intake-failed", error);
      reply = CLOSE_SILENTLY;
    }
    if (this.#state === "closed") return;
    this.#waitingRawBytes -= heldBytes(received.intake);
    this.#deadlines.restartIdle();
    this.#fill(place, reply);
    this.#update();
  }

  #fill(place: ReplyPlace, reply: Reply): void {
    const last = this.#replies.fill(place, reply);
    if (last === undefined) return;
    this.#startClosing(last.bytes === undefined ? "unacknowledged" : "answered");
  }

  #terminate(): void {
    this.#isCut = true;
    this.#socket.terminate();
  }

  #close(reason: CloseReason): void {
    this.#startClosing(reason);
    this.#update();
  }

  #cut(reason: CloseReason): void {
    this.#startClosing(reason);
    this.#closeReason = reason;
    this.#terminate();
  }

  #closeIdle(): void {
    if (this.#hasReceived) {
      this.#close("idle");
    } else if (this.#isShakingHands) {
      this.refuseTls("its handshake does not go on");
    } else {
      this.#close("silent");
    }
  }

  /** A probe leaves at once; a terminal in "Local" mode stays, and some leave before our deadline. */
  #noteSilence(reason: CloseReason): void {
    if (this.#hasReceived || this.#state === "closed") return;
    if (reason === "stopping" || reason === "tls") return;
    const openMs = this.#host.clock.monotonicMs() - this.#openedAtMs;
    if (reason !== "silent" && openMs < SILENCE_MIN_MS) return;
    const detail = 'A terminal there connects and sends nothing, as in "Local" mode';
    this.#host.noteSighting({ type: "local-mode", address: this.address, detail });
  }

  /** Stops taking input. What is owed still leaves: `#update` shuts the socket behind it. */
  #startClosing(reason: CloseReason): void {
    if (this.#state !== "open") return;
    this.#state = "closing";
    this.#closeReason = reason;
    if (UNFINISHED.has(reason)) this.#trail.broke();
    this.#reader.clear();
  }

  /** Brings the socket, the budget and the deadlines in line with what it now holds and owes. */
  #update(): void {
    if (this.#state === "closed") return;
    if (!this.#replies.writeTo(this.#socket)) {
      this.#terminate();
      return;
    }
    this.#reportHeldBytes();
    this.#applyReading();
    if (this.#state === "closing" && this.#replies.isEmpty && !this.#isShut) {
      this.#isShut = true;
      this.#socket.shutdown();
    }
    this.#noteActivity();
  }

  #reportHeldBytes(): void {
    const unfinished = this.#reader.bufferedBytes;
    this.#host.budget.note(this, { unfinished, complete: this.#waitingRawBytes });
  }

  #applyReading(): void {
    const pause = this.#findPause();
    const shouldPause = pause !== undefined;
    if (shouldPause === this.#isPaused) return;
    this.#isPaused = shouldPause;
    if (shouldPause) {
      this.#host.countPause(pause);
      this.#socket.pause();
    } else this.#socket.resume();
  }

  /** A closing connection reads on, to drop what comes and to notice the peer's end. */
  #findPause(): PauseReason | undefined {
    const { exchangesWaitingMax, unsentBytesMax } = this.#host.limits;
    if (this.#state !== "open") return undefined;
    if (!this.#hasRoom) return "upload-room";
    if (this.#replies.waitingCount >= exchangesWaitingMax) return "requests-waiting";
    return this.#replies.unsentBytes > unsentBytesMax ? "unsent-bytes" : undefined;
  }

  #noteActivity(): void {
    const activity = {
      isMidRequest: this.#reader.midRequest,
      isRead: !this.#isPaused,
      waitsForRoom: !this.#hasRoom,
      owesReply: !this.#replies.isEmpty,
      hasUnsentBytes: this.#replies.unsentBytes > 0,
      lingerMs: this.#isShut ? this.#lingerMs : undefined,
    };
    this.#deadlines.note(activity, this.#host.clock.monotonicMs());
  }

  #warn(event: string, fields: LogFields): void {
    this.#host.log.warn(event, { ...this.#peer, ...fields }, { per: this.address });
  }

  #fail(event: string, error: unknown): void {
    const fields = { ...this.#peer, error: describeError(error), at: findOrigin(error) };
    this.#host.log.error(event, fields, { per: this.address });
  }

  get #peer(): LogFields {
    return { address: this.address, driver: this.#reader.driverName };
  }
}
