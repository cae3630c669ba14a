/**
 * Text to a standard stream of the process, through Bun's own writer: `process.stdout` would load
 * Node's streams, 4 MB in a server that idles. Writing never throws and never waits: a reader that
 * went away must not stop a server, nor decide about a punch.
 */

/** What `Output` needs of a `Bun.FileSink`. */
export interface TextSink {
  write(text: string): unknown;
  flush(): unknown;
  end(): unknown;
}

export class Output {
  readonly #sink: TextSink;
  #isGone = false;

  constructor(sink: TextSink) {
    this.#sink = sink;
  }

  /** Hands text to the system. Once the reader is gone, text is dropped. */
  write(text: string): void {
    void this.#attempt(() => {
      this.#sink.write(text);
      return this.#sink.flush();
    });
  }

  /** Resolves when everything has left the process, or its reader is gone. */
  async end(): Promise<void> {
    await this.#attempt(() => this.#sink.end());
  }

  /** The writer fails at once or later, by a throw or a rejection. */
  async #attempt(action: () => unknown): Promise<void> {
    if (this.#isGone) return;
    try {
      await action();
    } catch {
      // Whatever it is, there is nobody left to tell it to.
      this.#isGone = true;
    }
  }
}
