/**
 * The replies of one connection: they leave in the order of the requests, whatever the order in
 * which their outcomes become known. Knows bytes and places, neither deadlines nor why a reply is
 * what it is.
 */

import type { Reply } from "./driver.ts";

/** What the queue needs of a socket: takes some of the bytes and says how many, -1 when gone. */
export interface ByteSink {
  write(bytes: Uint8Array): number;
}

/** One request's place in the line. */
export interface ReplyPlace {
  /** Undefined until the outcome is known. */
  reply: Reply | undefined;
}

/** The line of replies and the bytes the socket did not take yet. */
export class ReplyQueue {
  readonly #places: ReplyPlace[] = [];
  readonly #unsent: Uint8Array[] = [];
  #unsentBytes = 0;
  #sentBytes = 0;

  /** Requests whose reply has not had its turn yet. */
  get waitingCount(): number {
    return this.#places.length;
  }

  /** Bytes whose turn has come and that the socket did not take yet. */
  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  /** Bytes the socket has taken so far. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** Whether nothing waits and nothing is unsent. */
  get isEmpty(): boolean {
    return this.#places.length === 0 && this.#unsentBytes === 0;
  }

  /** Takes the next place in the line. */
  reserve(): ReplyPlace {
    const place: ReplyPlace = { reply: undefined };
    this.#places.push(place);
    return place;
  }

  /**
   * Fills a place and lets every reply go whose turn has come. Returns the reply that ends the
   * connection once it is reached; the places behind it are dropped.
   */
  fill(place: ReplyPlace, reply: Reply): Reply | undefined {
    place.reply = reply;
    for (;;) {
      const next = this.#places[0]?.reply;
      if (next === undefined) return undefined;
      this.#places.shift();
      if (next.bytes !== undefined && next.bytes.length > 0) {
        this.#unsent.push(next.bytes);
        this.#unsentBytes += next.bytes.length;
      }
      if (next.close || next.bytes === undefined) {
        this.#places.length = 0;
        return next;
      }
    }
  }

  /**
   * Writes until the socket takes no more; what is left goes with the next call. Returns false
   * when the socket is gone. `write` of Bun does not queue what it did not take (1.4.5).
   */
  writeTo(sink: ByteSink): boolean {
    for (;;) {
      const bytes = this.#unsent[0];
      if (bytes === undefined) return true;
      const takenBytes = sink.write(bytes);
      if (takenBytes < 0) return false;
      this.#unsentBytes -= takenBytes;
      this.#sentBytes += takenBytes;
      if (takenBytes < bytes.length) {
        this.#unsent[0] = bytes.subarray(takenBytes);
        return true;
      }
      this.#unsent.shift();
    }
  }

  /** Drops everything: the socket is gone. */
  clear(): void {
    this.#places.length = 0;
    this.#unsent.length = 0;
    this.#unsentBytes = 0;
  }
}
