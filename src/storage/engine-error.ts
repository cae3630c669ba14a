/**
 * Tells a failure of the database engine or the disk from a bug of ours. The first fails a whole
 * batch and is never acknowledged; the second sends one intake to quarantine.
 */

import { AppError } from "#base/app-error.ts";

/** Engine codes that only a wrong statement or a wrong value of ours can cause. */
const OUR_BUG = /^SQLITE_(CONSTRAINT|MISMATCH|RANGE|TOOBIG|ERROR)/;

/** The SQLite result code (`SQLITE_FULL`, `SQLITE_IOERR_WRITE`) of an error or of its causes. */
export function engineCode(error: unknown): string | undefined {
  let current = error;
  for (let depth = 0; depth < 5 && current instanceof Error; depth += 1) {
    const code = "code" in current ? current.code : undefined;
    if (typeof code === "string" && code.startsWith("SQLITE_")) return code;
    current = current.cause;
  }
  return undefined;
}

/** Whether the engine or the disk failed: nothing of the running transaction can be trusted. */
export function isEngineFailure(error: unknown): boolean {
  const code = engineCode(error);
  return code !== undefined && !OUR_BUG.test(code);
}

/** What an operator can do about a failed write, by the engine's code. */
export function engineHint(error: unknown): string {
  const code = engineCode(error) ?? "";
  if (code.startsWith("SQLITE_FULL")) {
    return 'The disk is full: free 24 MB or more ("df -h", "du"), and it goes on by itself; terminals keep their punches meanwhile';
  }
  if (code === "SQLITE_READONLY_DBMOVED") {
    return "Somebody removed or replaced the database under the running server: restart it with the right file in place";
  }
  if (code.startsWith("SQLITE_READONLY")) {
    return 'The data folder or its disk is read-only: look at "mount" and "dmesg", then remount or replace the disk';
  }
  if (code.startsWith("SQLITE_IOERR")) {
    return 'The disk reports errors: look at "dmesg", back up the data folder and replace the disk';
  }
  if (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED")) {
    return 'Another program holds the database: find it with "fuser" and stop it';
  }
  if (code.startsWith("SQLITE_CORRUPT") || code.startsWith("SQLITE_NOTADB")) {
    return "The database file is damaged: stop the service, keep the file, restore the last backup";
  }
  return "Look at the cause above";
}

/** Runs a write or read outside `append` and gives the engine's failure the project's form. */
export function guardEngine<Value>(what: string, run: () => Value): Value {
  try {
    return run();
  } catch (error) {
    if (!isEngineFailure(error)) throw error;
    throw new AppError("storage-write-failed", `Cannot ${what}: ${engineCode(error)}`, {
      hint: engineHint(error),
      cause: error,
    });
  }
}
