/**
 * Clients that disturb a server beside a fleet: connections without a word, terminals with HTTPS on,
 * bytes of no known protocol, and a request at one byte per second (protocol sections 2 and 11).
 * A terminal that storms is one of `terminal.ts`.
 */

import type { Clock, Timer } from "#platform/clock.ts";

/** `silent`, `https`, `unknown` and `trickle` are kinds of clients; `storm` is a terminal. */
export type DisturbanceName = ClientKind | "storm";

/** A client that is no terminal in order. */
export type ClientKind = "silent" | "https" | "unknown" | "trickle";

/** Where a client goes, and what it says there. */
export interface DisturberOptions {
  readonly host: string;
  readonly port: number;
  readonly kind: ClientKind;
  /** A whole request, for `trickle`. */
  readonly request: Uint8Array;
}

/** A terminal in "Local" mode connects every 11 s and keeps 6 to 7 connections open (section 2). */
const CONNECT_PERIOD_MS = 11_000;
const SILENT_OPEN_MAX = 7;
const TRICKLE_MS = 1000;

/** ClientHello of TLS 1.0 with one cipher suite, as D4 firmware begins (section 12). */
const TLS_HELLO = Buffer.from(
  `16030100 2d 01000029 0301 ${"5a".repeat(32)} 00 0002 002f 01 00`.replaceAll(" ", ""),
  "hex",
);
const UNKNOWN_BYTES = Buffer.from("a55a0001fffe00", "hex");

interface Peer {
  readonly disturber: Disturber;
  timer: Timer | undefined;
}

const SOCKET_HANDLERS: Bun.SocketHandler<Peer> = {
  open: (socket) => socket.data.disturber.opened(socket),
  data: () => {},
  close: (socket) => socket.data.disturber.closed(socket),
};

/** One such client. `start` and `stop` once each. */
export class Disturber {
  readonly #options: DisturberOptions;
  readonly #clock: Clock;
  readonly #open: Bun.Socket<Peer>[] = [];
  #timer: Timer | undefined;
  #isStopped = false;
  #count = 0;

  constructor(options: DisturberOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  /** Connections made so far. */
  get count(): number {
    return this.#count;
  }

  /** Begins to connect. */
  start(): void {
    this.#connect();
    this.#timer = this.#clock.every(CONNECT_PERIOD_MS, () => this.#connect());
  }

  /** Ends everything. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.stop();
    for (const socket of [...this.#open]) socket.end();
  }

  /** For the socket handlers: the connection is made. */
  opened(socket: Bun.Socket<Peer>): void {
    if (this.#isStopped) {
      socket.end();
      return;
    }
    this.#count += 1;
    this.#open.push(socket);
    switch (this.#options.kind) {
      case "silent":
        if (this.#open.length > SILENT_OPEN_MAX) this.#open.shift()?.end();
        break;
      case "https":
        socket.write(TLS_HELLO);
        break;
      case "unknown":
        socket.write(UNKNOWN_BYTES);
        break;
      case "trickle":
        this.#trickle(socket);
    }
  }

  /** For the socket handlers: the connection has ended. */
  closed(socket: Bun.Socket<Peer>): void {
    socket.data.timer?.stop();
    const place = this.#open.indexOf(socket);
    if (place >= 0) this.#open.splice(place, 1);
  }

  #connect(): void {
    const { host, port, kind } = this.#options;
    // One that is trickling a request finishes it first.
    if (kind === "trickle" && this.#open.length > 0) return;
    // A server that is not there is no trouble to a client like this.
    void Bun.connect<Peer>({
      hostname: host,
      port,
      socket: SOCKET_HANDLERS,
      data: { disturber: this, timer: undefined },
    }).catch(() => {});
  }

  #trickle(socket: Bun.Socket<Peer>): void {
    let sent = 0;
    socket.data.timer = this.#clock.every(TRICKLE_MS, () => {
      if (sent < this.#options.request.length) {
        socket.write(this.#options.request.subarray(sent, sent + 1));
        sent += 1;
      }
    });
  }
}
