/**
 * Joins uploads that come in blocks (fkweb.md 5). Each block arrives on a TCP connection of its own,
 * so one assembler serves all connections of a driver. Unfinished uploads are bounded in number and
 * in bytes: a new one pushes out those that have waited longest. Their age is counted in polls of
 * their terminal, for a driver has no clock: one that polls on and on has given its upload up.
 *
 * States of a key: `none`; `held`, between block 1 and the last; `dropped`, once blocks that were
 * answered are gone. The last block of a dropped upload is refused: acknowledged by itself, it would
 * take the whole record off the terminal's queue. Refused, the upload comes again from block 1. So is,
 * a few times, a last block that looks like the rest of an upload nobody remembers: an `orphan`.
 */

import { fail, ok, type Result } from "#base/result.ts";
import { GrowingBytes } from "#devices/growing-bytes.ts";

/** One block. `number` 1, 2, 3 … are parts, 0 is the last part, or all there is. */
export interface Block {
  /** Names the upload: device, its address, request code and transaction id. */
  readonly key: string;
  readonly number: number;
  readonly body: Uint8Array;
}

/** What is known of an upload. */
export type UploadState = "none" | "held" | "dropped";

/** Why a block cannot be added. The upload it belongs to is dropped. */
export interface BlockError {
  readonly code: "block-out-of-order" | "upload-too-long";
  readonly detail: string;
}

interface Upload {
  readonly bytes: GrowingBytes;
  /** Number of the newest block. */
  readonly lastNumber: number;
  /** Polls of its terminal since then. */
  pollCount: number;
}

/** All unfinished uploads together, in bytes. */
const UPLOADS_BYTES_MAX = 32 * 1024 * 1024;
/** Unfinished uploads: far more than terminals of a site that upload at the same moment. */
const UPLOADS_MAX = 256;
/** Dropped uploads that are remembered, by their keys alone; and orphans, likewise. */
const DROPPED_MAX = 256;
/**
 * Polls of a terminal after which an upload of it is too old: the vendor's 30 minutes (fkweb.md 5) for
 * one that polls every two minutes, the slowest known (2.1). While it uploads a terminal does not poll
 * (11), so an upload under way never comes near.
 */
const POLLS_MAX = 15;
/** How often an orphan is refused before it is taken for a record that nobody can read. */
const ORPHAN_REFUSALS_MAX = 2;

/** Holds unfinished uploads from their first block to their last. */
export class BlockAssembler {
  /** In order of their newest block: the one that has waited longest comes first. */
  readonly #uploads = new Map<string, Upload>();
  /** The one dropped longest ago comes first. */
  readonly #dropped = new Set<string>();
  /** Refusals of last blocks without their first, by key; the one that came first comes first. */
  readonly #orphans = new Map<string, number>();
  #heldBytes = 0;

  /** Memory held for unfinished uploads, in bytes: at most 32 MiB. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** What is known of the upload under this key. */
  stateOf(key: string): UploadState {
    if (this.#uploads.has(key)) return "held";
    return this.#dropped.has(key) ? "dropped" : "none";
  }

  /** What is held of an upload, valid until the next call; undefined when nothing is. */
  heldOf(key: string): Uint8Array | undefined {
    return this.#uploads.get(key)?.bytes.view();
  }

  /** Lets go of what is held of an upload: it is `dropped` then. */
  drop(key: string): void {
    if (this.#release(key) !== undefined) this.#markDropped(key);
  }

  /**
   * A terminal polled: lets go of its uploads that are too old. Their keys begin with `prefix`.
   * Returns whether it had left any unfinished.
   */
  notePoll(prefix: string): boolean {
    let hasUnfinished = false;
    for (const [key, upload] of this.#uploads) {
      if (!key.startsWith(prefix)) continue;
      hasUnfinished = true;
      upload.pollCount += 1;
      if (upload.pollCount >= POLLS_MAX) this.drop(key);
    }
    return hasUnfinished;
  }

  /**
   * Whether a last block under this key, that seems to be the rest of an upload we know nothing of,
   * is refused once more. The blocks before it were answered by a process that has ended, or were
   * pushed out; acknowledged alone, it would take the whole record off the terminal's queue.
   */
  refuseOrphan(key: string): boolean {
    const refusals = this.#orphans.get(key) ?? 0;
    this.#orphans.delete(key);
    if (refusals >= ORPHAN_REFUSALS_MAX) return false;
    for (const oldest of this.#orphans.keys()) {
      if (this.#orphans.size < DROPPED_MAX) break;
      this.#orphans.delete(oldest);
    }
    this.#orphans.set(key, refusals + 1);
    return true;
  }

  /**
   * Adds a block and returns the whole body if it was the last, `undefined` if more are to come.
   * An upload has at most `uploadBytesMax` bytes.
   */
  add(block: Block, uploadBytesMax: number): Result<Uint8Array | undefined, BlockError> {
    const { key, number, body } = block;
    if (number === 0 && this.stateOf(key) === "none") return ok(body);
    // Off the books while it is looked at: an upload that cannot go on stays dropped.
    const held = this.#release(key);
    this.#dropped.delete(key);
    const upload = number === 1 ? { bytes: new GrowingBytes(), lastNumber: 0, pollCount: 0 } : held;
    const expected = (upload?.lastNumber ?? 0) + 1;
    if (upload === undefined || (number !== 0 && number !== expected)) {
      const detail = `Block ${number} where ${expected} is wanted${upload ? ", or 0 as the last" : ""}`;
      return this.#refuse(block, { code: "block-out-of-order", detail });
    }
    const bytesMax = Math.min(uploadBytesMax, UPLOADS_BYTES_MAX);
    const uploadBytes = upload.bytes.length + body.length;
    if (uploadBytes > bytesMax) {
      const detail = `Blocks of ${uploadBytes} bytes together; at most ${bytesMax} are taken`;
      return this.#refuse(block, { code: "upload-too-long", detail });
    }
    upload.bytes.append(body, bytesMax);
    if (number === 0) return ok(upload.bytes.take());
    this.#hold(key, { bytes: upload.bytes, lastNumber: number, pollCount: 0 });
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

  /** After a refused last block nothing of its upload is to come, so nothing is to be remembered. */
  #refuse({ key, number }: Block, error: BlockError): Result<never, BlockError> {
    if (number !== 0) this.#markDropped(key);
    return fail(error);
  }

  #release(key: string): Upload | undefined {
    const upload = this.#uploads.get(key);
    if (upload === undefined) return undefined;
    this.#uploads.delete(key);
    this.#heldBytes -= upload.bytes.capacity;
    return upload;
  }

  #markDropped(key: string): void {
    for (const oldest of this.#dropped) {
      if (this.#dropped.size < DROPPED_MAX) break;
      this.#dropped.delete(oldest);
    }
    this.#dropped.add(key);
  }
}
