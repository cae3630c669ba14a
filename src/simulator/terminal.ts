/**
 * One fake terminal: polls once, then sends its punches strictly first-in-first-out over TCP and
 * keeps each until the server acknowledges it, as section 11 of the protocol document describes.
 *
 * States: `waiting` (nothing to send), `exchanging` (one request is out), `backing-off` (the head
 * of the queue is sent again later), `finished` (all acknowledged, given up, or stopped).
 */

import { assertDefined } from "#base/assert.ts";
import type { Clock, Timer } from "#platform/clock.ts";
import {
  encodePollBody,
  encodePunchBody,
  encodeRequest,
  type RequestHead,
} from "./encode-fkweb.ts";
import { PunchQueue, type PunchQueueOptions, type QueuedPunch } from "./punch-queue.ts";
import { readReply } from "./reply-fkweb.ts";

/** What a fake terminal sends, and where. */
export interface TerminalOptions extends PunchQueueOptions {
  readonly host: string;
  readonly port: number;
  readonly deviceId: string;
  /** What its clock shows when it polls, 14 digits; undefined for no poll. */
  readonly pollWallTime: string | undefined;
  /** Send all requests over one connection, as far as the server allows it. */
  readonly keepAlive: boolean;
  /** How long one try may take, connecting included. */
  readonly timeoutMs: number;
  /** Pause before a punch that was not acknowledged is sent again. */
  readonly retryDelayMs: number;
  /** Tries per punch, from 1; then the terminal gives up, and all behind that punch stays unsent. */
  readonly attemptsMax: number;
}

/** The clock a terminal lives by, and whom it tells. */
export interface TerminalParts {
  readonly clock: Clock;
  /** A punch was acknowledged, `latencyMs` after this try began to connect. */
  readonly onAcknowledged: (acknowledged: QueuedPunch, latencyMs: number) => void;
  /** The terminal has reached its final state. */
  readonly onFinished: () => void;
}

/** Why a try did not end in an acknowledgement. */
export type TryFailure = "connectionErrors" | "closedWithoutReply" | "timeouts" | "wrongReplies";

/** What one terminal has done so far. */
export interface TerminalCounts extends Record<TryFailure, number> {
  /** Punches sent at least once. */
  sent: number;
  /** Punches acknowledged; each counts once. */
  acknowledged: number;
  /** Tries after the first one of a punch or duplicate. */
  resent: number;
  duplicatesSent: number;
  duplicatesAcknowledged: number;
  pollsAnswered: number;
}

/** One request and its tries; a poll has no punch. */
interface Job {
  readonly queued: QueuedPunch | undefined;
  readonly frame: Uint8Array;
  attempts: number;
}

/** One TCP connection. It is given up by making another one, or none, the terminal's own. */
interface Connection {
  readonly terminal: SimulatedTerminal;
  socket: Bun.Socket<Connection> | undefined;
  /** What of the request the kernel has not taken yet. */
  unsent: Uint8Array;
  /** The reply so far, as Latin-1 text. */
  received: string;
}

/** A longer reply is one that no terminal could hold (section 2). */
const REPLY_BYTES_MAX = 65_536;
const NO_BYTES = new Uint8Array(0);

/** No `error` handler: it would catch only what our own handlers throw, and a bug must end the run. */
const SOCKET_HANDLERS: Bun.SocketHandler<Connection> = {
  open: (socket) => socket.data.terminal.opened(socket),
  data: (socket, chunk) => socket.data.terminal.received(socket.data, chunk),
  drain: (socket) => writeUnsent(socket),
  close: (socket) => socket.data.terminal.closed(socket.data, "closedWithoutReply"),
  connectError: (socket) => socket.data.terminal.closed(socket.data, "connectionErrors"),
};

/** One fake terminal. `start` sets it going, `release` gives it punches. */
export class SimulatedTerminal {
  readonly counts: TerminalCounts = {
    sent: 0,
    acknowledged: 0,
    resent: 0,
    duplicatesSent: 0,
    duplicatesAcknowledged: 0,
    connectionErrors: 0,
    closedWithoutReply: 0,
    timeouts: 0,
    wrongReplies: 0,
    pollsAnswered: 0,
  };
  readonly #options: TerminalOptions;
  readonly #parts: TerminalParts;
  readonly #head: Omit<RequestHead, "requestCode">;
  readonly #queue: PunchQueue;
  #state: "new" | "waiting" | "exchanging" | "backing-off" | "finished" = "new";
  #job: Job | undefined;
  #connection: Connection | undefined;
  #tryStartedMs = 0;
  #retryTimer: Timer | undefined;

