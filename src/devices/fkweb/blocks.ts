/**
 * Joins uploads that come in blocks (fkweb.md 5). Each block arrives on a TCP connection of its own,
 * so one assembler serves all connections of a driver. Unfinished uploads are bounded in number and
 * in bytes: a new one pushes out those that have waited longest. Their age is not looked at.
 */

import { fail, ok, type Result } from "#base/result.ts";
import { GrowingBytes } from "#devices/growing-bytes.ts";

/** One block. `number` 1, 2, 3 … are parts, 0 is the last part, or all there is. */
export interface Block {
  /** Names the upload: device, request code and transaction id. */
  readonly key: string;
  readonly number: number;
  readonly body: Uint8Array;
}

/** Why a block cannot be added. The upload it belongs to is dropped. */
export interface BlockError {
  readonly code: "block-out-of-order" | "upload-too-long";
  readonly detail: string;
}

interface Upload {
  readonly bytes: GrowingBytes;
  /** Number of the newest block. */
  readonly lastNumber: number;
}

/** All unfinished uploads together, in bytes. */
const UPLOADS_BYTES_MAX = 32 * 1024 * 1024;
/** Unfinished uploads: far more than terminals of a site that upload at the same moment. */
const UPLOADS_MAX = 256;

/** Holds unfinished uploads from their first block to their last. */
export class BlockAssembler {
  /** In order of their newest block: the one that has waited longest comes first. */
  readonly #uploads = new Map<string, Upload>();
  #heldBytes = 0;

  /** Memory held for unfinished uploads, in bytes: at most 32 MiB. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Whether blocks of this upload are waiting for more. */
  has(key: string): boolean {
    return this.#uploads.has(key);
  }

  /** Drops what is held of an upload. */
  drop(key: string): void {
    const upload = this.#uploads.get(key);
    if (upload === undefined) return;
    this.#uploads.delete(key);
    this.#heldBytes -= upload.bytes.capacity;
  }

  /**
   * Adds a block and returns the whole body if it was the last, `undefined` if more are to come.
   * An upload has at most `uploadBytesMax` bytes.
   */
  add(block: Block, uploadBytesMax: number): Result<Uint8Array | undefined, BlockError> {
    const { key, number, body } = block;
    const held = this.#uploads.get(key);
    if (number === 0 && held === undefined) return ok(body);
    // Off the books while it is looked at: an upload that cannot go on stays dropped.
    this.drop(key);
    const upload = number === 1 ? { bytes: new GrowingBytes(), lastNumber: 0 } : held;
    const expected = (upload?.lastNumber ?? 0) + 1;
    if (upload === undefined || (number !== 0 && number !== expected)) {
      const detail = `Block ${number} where ${expected} is wanted${upload ? ", or 0 as the last" : ""}`;
      return fail({ code: "block-out-of-order", detail });
    }
    const bytesMax = Math.min(uploadBytesMax, UPLOADS_BYTES_MAX);
    const uploadBytes = upload.bytes.length + body.length;
    if (uploadBytes > bytesMax) {
      const detail = `Blocks of ${uploadBytes} bytes together; at most ${bytesMax} are taken`;
      return fail({ code: "upload-too-long", detail });
    }
    upload.bytes.append(body, bytesMax);
    if (number === 0) return ok(upload.bytes.take());
    this.#hold(key, { bytes: upload.bytes, lastNumber: number });
    return ok(undefined);
  }

  #hold(key: string, upload: Upload): void {
    const { capacity } = upload.bytes;
    for (const waiting of this.#uploads.keys()) {
      const fits = this.#heldBytes + capacity <= UPLOADS_BYTES_MAX;
      if (fits && this.#uploads.size < UPLOADS_MAX) break;
      this.drop(waiting);
    }
    this.#uploads.set(key, upload);
    this.#heldBytes += capacity;
  }
}
