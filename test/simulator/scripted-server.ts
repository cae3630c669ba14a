/**
 * A tiny terminal server for tests of the simulator: answers each request as the test says and keeps
 * what came. Independent of the product's server.
 */

/** One request as it came. */
export interface SeenRequest {
  readonly requestCode: string;
  readonly deviceId: string;
  /** Empty for a poll. */
  readonly userId: string;
  readonly wallTime: string;
  /** Number of the connection, from 1. */
  readonly connection: number;
}

/** `close` and `reset` end the connection without a byte, `silence` keeps it open without one. */
export type Answer =
  | "ok"
  | "ok-keep-open"
  | "no-command"
  | "refuse"
  | "close"
  | "reset"
  | "silence";

const REPLIES: Partial<Record<Answer, string>> = {
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

  /** The punches that came, polls left out. */
  get punches(): readonly SeenRequest[] {
    return this.requests.filter((request) => request.requestCode === "realtime_glog");
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
    const headEnd = peer.received.indexOf("\r\n\r\n") + 4;
    const bodyBytes = Number(/Content-Length: (\d+)/.exec(peer.received)?.[1]);
    if (headEnd < 4 || peer.received.length < headEnd + bodyBytes) return;
    const request = readRequest(peer.received, peer.connection);
    peer.received = peer.received.slice(headEnd + bodyBytes);
    this.requests.push(request);
    this.#send(socket, this.#answer(request));
    this.#onRequest();
  }

  #send(socket: Bun.Socket<Peer>, answer: Answer): void {
    const reply = REPLIES[answer];
    if (reply !== undefined) socket.write(reply);
    if (answer === "reset") socket.terminate();
    else if (answer !== "silence" && answer !== "ok-keep-open") socket.end();
  }
}

function readRequest(text: string, connection: number): SeenRequest {
  const field = (pattern: RegExp): string => pattern.exec(text)?.[1] ?? "";
  return {
    requestCode: field(/\r\nrequest_code: (\w+)/),
    deviceId: field(/\r\ndev_id: (\w+)/),
    userId: field(/"user_id":"([^"]*)"/),
    wallTime: field(/"(?:io|fk)_time":"(\d+)"/),
    connection,
  };
}
