/**
 * One growing run of bytes: what has arrived of a head, a body or an upload, however it was cut.
 * Appending is linear in total, one byte at a time or in megabytes. It knows no protocol.
 */

import { assert } from "#base/assert.ts";

const FIRST_CAPACITY_BYTES = 1024;

/** Collects copies of chunks in order; never holds on to a chunk's own memory. */
export class GrowingBytes {
  #bytes = new Uint8Array(0);
  #length = 0;

  /** Bytes collected. */
  get length(): number {
    return this.#length;
  }

  /** Bytes of memory held: at most twice `length`, or 1 KiB, or the bound given to `append`. */
  get capacity(): number {
    return this.#bytes.length;
  }

  /**
   * Copies `chunk` behind what is there. `lengthMax` is the most that will ever be collected, in
   * bytes; memory never grows past it.
   * @throws AssertionError when the result would be longer.
   */
  append(chunk: Uint8Array, lengthMax: number): void {
    const length = this.#length + chunk.length;
    assert(length <= lengthMax, "GrowingBytes.append() got more than its caller said it would");
    if (length > this.#bytes.length) this.#grow(length, lengthMax);
    this.#bytes.set(chunk, this.#length);
    this.#length = length;
  }

  /** What is collected so far, valid until the next call. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Hands over what is collected, in memory of its own, and starts again at empty. */
  take(): Uint8Array {
    const bytes =
      this.#length === this.#bytes.length ? this.#bytes : this.#bytes.slice(0, this.#length);
    this.clear();
    return bytes;
  }

  /** Forgets everything and frees the memory. */
  clear(): void {
    this.#bytes = new Uint8Array(0);
    this.#length = 0;
  }

  #grow(length: number, lengthMax: number): void {
    const wanted = Math.max(length, this.#bytes.length * 2, FIRST_CAPACITY_BYTES);
    // Unlike a copy, it frees the old memory at once and not at a later collection.
    this.#bytes = new Uint8Array(this.#bytes.buffer.transfer(Math.min(wanted, lengthMax)));
  }
}
