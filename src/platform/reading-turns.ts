/**
 * Makes readers take turns: one page is read in a turn of the event loop, however many clients ask
 * and however fast they take the answers, so that terminals are served between any two pages.
 * Knows nothing of what is read.
 */

/** A queue of readers, first come, first served. Its length is that of the requests let in. */
export class ReadingTurns {
  readonly #waiting: (() => void)[] = [];

  /**
   * Waits for a turn of the event loop, never the current one, in which nobody else reads. What is
   * read must be read at once: a reader that waits for something in between needs another turn.
   */
  next(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    if (this.#waiting.length === 1) this.#plan();
    return promise;
  }

  #plan(): void {
    setImmediate(() => {
      this.#waiting.shift()?.();
      if (this.#waiting.length > 0) this.#plan();
    });
  }
}
