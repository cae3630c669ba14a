/**
 * The terminal port: accepts sockets within its limits, hands their events to `DeviceConnection`,
 * runs the deadlines of all of them from one sweep a second, and stops without losing a reply.
 * Knows no protocol and no punch.
 *
 * States: `listening`; `stopping` (no new socket, no new request, replies in flight still leave);
 * `stopped` once the last socket is gone.
 */

import type { Clock, Timer } from "#platform/clock.ts";
import { errorCode } from "#platform/files.ts";
import type { Log } from "#platform/log.ts";
import { DeviceConnection } from "./connection.ts";
import type {
  CloseReason,
  ConnectionHost,
  ConnectionLimits,
  HandleIntake,
  PauseReason,
} from "./connection-host.ts";
import type { Driver } from "./driver.ts";
import { describeListenFailure } from "./listen-failure.ts";
import { ReadingBudget, type ReadingBudgetLimits } from "./reading-budget.ts";
import type { RequestWatch } from "./request-trail.ts";
import type { NoteSighting } from "./terminal-watch-sighting.ts";

const SWEEP_PERIOD_MS = 1_000;

/** From this size on, chunks are freed at once; smaller ones are cheap garbage. */
const FREED_BYTES_MIN = 16 * 1024;

/** TLS 1.0: terminals of the M50 and M60 kind speak nothing newer. */
const OLDEST_TLS = 0x0301;

/** What Bun calls a fault in the peer's TLS, once hands are shaken. */
const TLS_BROKEN = "EPROTO";

/** How long replies in flight may hold up a stop. */
const STOP_TIMEOUT_MS = 5_000;

/** Bounds of the terminal port. Their defaults and names are in `config/config.ts`. */
export interface ListenerLimits extends ConnectionLimits {
  /** Sockets open at once; further ones are closed as they come. */
  readonly connectionsMax: number;
  /** The same for one IP address. */
  readonly connectionsPerAddressMax: number;
  /**
   * Memory of all connections together for requests that are not complete, in bytes, give or take
   * one chunk and one small request; at least twice a request, for half of it is for one large
   * request. Once the others hold a quarter, the large ones of them stop reading; once they hold
   * half, the largest is closed. Small is what holds no more than a head and a text block.
   */
  readonly bufferedBytesMax: number;
}

/** Where and with what terminals are received that speak TLS. */
export interface TerminalTls {
  /** 1 to 65535. */
  readonly port: number;
  /** The certificate with its chain, and its key, in PEM. */
  readonly cert: string;
  readonly key: string;
}

/** What `startDeviceListener` needs. */
export interface DeviceListenerOptions {
  /** An IP address of this machine, or `0.0.0.0`, or `::` for IPv6 and IPv4. */
  readonly hostname: string;
  /** 0 to 65535; 0 takes a free one. */
  readonly port: number;
  /** A further port for terminals that speak TLS. */
  readonly tls?: TerminalTls | undefined;
  /** In the order in which they are asked about a connection. */
  readonly drivers: readonly Driver[];
  readonly handleIntake: HandleIntake;
  /** Told of connections that show how a terminal is set. */
  readonly noteSighting: NoteSighting;
  /** Told of what is under way, and of what is lost. */
  readonly requests: RequestWatch;
  readonly limits: ListenerLimits;
  readonly clock: Clock;
  readonly log: Log;
}

/** Why a socket ended, the two caps included. */
export type ListenerCloseReason = CloseReason | "connections-full" | "address-full";

/** The port's counters, for status and metrics. All but the first four only rise. */
export interface ListenerFigures {
  readonly connectionsOpen: number;
  readonly connectionsMax: number;
  /** Bytes held of requests that are not complete, or not yet answered. */
  readonly bytesBuffered: number;
  readonly bufferedBytesMax: number;
  /** Sockets accepted, those closed at once for a cap included. */
  readonly connectionsAccepted: number;
  readonly closedByReason: Readonly<Partial<Record<ListenerCloseReason, number>>>;
  readonly pausesByReason: Readonly<Partial<Record<PauseReason, number>>>;
  readonly requests: number;
  readonly violationsByCode: Readonly<Partial<Record<string, number>>>;
}

/** The running terminal port. */
export interface DeviceListener {
  /** The port it is bound to, without TLS. */
  readonly port: number;
  /** The one with TLS; undefined: there is none. */
  readonly tlsPort: number | undefined;
  figures(): ListenerFigures;
  /**
   * Changes the limits. A connection that is open keeps those that it was opened with, but for the
   * memory of all together.
   */
  setLimits(limits: ListenerLimits): void;
  /**
   * Takes no new socket and no new request, and resolves when all sockets are gone: once requests
   * in flight have their replies, and after 5 s at the latest. A second call waits for the same.
   */
  stop(): Promise<void>;
}

/**
 * Opens the terminal port.
 * @throws AppError `port-unavailable` when it is taken, not permitted, or not an address of this
 * machine.
 */
export function startDeviceListener(options: DeviceListenerOptions): DeviceListener {
  return new TerminalPort(options);
}

