/**
 * Notices that the database was removed or replaced under a running server: SQLite goes on writing
 * into files that no name leads to, and what it acknowledges is gone at the next start.
 */

import { type BigIntStats, statSync } from "node:fs";

/** SQLite's own word for it; the engine looks only at the moment it opens a journal. */
const MOVED = "SQLITE_READONLY_DBMOVED";

export class FileIdentity {
  readonly #files: readonly { readonly path: string; readonly stats: BigIntStats | undefined }[];

  /** Takes the files that are at the paths now for the right ones. */
  constructor(paths: readonly string[]) {
    this.#files = paths.map((path) => ({ path, stats: readStats(path) }));
  }

  /** @throws Error with the engine's code for a moved database. Two looks into the folder. */
  assertInPlace(): void {
    for (const { path, stats } of this.#files) {
      const found = readStats(path);
      if (found?.ino !== stats?.ino || found?.dev !== stats?.dev) {
        throw Object.assign(new Error(`"${path}" was removed or replaced while in use`), {
          code: MOVED,
        });
      }
    }
  }
}

function readStats(path: string): BigIntStats | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false });
}
