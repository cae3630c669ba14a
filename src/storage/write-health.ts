/**
 * Whether the disk takes what is written: keeps the failure of the last writes until something is
 * stored again.
 */

import { AppError } from "#base/app-error.ts";
import type { EpochMs } from "#base/epoch.ts";
import { engineCode, engineHint, isEngineFailure } from "./engine-error.ts";

export class WriteHealth {
  #failure: { readonly sinceMs: EpochMs; readonly error: unknown } | undefined;

  /** A transaction failed. A bug of ours says nothing of the disk. */
  noteFailure(error: unknown, nowMs: EpochMs): void {
    if (!isEngineFailure(error)) return;
    this.#failure = { sinceMs: this.#failure?.sinceMs ?? nowMs, error };
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
