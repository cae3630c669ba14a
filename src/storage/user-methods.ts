/** The part of `Storage` that is about users. */

import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import { guardEngine } from "./engine-error.ts";
import { readUserFigures, readUserIds, readUsers } from "./read-users.ts";
import type { Storage } from "./storage.ts";
import { readSyncFigures } from "./users.ts";
import type { WriteParts } from "./write-parts.ts";

type UserMethod = "syncUsers" | "readSyncFigures" | "listUserIds" | "readUsers" | "readUserFigures";

/** Writes through the one writer, and answers readers on their own connection. */
export function userMethods(
  parts: WriteParts,
  reader: BunSQLiteDatabase,
): Pick<Storage, UserMethod> {
  return {
    syncUsers: async (users, attempt) =>
      guardEngine("store users", () =>
        parts.transaction(() => {
          const outcomes = parts.users.sync(users, attempt.atMs);
          parts.users.noteSync(attempt, outcomes);
          return outcomes;
        }),
      ),
    readSyncFigures: async (siteDay) =>
      guardEngine("read the syncs", () => readSyncFigures(reader, siteDay)),
    listUserIds: async () => guardEngine("list users", () => readUserIds(reader)),
    readUsers: async (ids) => guardEngine("read users", () => readUsers(reader, ids)),
    readUserFigures: async () => guardEngine("count users", () => readUserFigures(reader)),
  };
}
