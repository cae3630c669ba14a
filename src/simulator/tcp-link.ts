/**
 * A fake terminal's way to the server over TCP: one connection per request, or one for all of them
 * as far as the server keeps it open.
 */

import type { Clock, Timer } from "#platform/clock.ts";
import type { Delivery } from "./delivery.ts";
import type { Link, LinkEnding, LinkFailure, LinkRequest } from "./link.ts";

/** Where a link leads, and how it sends. */
export interface TcpLinkOptions {
  readonly host: string;
  readonly port: number;
  /** Send all requests over one connection, as far as the server allows it. */
  readonly keepAlive: boolean;
  /** How long one exchange may take, connecting included. */
  readonly timeoutMs: number;
  readonly delivery: Delivery;
}

interface Exchange {
  readonly request: LinkRequest;
  readonly onEnd: (ending: LinkEnding) => void;
  readonly startedMs: number;
}

/** One TCP connection. It is given up by making another one, or none, the link's own. */
interface Connection {
  readonly link: TcpLink;
  socket: Bun.Socket<Connection> | undefined;
  /** What of the request the kernel has not taken yet. */
  unsent: Uint8Array;
  /** What follows `unsent` after a pause. */
  pieces: readonly Uint8Array[];
  /** The reply so far, as Latin-1 text. */
  received: string;
}

/** A longer reply is one that no terminal could hold; templates and photos fit (section 2). */
const REPLY_BYTES_MAX = 1_048_576;
const NO_BYTES = new Uint8Array(0);

/** No `error` handler: it would catch only what our own handlers throw, and a bug must end the run. */
const SOCKET_HANDLERS: Bun.SocketHandler<Connection> = {
  open: (socket) => socket.data.link.opened(socket),
  data: (socket, chunk) => socket.data.link.received(socket.data, chunk),
  drain: (socket) => socket.data.link.drained(socket),
  close: (socket) => socket.data.link.closed(socket.data, "closedWithoutReply"),
  connectError: (socket) => socket.data.link.closed(socket.data, "connectionErrors"),
};

/** A link over TCP. */
export class TcpLink implements Link {
  readonly #options: TcpLinkOptions;
  readonly #clock: Clock;
  #connection: Connection | undefined;
  #exchange: Exchange | undefined;
  #pauseTimer: Timer | undefined;

  constructor(options: TcpLinkOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  exchange(request: LinkRequest, onEnd: (ending: LinkEnding) => void): void {
    this.#exchange = { request, onEnd, startedMs: this.#clock.monotonicMs() };
    const { bytes, headBytes, abandonAfterBytes } = request;
    const [first = NO_BYTES, ...pieces] = this.#options.delivery.cut(
      abandonAfterBytes === undefined ? bytes : bytes.subarray(0, abandonAfterBytes),
      headBytes,
    );
    const kept = this.#connection;
    if (kept?.socket === undefined) {
      this.#connect(first, pieces);
      return;
    }
    kept.unsent = first;
    kept.pieces = pieces;
    kept.received = "";
    this.#write(kept.socket);
  }

  drop(): void {
    this.#exchange = undefined;
    this.#dropConnection();
  }

  checkTimeout(nowMs: number): void {
    const exchange = this.#exchange;
    if (exchange === undefined || nowMs - exchange.startedMs < this.#options.timeoutMs) return;
    this.#dropConnection();
    this.#end({ kind: "failed", failure: "timeouts" });
  }

  /** For the socket handlers: the connection is made. */
  opened(socket: Bun.Socket<Connection>): void {
    const connection = socket.data;
    if (this.#connection !== connection) {
      socket.terminate();
      return;
    }
    connection.socket = socket;
    this.#write(socket);
  }

  /** For the socket handlers: the kernel takes more. */
  drained(socket: Bun.Socket<Connection>): void {
    if (this.#connection === socket.data) this.#write(socket);
  }

  /** For the socket handlers: bytes have come. */
  received(connection: Connection, chunk: Buffer): void {
    if (this.#connection !== connection) return;
    if (this.#exchange === undefined) {
      // Bytes nobody asked for: the next request gets a connection of its own.
      this.#dropConnection();
      return;
    }
    connection.received += chunk.toString("latin1");
    if (this.#readReply(connection, false)) return;
    if (connection.received.length <= REPLY_BYTES_MAX) return;
    this.#dropConnection();
    this.#end({ kind: "unreadable" });
  }

  /** For the socket handlers: the connection has ended, or was never made. */
  closed(connection: Connection, failure: LinkFailure): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.#pauseTimer?.stop();
    // Between two requests the server may close a kept connection: that is no failure.
    if (this.#exchange === undefined) return;
    if (!this.#readReply(connection, true)) this.#end({ kind: "failed", failure });
  }

  #connect(unsent: Uint8Array, pieces: readonly Uint8Array[]): void {
    const connection = { link: this, socket: undefined, unsent, pieces, received: "" };
    this.#connection = connection;
    // `connectError` is told of a failure as well, so the promise has nothing to add.
    void Bun.connect<Connection>({
      hostname: this.#options.host,
      port: this.#options.port,
      socket: SOCKET_HANDLERS,
      data: connection,
    }).catch(() => {});
  }

  #write(socket: Bun.Socket<Connection>): void {
    const connection = socket.data;
    if (connection.unsent.length === 0) return;
    const written = socket.write(connection.unsent);
    // -1: the peer has reset the connection, and `close` follows.
    connection.unsent =
      written >= connection.unsent.length
        ? NO_BYTES
        : connection.unsent.subarray(Math.max(0, written));
    if (connection.unsent.length === 0) this.#pieceWritten(socket);
  }

  #pieceWritten(socket: Bun.Socket<Connection>): void {
    const connection = socket.data;
    const [next, ...rest] = connection.pieces;
    if (next !== undefined) {
      this.#pauseTimer = this.#clock.after(this.#options.delivery.pauseMs, () => {
        connection.unsent = next;
        connection.pieces = rest;
        this.#write(socket);
      });
    } else if (this.#exchange?.request.abandonAfterBytes !== undefined) {
      this.#dropConnection();
      this.#end({ kind: "failed", failure: "abandoned" });
    }
  }

  /** Ends the exchange on a complete reply. Returns false when more is needed. */
  #readReply(connection: Connection, ended: boolean): boolean {
    const exchange = this.#exchange;
    const reply = exchange?.request.readReply(connection.received, ended);
    if (exchange === undefined || reply === undefined) return false;
    if (!this.#options.keepAlive || !reply.keepsOpen) this.#dropConnection();
    const latencyMs = this.#clock.monotonicMs() - exchange.startedMs;
    this.#end({ kind: "replied", reply, latencyMs });
    return true;
  }

  #end(ending: LinkEnding): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.onEnd(ending);
  }

  #dropConnection(): void {
    const connection = this.#connection;
    // First, because `end` may call `closed` before it returns.
    this.#connection = undefined;
    this.#pauseTimer?.stop();
    connection?.socket?.end();
  }
}
