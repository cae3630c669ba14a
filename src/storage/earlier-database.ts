/** Looks at the database file of a folder that a server has worked in before. */

import { statSync } from "node:fs";
import { AppError } from "#base/app-error.ts";
import type { Log } from "#platform/log.ts";

/**
 * Tells of a database that is gone, which is then made anew.
 * @throws AppError `storage-damaged` when it is empty, as a power cut can leave a file.
 */
export function checkEarlierDatabase(path: string, log: Log): void {
  const bytes = statSync(path, { throwIfNoEntry: false })?.size;
  if (bytes === 0) {
    throw new AppError(
      "storage-damaged",
      `Cannot open database "${path}": it is empty, although this server has worked with it`,
      { hint: "Restore the last backup; or remove the file to begin with nothing" },
    );
  }
  if (bytes === undefined) {
    log.warn("storage.new", { path, hint: "The database was missing and is made anew, empty" });
  }
}
