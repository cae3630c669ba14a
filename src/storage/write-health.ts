/**
 * Whether the disk takes what is written: keeps the failure of the last writes until something is
 * stored again.
 */

import { AppError } from "#base/app-error.ts";
import type { EpochMs } from "#base/epoch.ts";
import type { Clock } from "#platform/clock.ts";
import type { Box } from "./box.ts";
import type { OpenedDatabase } from "./database.ts";
import { engineCode, engineHint, guardEngine, isEngineFailure } from "./engine-error.ts";
import type { Storage } from "./storage.ts";
import type { WriteParts } from "./write-parts.ts";

export class WriteHealth {
  #failure: { readonly sinceMs: EpochMs; readonly error: unknown } | undefined;

  /** A transaction failed. A bug of ours says nothing of the disk. */
  noteFailure(error: unknown, nowMs: EpochMs): void {
    if (!isEngineFailure(error)) return;
    this.#failure = { sinceMs: this.#failure?.sinceMs ?? nowMs, error };
  }

  /** Whether nothing could be stored since a write failed. */
  get isFailing(): boolean {
    return this.#failure !== undefined;
  }

  /** Something was written and is on the disk. An empty transaction proves nothing. */
  noteStored(): void {
    this.#failure = undefined;
  }

  /** @throws AppError `storage-write-failed` with the last failure, and since when (UTC) writes fail. */
  assertStoring(): void {
    if (this.#failure === undefined) return;
    const { sinceMs, error } = this.#failure;
    const since = new Date(sinceMs).toISOString();
    throw new AppError(
      "storage-write-failed",
      `Cannot store anything since ${since}: ${engineCode(error)}`,
      { hint: engineHint(error), cause: error },
    );
  }
}

/** The part of `Storage` that tells whether it stores, and tries. */
export function healthMethods({
  opened,
  health,
  parts,
  box,
  clock,
}: {
  readonly opened: OpenedDatabase;
  readonly health: WriteHealth;
  readonly parts: WriteParts;
  readonly box: Box;
  readonly clock: Clock;
}): Pick<Storage, "proveStoring" | "probe"> {
  return {
    proveStoring: async () => {
      if (!health.isFailing) return;
      try {
        parts.transaction(() => {
          box.noteWriting(clock.nowMs());
          parts.noteWrite();
        });
      } catch (error) {
        // Another failure is noted already.
        if (!isEngineFailure(error)) throw error;
      }
    },
    probe: async () => {
      guardEngine("read the database", () => opened.reader.query("SELECT 1").get());
      health.assertStoring();
    },
  };
}