class TerminalPort implements DeviceListener {
  readonly port: number;
  readonly tlsPort: number | undefined;
  readonly #options: DeviceListenerOptions;
  readonly #budget: ReadingBudget;
  #limits: ListenerLimits;
  #host: ConnectionHost;
  readonly #servers: readonly Bun.TCPSocketListener<DeviceConnection | undefined>[];
  readonly #sweep: Timer;
  readonly #connections = new Set<DeviceConnection>();
  readonly #countByAddress = new Map<string, number>();
  readonly #closedByReason: Partial<Record<ListenerCloseReason, number>> = {};
  readonly #pausesByReason: Partial<Record<PauseReason, number>> = {};
  readonly #violationsByCode: Partial<Record<string, number>> = {};
  readonly #allGone = Promise.withResolvers<void>();
  #acceptedCount = 0;
  #requestCount = 0;
  #stopTimer: Timer | undefined;

  constructor(options: DeviceListenerOptions) {
    this.#options = options;
    this.#limits = options.limits;
    this.#budget = makeBudget(options.limits);
    this.#host = this.#makeHost();
    const server = this.#listen(options.port, undefined);
    this.port = server.port;
    const tlsServer = this.#listenTls(server);
    this.tlsPort = tlsServer?.port;
    this.#servers = tlsServer === undefined ? [server] : [server, tlsServer];
    this.#sweep = options.clock.every(SWEEP_PERIOD_MS, () => this.#checkDeadlines());
  }

  figures(): ListenerFigures {
    const { connectionsMax, bufferedBytesMax } = this.#limits;
    return {
      connectionsOpen: this.#connections.size,
      connectionsMax,
      bytesBuffered: this.#budget.bytes,
      bufferedBytesMax,
      connectionsAccepted: this.#acceptedCount,
      closedByReason: { ...this.#closedByReason },
      pausesByReason: { ...this.#pausesByReason },
      requests: this.#requestCount,
      violationsByCode: { ...this.#violationsByCode },
    };
  }

  setLimits(limits: ListenerLimits): void {
    this.#limits = limits;
    this.#host = { ...this.#host, limits };
    this.#budget.setLimits(budgetLimits(limits));
  }

  stop(): Promise<void> {
    if (this.#stopTimer === undefined) {
      for (const server of this.#servers) server.stop();
      this.#stopTimer = this.#options.clock.after(STOP_TIMEOUT_MS, () => this.#abortAll());
      for (const connection of this.#connections) connection.stop();
      this.#finishStop();
    }
    return this.#allGone.promise;
  }

  #makeHost(): ConnectionHost {
    const { drivers, limits, handleIntake, noteSighting, requests, clock, log } = this.#options;
    return {
      drivers,
      limits,
      handleIntake,
      noteSighting,
      requests,
      clock,
      log,
      budget: this.#budget,
      countRequest: () => {
        this.#requestCount += 1;
      },
      countViolation: (code) => countUp(this.#violationsByCode, code),
      countPause: (reason) => countUp(this.#pausesByReason, reason),
    };
  }

  /** `plain` ends when its companion cannot be had. */
  #listenTls(
    plain: Bun.TCPSocketListener<DeviceConnection | undefined>,
  ): Bun.TCPSocketListener<DeviceConnection | undefined> | undefined {
    const { tls } = this.#options;
    if (tls === undefined) return undefined;
    try {
      return this.#listen(tls.port, tls);
    } catch (error) {
      plain.stop(true);
      throw error;
    }
  }

  #listen(
    port: number,
    tls: TerminalTls | undefined,
  ): Bun.TCPSocketListener<DeviceConnection | undefined> {
    const { hostname } = this.#options;
    try {
      return Bun.listen<DeviceConnection | undefined>({
        hostname,
        port,
        ...(tls === undefined ? {} : { tls: tlsOptions(tls) }),
        // Without it, a peer that sends and shuts its half at once never gets its reply.
        allowHalfOpen: true,
        data: undefined,
        // Handlers are synchronous: a rejection of an asynchronous one would end the process.
        socket: {
          binaryType: "uint8array",
          open: (socket) => this.#accept(socket, tls !== undefined),
          data: (socket, chunk) => {
            socket.data?.receive(chunk);
            freeMemory(chunk);
          },
          drain: (socket) => socket.data?.drained(),
          end: (socket) => socket.data?.peerEnded(),
          close: (socket) => this.#forget(socket.data),
          error: (socket, error) => this.#abandon(socket, error),
          handshake: (socket, isDone, error) => this.#noteHandshake(socket, isDone, error),
        },
      });
    } catch (error) {
      throw describeListenFailure(error, hostname, {
        port,
        name: tls === undefined ? "SERVER_PORT" : "SERVER_TLS_PORT",
      });
    }
  }

  #accept(socket: Bun.Socket<DeviceConnection | undefined>, isTls: boolean): void {
    this.#acceptedCount += 1;
    const address = findAddress(socket);
    if (address === undefined) {
      // Its record is still its own: it heard nothing.
      this.#countClosed("peer-closed");
      socket.terminate();
      return;
    }
    const refusal = this.#findRefusal(address);
    if (refusal !== undefined) {
      this.#options.requests.lost(address);
      this.#countClosed(refusal);
      socket.terminate();
      return;
    }
    const connection = new DeviceConnection(socket, address, this.#host);
    if (isTls) connection.shakeHands("begun");
    socket.data = connection;
    this.#connections.add(connection);
    this.#countByAddress.set(address, this.#countOf(address) + 1);
  }

  #findRefusal(address: string): ListenerCloseReason | undefined {
    const { log } = this.#options;
    const { connectionsMax, connectionsPerAddressMax } = this.#limits;
    if (this.#stopTimer !== undefined) return "stopping";
    if (this.#connections.size >= connectionsMax) {
      log.warn("terminal.connections-full", { address, limit: connectionsMax }, { per: address });
      return "connections-full";
    }
    if (this.#countOf(address) >= connectionsPerAddressMax) {
      const fields = { address, limit: connectionsPerAddressMax };
      log.warn("terminal.address-full", fields, { per: address });
      return "address-full";
    }
    return undefined;
  }

  #forget(connection: DeviceConnection | undefined): void {
    if (connection === undefined || !this.#connections.delete(connection)) return;
    const left = this.#countOf(connection.address) - 1;
    if (left === 0) this.#countByAddress.delete(connection.address);
    else this.#countByAddress.set(connection.address, left);
    this.#countClosed(connection.closed());
    this.#finishStop();
  }

  /** Of the TLS port alone. That nobody vouches for the terminal is no failure. */
  #noteHandshake(
    { data: connection }: Bun.Socket<DeviceConnection | undefined>,
    isDone: boolean,
    error: Error | null,
  ): void {
    if (isDone) connection?.shakeHands("done");
    else connection?.refuseTls(error?.message ?? "closed");
  }

  /** A handler of ours threw: a bug. Its socket closes unacknowledged; all others go on. */
  #abandon(socket: Bun.Socket<DeviceConnection | undefined>, error: Error): void {
    if (errorCode(error) === TLS_BROKEN && socket.data !== undefined) {
      socket.data.refuseTls(error.message);
      return;
    }
    const address = socket.data?.address;
    const fields = { address, error: error.message, stack: error.stack };
    this.#options.log.error("terminal.handler-failed", fields, { per: address ?? "unknown" });
    socket.terminate();
  }

  #checkDeadlines(): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const connection of this.#connections) connection.checkDeadlines(nowMs);
  }

  #abortAll(): void {
    for (const connection of this.#connections) connection.abort();
  }

  #finishStop(): void {
    if (this.#stopTimer === undefined || this.#connections.size > 0) return;
    this.#stopTimer.stop();
    this.#sweep.stop();
    this.#allGone.resolve();
  }

  #countOf(address: string): number {
    return this.#countByAddress.get(address) ?? 0;
  }

