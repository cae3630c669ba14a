/**
 * Text to a standard stream of the process, through Bun's own writer: `process.stdout` would load
 * Node's streams, 4 MB in a server that idles. Writing never throws and never waits: a reader that
 * went away must not stop a server, nor decide about a punch.
 */

import { errorCode } from "./files.ts";

/** What `Output` needs of a `Bun.FileSink`. */
export interface TextSink {
  write(text: string): unknown;
  flush(): unknown;
  end(): unknown;
}

export class Output {
  readonly #sink: TextSink;
  #failure: string | undefined;

  constructor(sink: TextSink) {
    this.#sink = sink;
  }

  /** Why text was dropped, such as `EPIPE` for a reader that is gone; undefined: none was. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Hands text to the system. Once the reader is gone, text is dropped. */
  write(text: string): void {
    void this.#attempt(() => this.#sink.write(text));
    void this.#attempt(() => this.#sink.flush());
  }

  /** Resolves when everything has left the process, or its reader is gone. */
  async end(): Promise<void> {
    await this.#attempt(() => this.#sink.end());
  }

  /** The writer fails at once or later, by a throw or a rejection. */
  async #attempt(action: () => unknown): Promise<void> {
    if (this.#failure !== undefined) return;
    try {
      await action();
    } catch (error) {
      // Whatever it is, there is nobody left to tell it to.
      this.#failure = errorCode(error) ?? String(error);
    }
  }
}
