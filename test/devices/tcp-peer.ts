/**
 * The terminal's end of a real socket, and waiting for something without sleeping.
 */

/** Turns of the event loop after which bytes on the loopback have arrived, for "nothing came". */
const QUIET_TURNS = 50;

/** Waits until `condition` holds; the test's own timeout is the bound. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

/** Lets the loop turn often enough for loopback traffic to arrive. */
export async function settleNetwork(): Promise<void> {
  for (let count = 0; count < QUIET_TURNS; count += 1) await turn();
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export class TcpPeer {
  #socket: Bun.Socket | undefined;
  readonly #received: Uint8Array[] = [];
  #unsent: Uint8Array = new Uint8Array(0);
  /** The other side sent its FIN. */
  hasEnded = false;
  /** The socket is gone. */
  isClosed = false;

  /** Connects; with `paused`, reads nothing until `resume`. */
  static async connect(port: number, hostname = "127.0.0.1", paused = false): Promise<TcpPeer> {
    const peer = new TcpPeer();
    peer.#socket = await Bun.connect({
      hostname,
      port,
      allowHalfOpen: true,
      socket: {
        open: (socket) => {
          if (paused) socket.pause();
        },
        data: (_socket, chunk) => void peer.#received.push(chunk),
        drain: () => peer.#flush(),
        end: () => {
          peer.hasEnded = true;
        },
        close: () => {
          peer.isClosed = true;
          peer.hasEnded = true;
        },
        error: () => undefined,
      },
    });
    return peer;
  }

  get receivedText(): string {
    return Buffer.concat(this.#received).toString("latin1");
  }

  get receivedBytes(): number {
    return this.#received.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  /** Whether all that was given to `send` has left. */
  get hasSentAll(): boolean {
    return this.#unsent.length === 0;
  }

  send(content: string | Uint8Array): void {
    const bytes = typeof content === "string" ? Buffer.from(content, "latin1") : content;
    this.#unsent = Buffer.concat([this.#unsent, bytes]);
    this.#flush();
  }

  /** Sends FIN and goes on reading. */
  shutdown(): void {
    this.#socket?.shutdown();
  }

  /** Cuts the connection with RST. */
  reset(): void {
    this.#socket?.terminate();
  }

  resume(): void {
    this.#socket?.resume();
  }

  /** Waits until that much was received, or the other side has ended. */
  async receive(text: string): Promise<string> {
    await until(() => this.receivedText.length >= text.length || this.hasEnded);
    return this.receivedText;
  }

  /** Waits for the other side's end, ends too, and gives all that was received. */
  async receiveAll(): Promise<string> {
    await until(() => this.hasEnded);
    this.shutdown();
    return this.receivedText;
  }

  #flush(): void {
    const takenBytes = this.#socket?.write(this.#unsent) ?? 0;
    this.#unsent = takenBytes < 0 ? new Uint8Array(0) : this.#unsent.subarray(takenBytes);
  }
}
