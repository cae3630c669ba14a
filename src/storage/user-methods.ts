/** The part of `Storage` that is about users. */

import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import type { SyncedUser, SyncOutcome } from "#domain/user.ts";
import { guardEngine } from "./engine-error.ts";
import { readUserFigures, readUserIds, readUsers } from "./read-users.ts";
import type { Storage, SyncAttempt } from "./storage.ts";
import type { WriteParts } from "./write-parts.ts";

type UserMethod =
  | "syncUsers"
  | "noteRefusedSync"
  | "readSyncFigures"
  | "listUserIds"
  | "readUsers"
  | "readUserFigures";

/** Writes through the one writer, and answers readers on their own connection. */
export function userMethods(
  parts: WriteParts,
  reader: BunSQLiteDatabase,
): Pick<Storage, UserMethod> {
  return {
    syncUsers: async (users, attempt) =>
      guardEngine("store users", () => syncUsers(parts, users, attempt)),
    noteRefusedSync: async (attempt) => {
      const { syncNotes } = parts;
      syncNotes.keep(syncNotes.after(attempt, false));
    },
    readSyncFigures: async (siteDay) => parts.syncNotes.figures(siteDay),
    listUserIds: async () => guardEngine("list users", () => readUserIds(reader)),
    readUsers: async (ids) => guardEngine("read users", () => readUsers(reader, ids)),
    readUserFigures: async () => guardEngine("count users", () => readUserFigures(reader)),
  };
}

function syncUsers(
  parts: WriteParts,
  synced: readonly SyncedUser[],
  attempt: SyncAttempt,
): readonly SyncOutcome[] {
  const { syncNotes, users } = parts;
  const { outcomes, facts, isWritten } = parts.transaction(() => {
    const results = users.sync(synced, attempt.atMs);
    const refusals = results.filter((result) => result === "full" || result === "too-long");
    const errorCount = attempt.errorCount + refusals.length;
    const hasSucceeded = refusals.length < results.length || errorCount === 0;
    const next = syncNotes.after({ ...attempt, errorCount }, hasSucceeded);
    if (hasSucceeded) {
      syncNotes.write(next);
      parts.noteWrite();
    }
    return { outcomes: results, facts: next, isWritten: hasSucceeded };
  });
  if (isWritten) syncNotes.committed(facts);
  else syncNotes.keep(facts);
  return outcomes;
}