  constructor(options: TerminalOptions, parts: TerminalParts) {
    this.#options = options;
    this.#parts = parts;
    this.#queue = new PunchQueue(options);
    this.#head = {
      deviceId: options.deviceId,
      server: `${options.host}:${options.port}`,
      keepAlive: options.keepAlive,
    };
  }

  /** Punches the terminal is to send in all, duplicates not counted. */
  get planned(): number {
    return this.#queue.planned;
  }

  /** Begins to send, with the poll. */
  start(): void {
    if (this.#options.pollWallTime === undefined) {
      this.#sendNext();
      return;
    }
    const body = encodePollBody({
      name: this.#options.deviceId,
      wallTime: this.#options.pollWallTime,
    });
    this.#try(this.#makeJob("receive_cmd", body, undefined));
  }

  /** `count` more people have touched the terminal. */
  release(count: number): void {
    this.#queue.release(count);
    if (this.#state === "waiting") this.#sendNext();
  }

  /** Nobody punches any more: what was not sent yet is no longer planned. */
  cutOff(): void {
    this.#queue.cutOff();
    if (this.#state === "waiting") this.#sendNext();
  }

  /** Ends the try under way if its time is over. `nowMs` is monotonic. */
  checkTimeout(nowMs: number): void {
    if (this.#state !== "exchanging") return;
    if (nowMs - this.#tryStartedMs < this.#options.timeoutMs) return;
    this.#dropConnection();
    this.#failTry("timeouts");
  }

  /** Switches the terminal off; what it holds stays unacknowledged. */
  stop(): void {
    this.#finish();
  }

  /** For the socket handlers: the connection is made. */
  opened(socket: Bun.Socket<Connection>): void {
    const connection = socket.data;
    if (this.#connection !== connection) {
      socket.terminate();
      return;
    }
    connection.socket = socket;
    writeUnsent(socket);
  }

  /** For the socket handlers: bytes have come. */
  received(connection: Connection, chunk: Buffer): void {
    if (this.#connection !== connection) return;
    if (this.#state !== "exchanging") {
      // Bytes nobody asked for: the next request gets a connection of its own.
      this.#dropConnection();
      return;
    }
    connection.received += chunk.toString("latin1");
    if (this.#readReply(connection, false)) return;
    if (connection.received.length <= REPLY_BYTES_MAX) return;
    this.#dropConnection();
    this.#failTry("wrongReplies");
  }

  /** For the socket handlers: the connection has ended, or was never made. */
  closed(connection: Connection, failure: TryFailure): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    // Between two requests the server may close a kept connection: that is no failure.
    if (this.#state !== "exchanging") return;
    if (!this.#readReply(connection, true)) this.#failTry(failure);
  }

  #sendNext(): void {
    const queued = this.#queue.head();
    if (queued !== undefined) {
      this.#countFirstTry(queued);
      this.#try(this.#makeJob("realtime_glog", encodePunchBody(queued.punch), queued));
    } else if (this.#queue.drained) {
      this.#finish();
    } else {
      this.#state = "waiting";
    }
  }

  #makeJob(
    requestCode: RequestHead["requestCode"],
    body: Uint8Array,
    queued: QueuedPunch | undefined,
  ): Job {
    return { queued, frame: encodeRequest({ ...this.#head, requestCode }, body), attempts: 0 };
  }

  #countFirstTry(queued: QueuedPunch): void {
    if (queued.duplicate) this.counts.duplicatesSent += 1;
    else this.counts.sent += 1;
  }

  #try(job: Job): void {
    this.#job = job;
    job.attempts += 1;
    this.#state = "exchanging";
    this.#tryStartedMs = this.#parts.clock.monotonicMs();
    const kept = this.#connection;
    if (kept?.socket === undefined) {
      this.#connect(job.frame);
      return;
    }
    kept.unsent = job.frame;
    kept.received = "";
    writeUnsent(kept.socket);
  }

  #connect(frame: Uint8Array): void {
    const connection = { terminal: this, socket: undefined, unsent: frame, received: "" };
    this.#connection = connection;
    // `connectError` is told of a failure as well, so the promise has nothing to add.
    void Bun.connect<Connection>({
      hostname: this.#options.host,
      port: this.#options.port,
      socket: SOCKET_HANDLERS,
      data: connection,
    }).catch(() => {});
  }

  /** Acts on a complete reply. Returns false when more is needed. */
  #readReply(connection: Connection, ended: boolean): boolean {
    const reply = readReply(connection.received, ended);
    if (reply === undefined) return false;
    if (!this.#options.keepAlive || !reply.keepsOpen) this.#dropConnection();
    const queued = this.#takeJob().queued;
    if (queued === undefined) {
      this.counts.pollsAnswered += 1;
      this.#sendNext();
    } else if (reply.acknowledges) {
      this.#acknowledge(queued);
    } else {
      this.#failTry("wrongReplies");
    }
    return true;
  }

  #takeJob(): Job {
    return assertDefined(this.#job, "A terminal that exchanges has a request out");
  }

  #acknowledge(queued: QueuedPunch): void {
    if (queued.duplicate) this.counts.duplicatesAcknowledged += 1;
    else this.counts.acknowledged += 1;
    this.#queue.removeHead();
    const latencyMs = this.#parts.clock.monotonicMs() - this.#tryStartedMs;
    this.#parts.onAcknowledged(queued, latencyMs);
    this.#sendNext();
  }

  #failTry(failure: TryFailure): void {
    const job = this.#takeJob();
    this.counts[failure] += 1;
    if (job.queued === undefined) {
      // A terminal that could not poll goes on to its punches all the same (section 11).
      this.#sendNext();
    } else if (job.attempts >= this.#options.attemptsMax) {
      this.#finish();
    } else {
      this.#state = "backing-off";
      this.#retryTimer = this.#parts.clock.after(this.#options.retryDelayMs, () => {
        this.counts.resent += 1;
        this.#try(job);
      });
    }
  }

  #finish(): void {
    if (this.#state === "finished") return;
    this.#state = "finished";
    this.#retryTimer?.stop();
    this.#dropConnection();
    this.#parts.onFinished();
  }

  #dropConnection(): void {
    const connection = this.#connection;
    // First, because `end` may call `closed` before it returns.
    this.#connection = undefined;
    connection?.socket?.end();
  }
}

function writeUnsent(socket: Bun.Socket<Connection>): void {
  const connection = socket.data;
  if (connection.unsent.length === 0) return;
  const written = socket.write(connection.unsent);
  // -1: the peer has reset the connection, and `close` follows.
  connection.unsent =
    written >= connection.unsent.length
      ? NO_BYTES
      : connection.unsent.subarray(Math.max(0, written));
}
