/**
 * The terminal's end of real connections, and requests as terminals write them. It knows the wire
 * and nothing of what the server makes of it.
 */

import { connect, type Socket } from "node:net";
import { framed, post } from "../devices/fkweb/requests.ts";

/** The acknowledgement of a punch, complete: fkweb.md 14 E1. */
export const ACKNOWLEDGEMENT =
  "HTTP/1.0 200 OK\r\nContent-Type: application/octet-stream\r\nresponse_code: OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/** One connection to the terminal port of 127.0.0.1. */
export class TerminalSocket {
  /**
   * Everything received, as Latin-1, once the server has closed its half or reset the connection.
   * Never rejects.
   */
  readonly answer: Promise<string>;
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const chunks: Uint8Array[] = [];
    const { promise, resolve } = Promise.withResolvers<string>();
    this.answer = promise;
    socket.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    // A reset is an end like any other: what counts is what was received before it.
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(Buffer.concat(chunks).toString("latin1")));
  }

  /** Connects, from an address of loopback. @throws Error when nobody listens. */
  static async connect(port: number, localAddress = "127.0.0.1"): Promise<TerminalSocket> {
    const socket = connect({ host: "127.0.0.1", port, localAddress, noDelay: true });
    const terminal = new TerminalSocket(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      // Accepted and reset in one go is a connection too, with an empty answer.
      socket.once("error", (error) => (isReset(error) ? resolve() : reject(error)));
    });
    return terminal;
  }

  /** Writes at once what the socket takes, the rest as it is taken. */
  send(bytes: Uint8Array | string): void {
    this.#socket.write(bytes);
  }

  /** Says that no more will be sent, and goes on reading. */
  end(): void {
    this.#socket.end();
  }

  /** Cuts the connection with RST. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }
}

function isReset(error: Error): boolean {
  return "code" in error && error.code === "ECONNRESET";
}

/** One connection for `bytes` in one write; the whole answer once the server has closed. */
export async function sendWhole(port: number, bytes: Uint8Array | string): Promise<string> {
  const socket = await TerminalSocket.connect(port);
  socket.send(bytes);
  return socket.answer;
}

/** One connection for `bytes` at one a second; the whole answer once the server has closed. */
export async function sendByteEachSecond(port: number, bytes: Uint8Array): Promise<string> {
  const socket = await TerminalSocket.connect(port);
  const left = bytes.values();
  const sendNext = (): void => {
    const { value } = left.next();
    if (value !== undefined) socket.send(Uint8Array.of(value));
  };
  sendNext();
  const timer = setInterval(sendNext, 1000);
  return socket.answer.finally(() => clearInterval(timer));
}

/** A punch. Device and user are ids as sent; `wallTime` is 14 digits. */
export interface SentPunch {
  readonly device: string;
  readonly user: string;
  readonly wallTime: string;
}

/** The JSON of a punch, as an HS101 writes it. */
export function punchJson({ user, wallTime }: SentPunch): string {
  return `{"fk_bin_data_lib":"FKDataHS101","io_mode":1,"io_time":"${wallTime}","log_image":null,"user_id":"${user}","verify_mode":1}`;
}

/** The request that carries a punch; kept alive, the connection takes further ones. */
export function punchRequest(punch: SentPunch, keepAlive = false): Buffer {
  const headers = {
    dev_id: punch.device,
    Connection: keepAlive ? "keep-alive" : "close",
  };
  return post(framed(punchJson(punch)), headers);
}