  #countClosed(reason: ListenerCloseReason): void {
    countUp(this.#closedByReason, reason);
  }
}

function countUp<Key extends string>(counts: Partial<Record<Key, number>>, key: Key): void {
  counts[key] = (counts[key] ?? 0) + 1;
}

/** Bun heeds the oldest version (1.4.5), although its types do not have it. */
function tlsOptions({ cert, key }: TerminalTls): Bun.TLSOptions {
  const withVersion = { cert, key, minVersion: OLDEST_TLS };
  return withVersion;
}

/**
 * Frees a chunk that has been looked at. Up to 512 KiB come with each turn of a fast peer, and
 * would else wait for a collection.
 */
function freeMemory({ buffer, byteLength }: Uint8Array): void {
  if (byteLength < FREED_BYTES_MIN || byteLength !== buffer.byteLength) return;
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}

function makeBudget(limits: ListenerLimits): ReadingBudget {
  return new ReadingBudget({
    ...budgetLimits(limits),
    // In a turn of its own, when no call still holds what is to be freed.
    collectGarbage: () => setImmediate(() => Bun.gc(true)),
  });
}

/**
 * The largest small request is a head and a text block. It is held twice: by its decoder, and for
 * quarantine should that fail.
 */
function budgetLimits({ bufferedBytesMax, decoder }: ListenerLimits): ReadingBudgetLimits {
  const smallBytesMax = 2 * (decoder.headBytesMax + decoder.textBytesMax);
  return { bytesMax: bufferedBytesMax, smallBytesMax };
}

/**
 * The peer's IP address. `::ffff:192.0.2.7`, which an IPv6 socket says of an IPv4 peer (RFC 4291
 * 2.5.5.2), is that IPv4. Undefined for a peer that reset before it was met: the kernel has forgotten
 * it, and no answer would reach it.
 */
function findAddress(socket: { readonly remoteAddress: string | undefined }): string | undefined {
  const address = socket.remoteAddress;
  if (address === undefined) return undefined;
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}
