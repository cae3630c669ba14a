/**
 * A tiny terminal server for tests of the simulator: answers each request as the test says and keeps
 * what came. Independent of the product's server.
 */

/** One request as it came. */
export interface SeenRequest {
  /** `rtlog` for a record of dialect R. */
  readonly requestCode: string;
  readonly deviceId: string;
  /** Empty for a poll. */
  readonly userId: string;
  readonly wallTime: string;
  /** `cmd_return_code` of a result, else empty. */
  readonly returnCode: string;
  /** Number of the connection, from 1. */
  readonly connection: number;
  /** The whole request as Latin-1 text. */
  readonly text: string;
}

/** A command as the answer to a poll, under the name of the transaction that the poll used. */
export interface CommandAnswer {
  readonly command: string;
  readonly parameters: Uint8Array;
}

/** `close` and `reset` end the connection without a byte, `silence` keeps it open without one. */
export type Answer =
  | "ok"
  | "ok-keep-open"
  | "no-command"
  | "refuse"
  | "close"
  | "reset"
  | "silence"
  | CommandAnswer;

const REPLIES: Partial<Record<string, string>> = {
  ok: "HTTP/1.0 200 OK\r\nresponse_code: OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
  "ok-keep-open": "HTTP/1.1 200 OK\r\nresponse_code: OK\r\nContent-Length: 0\r\n\r\n",
  "no-command": "HTTP/1.0 200 OK\r\nresponse_code: ERROR_NO_CMD\r\nContent-Length: 0\r\n\r\n",
  refuse: "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nOK",
};

interface Peer {
  readonly connection: number;
  received: string;
}

/** Listens on a free loopback port until `stop`. */
export class ScriptedServer {
  readonly requests: SeenRequest[] = [];
  connectionCount = 0;
  /** Pieces in which requests came. */
  chunkCount = 0;
  readonly #answer: (request: SeenRequest) => Answer;
  readonly #listener: Bun.TCPSocketListener<Peer>;
  #onRequest: () => void = () => {};

  constructor(answer: (request: SeenRequest) => Answer) {
    this.#answer = answer;
    this.#listener = Bun.listen<Peer>({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open: (socket) => {
          this.connectionCount += 1;
          socket.data = { connection: this.connectionCount, received: "" };
        },
        data: (socket, chunk) => this.#receive(socket, chunk),
      },
    });
  }

  get port(): number {
    return this.#listener.port;
  }

  /** The punches that came, in any dialect, polls left out. */
  get punches(): readonly SeenRequest[] {
    const codes = ["realtime_glog", "rtlog"];
    return this.requests.filter((request) => codes.includes(request.requestCode));
  }

  /** Resolves when `count` requests have come in all. */
  async waitForRequests(count: number): Promise<void> {
    while (this.requests.length < count) {
      await new Promise<void>((resolve) => {
        this.#onRequest = resolve;
      });
    }
  }

  stop(): void {
    this.#listener.stop(true);
  }

  #receive(socket: Bun.Socket<Peer>, chunk: Buffer): void {
    const peer = socket.data;
    peer.received += chunk.toString("latin1");
    this.chunkCount += 1;
    const end = requestEnd(peer.received);
    if (end === undefined) return;
    const request = readRequest(peer.received.slice(0, end), peer.connection);
    peer.received = peer.received.slice(end);
    this.requests.push(request);
    this.#send(socket, request, this.#answer(request));
    this.#onRequest();
  }

  #send(socket: Bun.Socket<Peer>, request: SeenRequest, answer: Answer): void {
    const reply = spell(request, answer);
    if (reply !== undefined) socket.write(reply);
    if (answer === "reset") socket.terminate();
    else if (answer !== "silence" && answer !== "ok-keep-open") socket.end();
  }
}

/** Where the first request ends; undefined while it is not whole. */
function requestEnd(received: string): number | undefined {
  const bytes = Buffer.from(received, "latin1");
  let end: number;
  if (received.startsWith("RTLOG")) {
    end = bytes.length < 12 ? Number.POSITIVE_INFINITY : 12 + bytes.readUInt32LE(8);
  } else if (received.startsWith("{")) {
    end = received.indexOf("}") + 1 || Number.POSITIVE_INFINITY;
  } else {
    const headEnd = received.indexOf("\r\n\r\n") + 4;
    const bodyBytes = Number(/Content-Length: ?(\d+)/.exec(received)?.[1]);
    end = headEnd < 4 ? Number.POSITIVE_INFINITY : headEnd + bodyBytes;
  }
  return received.length < end ? undefined : end;
}

function readRequest(text: string, connection: number): SeenRequest {
  const field = (pattern: RegExp): string => pattern.exec(text)?.[1] ?? "";
  return {
    requestCode: field(/\r\nrequest_code: ?(\w+)/) || "rtlog",
    deviceId: field(/\r\ndev_id: ?(\w+)/) || field(/"fk_device_id":"(\w+)"/),
    userId: field(/"user_?[iI]d":"([^"]*)"/),
    wallTime: field(/"(?:io_|fk_)?time":"(\d+)"/),
    returnCode: field(/\r\ncmd_return_code: ?(\w+)/),
    connection,
    text,
  };
}

function spell(request: SeenRequest, answer: Answer): string | Buffer | undefined {
  if (typeof answer !== "string") {
    const name = request.text.includes("\r\ncmd_id:") ? "cmd_id" : "trans_id";
    const head =
      `HTTP/1.0 200 OK\r\nresponse_code: OK\r\n${name}: c-1\r\ncmd_code: ${answer.command}\r\n` +
      `Content-Length: ${answer.parameters.length}\r\nConnection: close\r\n\r\n`;
    return Buffer.concat([Buffer.from(head, "latin1"), answer.parameters]);
  }
  if (request.requestCode !== "rtlog" || answer !== "ok") return REPLIES[answer];
  const recordNumber = /"log_id":(\d+)/.exec(request.text)?.[1];
  const json = `{"log_id":${recordNumber},"result":"OK","mode":"nothing"}`;
  if (request.text.startsWith("{")) return json;
  const magic = request.text.slice(0, 8);
  const length = (bytes: number): string => `${String.fromCharCode(bytes)}\0\0\0`;
  const outer = magic === "RTLOG001" ? "" : length(json.length + 5);
  return `${magic}${outer}${length(json.length + 1)}${json}\0`;
}
