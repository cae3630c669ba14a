/**
 * Watches the room on the disk of the data folder, and keeps a file of real bytes, the ballast, there:
 * on a full disk even a deletion needs room, and SQLite cannot open a database at all.
 *
 * States: well, with the ballast in place, or still to be made while there is room in plenty; full,
 * from the engine's word for it, or from a start without room, until there is room for the ballast
 * again and `ROOM_AFTER_BYTES` beside it. While full nothing may be written, though the ballast was
 * given up: what it freed is for ending, starting, and for a person who tidies up.
 */

import { rmSync, truncateSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { join } from "node:path";
import type { Clock, Timer } from "#platform/clock.ts";
import { freeBytes, LOW_DISK_BYTES, shownBytes, totalBytes } from "#platform/disk-space.ts";
import { errorCode, fileBytes, flushFolder } from "#platform/files.ts";
import type { Log } from "#platform/log.ts";
import { engineCode } from "./engine-error.ts";

export interface DiskGuardOptions {
  /** The data folder; it must exist. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Bytes that can be written in the folder; given by tests. */
  readonly readFreeBytes?: (folder: string) => number;
}

/** The room that there is. */
export interface DiskState {
  /** `low`: backups and the ledger have stopped. `full`: nothing is taken. */
  readonly kind: "enough" | "low" | "full";
  readonly freeBytes: number;
}

/** The room that there is, what there is in all, and whether the ballast is whole. */
export interface DiskFigures extends DiskState {
  readonly totalBytes: number;
  readonly hasBallast: boolean;
}

const MEBIBYTE = 1024 * 1024;
/** In the data folder. */
export const BALLAST_NAME = "ballast";
/** Size of the file `ballast`. */
export const BALLAST_BYTES = 8 * MEBIBYTE;
/** Kept back when the rest is given up, for a start on a disk that has filled up again since. */
const LAST_BYTES = MEBIBYTE;
/** What must be free beside the ballast before anything is written again. */
const ROOM_AFTER_BYTES = 16 * MEBIBYTE;
/** A start with less than this counts as one on a full disk: SQLite's side files need some of it. */
const START_BYTES = 2 * MEBIBYTE;
/** The low state ends above this, so that it does not come and go. */
const LOW_ENDS_BYTES = (LOW_DISK_BYTES * 5) / 4;
const LOOK_PERIOD_MS = 5_000;
const CHUNK_BYTES = 64 * 1024;

const FULL_CODE = "SQLITE_FULL";

/** The disk counts as full; has the engine's code for it. */
export class DiskFull extends Error {
  readonly code = FULL_CODE;

  constructor() {
    super("The disk is full");
  }
}

export class DiskGuard {
  readonly #options: DiskGuardOptions;
  readonly #path: string;
  #isFull = false;
  #isLow = false;
  #timer: Timer | undefined;
  #looking: Promise<void> | undefined;

  /** Looks at once; on a full disk it gives up what is left of the ballast. */
  constructor(options: DiskGuardOptions) {
    this.#options = options;
    this.#path = join(options.folder, BALLAST_NAME);
    const free = this.#freeBytes();
    const isWhole = this.#ballastBytes() === BALLAST_BYTES;
    const wanted = isWhole ? START_BYTES : BALLAST_BYTES + ROOM_AFTER_BYTES;
    if (free < START_BYTES) {
      for (const path of [this.#path, `${this.#path}.tmp`]) rmSync(path, { force: true });
    }
    if (free < wanted) this.#becomeFull(free);
    this.#noteLow(free);
  }

  /** Looks every 5 s from now on, and then calls `afterLook`, which must not reject. */
  start(afterLook: () => Promise<void>): void {
    const { clock } = this.#options;
    this.#timer = clock.every(LOOK_PERIOD_MS, () => {
      this.#looking ??= this.#look()
        .then(afterLook)
        .finally(() => {
          this.#looking = undefined;
        });
    });
  }

  /** Resolves when the look at hand is over. */
  async stop(): Promise<void> {
    this.#timer?.stop();
    await this.#looking;
  }

  /** The room that there is now. */
  get state(): DiskState {
    const kind = this.#isFull ? "full" : this.#isLow ? "low" : "enough";
    return { kind, freeBytes: this.#freeBytes() };
  }

  /** The same, with what else an operator may want to watch. */
  get figures(): DiskFigures {
    const hasBallast = this.#ballastBytes() === BALLAST_BYTES;
    return { ...this.state, totalBytes: totalBytes(this.#options.folder), hasBallast };
  }

  /** Whether what can be done without is to stop; up to 5 s late in learning it. */
  get isLow(): boolean {
    return this.#isLow || this.#isFull;
  }

  /** @throws DiskFull while the disk counts as full. */
  assertRoom(): void {
    if (this.#isFull) throw new DiskFull();
  }

  /** The engine failed: where it found the disk full, the ballast is given up. */
  noteFailure(error: unknown): void {
    if (this.#isFull || engineCode(error)?.startsWith(FULL_CODE) !== true) return;
    if (this.#ballastBytes() > LAST_BYTES) truncateSync(this.#path, LAST_BYTES);
    this.#becomeFull(this.#freeBytes());
  }

  async #look(): Promise<void> {
    const free = this.#freeBytes();
    this.#noteLow(free);
    if (this.#ballastBytes() === BALLAST_BYTES && !this.#isFull) return;
    if (free + this.#ballastBytes() < BALLAST_BYTES + ROOM_AFTER_BYTES) return;
    if (!(await this.#writeBallast()) || this.#freeBytes() < ROOM_AFTER_BYTES) return;
    if (this.#isFull) this.#options.log.info("disk.has-room", { free: shownBytes(free) });
    this.#isFull = false;
  }

  #becomeFull(free: number): void {
    this.#isFull = true;
    this.#options.log.error("disk.full", {
      free: shownBytes(free),
      hint: `Nothing is taken, and terminals keep their punches, until ${shownBytes(BALLAST_BYTES + ROOM_AFTER_BYTES)} are free: look with "df -h" and "du"`,
    });
  }

  #noteLow(free: number): void {
    const { log } = this.#options;
    const isLow = free < (this.#isLow ? LOW_ENDS_BYTES : LOW_DISK_BYTES);
    if (isLow && !this.#isLow) {
      const hint = 'Free space ("df -h", "du"): backups and the ledger of deliveries have stopped';
      log.warn("disk.low", { free: shownBytes(free), hint });
    }
    if (!isLow && this.#isLow) log.info("disk.enough", { free: shownBytes(free) });
    this.#isLow = isLow;
  }

  /** Whole and on disk before it has its name. A disk that cannot take it is not full for that. */
  async #writeBallast(): Promise<boolean> {
    const temporary = `${this.#path}.tmp`;
    try {
      const file = await open(temporary, "w", 0o600);
      try {
        for (let written = 0; written < BALLAST_BYTES; written += CHUNK_BYTES) {
          // Random, since some file systems store what repeats in less room.
          await file.writeFile(crypto.getRandomValues(new Uint8Array(CHUNK_BYTES)));
        }
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, this.#path);
      flushFolder(this.#options.folder);
      return true;
    } catch (error) {
      rmSync(temporary, { force: true });
      const fields = { code: errorCode(error) ?? String(error) };
      this.#options.log.warn("disk.no-ballast", fields, { per: "ballast" });
      return false;
    }
  }

  #freeBytes(): number {
    const { folder, readFreeBytes = freeBytes } = this.#options;
    return readFreeBytes(folder);
  }

  #ballastBytes(): number {
    return fileBytes(this.#path);
  }
}
