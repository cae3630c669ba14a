/**
 * Copies the write-ahead log into the database file once it is long enough. SQLite's own automatic
 * checkpoint does not do: it tells nobody when it fails, tries again at every commit, and does not
 * flush what it copies when a reader holds the rest up. The next flush may then fail, after which
 * Linux takes those pages for written (https://lwn.net/Articles/752063/), and so does SQLite, which
 * starts its log over: a power cut leaves a damaged file.
 */

import type { Database } from "bun:sqlite";
import { fsyncSync } from "node:fs";
import { AppError } from "#base/app-error.ts";
import type { Clock } from "#platform/clock.ts";
import { errorCode } from "#platform/files.ts";
import type { Log } from "#platform/log.ts";
import type { OpenedDatabase } from "./database.ts";
import { engineCode, engineHint, isEngineFailure } from "./engine-error.ts";

/** Pages of 4 KiB that wait in the log before they are copied. */
const WAITING_PAGES = 1_000;

/** Pages in the log above which it is told: 64 MiB. */
const LARGE_LOG_PAGES = 16 * 1024;

/** Between looks at the log: one costs some microseconds, and small commits are many. */
const LOOK_PAUSE_MS = 5;

/** The same after a checkpoint that failed or that a reader held up. */
const RETRY_PAUSE_MS = 1_000;

/** What the `wal_checkpoint` pragma answers. */
interface LogState {
  /** Pages in the log. */
  readonly log: number;
  /** Of these, copied into the database file. */
  readonly checkpointed: number;
}

/** What a checkpointer works on and with. */
export interface CheckpointerOptions {
  readonly opened: OpenedDatabase;
  readonly clock: Clock;
  readonly log: Log;
  /**
   * Told once, when it cannot be known any more what the database file holds; the log still holds
   * everything. The process must end without closing the database, which would empty the log.
   */
  readonly onLost: (error: AppError) => void;
  /** Flushes a file to the disk; given by tests. */
  readonly flush?: (descriptor: number) => void;
}

/** One database's; it works at commits and has no timer. */
export class Checkpointer {
  readonly #options: CheckpointerOptions;
  readonly #look;
  readonly #copy;
  #nextLookMs = 0;
  #isFailing = false;
  #isLogLarge = false;
  #isLost = false;
  #count = 0;
  #failedCount = 0;

  constructor(options: CheckpointerOptions) {
    this.#options = options;
    this.#look = logStateQuery(options.opened.writer, "NOOP");
    this.#copy = logStateQuery(options.opened.writer, "PASSIVE");
  }

  /** Whether `onLost` has been told. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** Times that pages were copied, and that it was tried in vain, since the start of the process. */
  get counts(): { readonly done: number; readonly failed: number } {
    return { done: this.#count, failed: this.#failedCount };
  }

  /** To be called outside a transaction. Blocks while it copies; a failure of the disk is only logged. */
  afterCommit(): void {
    const { clock, log } = this.#options;
    if (this.#isLost || clock.monotonicMs() < this.#nextLookMs) return;
    try {
      this.#pause(LOOK_PAUSE_MS);
      const { log: pages, checkpointed } = this.#look();
      this.#noteSize(pages);
      if (pages - checkpointed < WAITING_PAGES) return;
      this.#checkpoint();
      this.#count += 1;
      if (this.#isFailing) log.info("storage.checkpoint-resumed");
      this.#isFailing = false;
    } catch (error) {
      if (!isEngineFailure(error)) throw error;
      this.#failedCount += 1;
      this.#pause(RETRY_PAUSE_MS);
      if (this.#isFailing) return;
      this.#isFailing = true;
      const fields = { code: engineCode(error), hint: engineHint(error) };
      log.error("storage.checkpoint-failed", fields);
    }
  }

  #checkpoint(): void {
    const { log: pages, checkpointed } = this.#copy();
    if (checkpointed === pages) return;
    this.#pause(RETRY_PAUSE_MS);
    this.#flushCopied();
  }

  #pause(durationMs: number): void {
    this.#nextLookMs = this.#options.clock.monotonicMs() + durationMs;
  }

  /** Makes true what SQLite takes for true: that every page it has copied is on the disk. */
  #flushCopied(): void {
    const { opened, flush = fsyncSync, onLost } = this.#options;
    try {
      flush(opened.descriptor);
    } catch (error) {
      this.#isLost = true;
      onLost(
        new AppError("storage-lost", `Cannot flush "${opened.path}": ${errorCode(error)}`, {
          hint: 'The disk reports errors: look at "dmesg", back up the data folder and replace the disk; the next start takes every punch from the write-ahead log',
          cause: error,
        }),
      );
    }
  }

  #noteSize(pages: number): void {
    const isLarge = pages > LARGE_LOG_PAGES;
    if (isLarge && !this.#isLogLarge) {
      this.#options.log.warn("storage.log-large", {
        pages,
        hint: 'Another program has been reading the database for long, or checkpoints fail: find it with "fuser" and stop it, or look for storage.checkpoint-failed',
      });
    }
    this.#isLogLarge = isLarge;
  }
}

function logStateQuery(database: Database, mode: "NOOP" | "PASSIVE"): () => LogState {
  const query = database.query<LogState, []>(`PRAGMA wal_checkpoint(${mode})`);
  return () => query.get() ?? { log: 0, checkpointed: 0 };
}
