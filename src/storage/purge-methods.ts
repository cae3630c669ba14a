/** The part of `Storage` that lets go of what was stored, and writes who asked for it. */

import type { Database } from "bun:sqlite";
import type { UserId } from "#domain/identifiers.ts";
import { nextTurn } from "#platform/next-turn.ts";
import { guardEngine } from "./engine-error.ts";
import { PunchPurge, UserPurger } from "./purge.ts";
import type { PurgeStorage, UserPurgeOrder } from "./purge-storage.ts";
import type { StorageRules } from "./rules.ts";
import type { WriteParts } from "./write-parts.ts";

/** Overwrites what is deleted, in the file too. */
const ERASING_ON = "PRAGMA secure_delete = ON";
const ERASING_OFF = "PRAGMA secure_delete = OFF";

export function purgeMethods(options: {
  readonly parts: WriteParts;
  /** The writer's connection. */
  readonly database: Database;
  readonly rules: Pick<StorageRules, "leadingZeros">;
}): PurgeStorage {
  const { parts, database, rules } = options;
  const punchPurge = new PunchPurge(database);
  return {
    purgePunches: async (beforeMs) =>
      guardEngine("let go of old punches", () =>
        parts.transaction(() => punchPurge.step(parts, beforeMs)),
      ),
    async purgeUser(userId, order) {
      const note = noter(parts, userId, order);
      guardEngine("forget a user", () => parts.transaction(() => note("user.purge-begun", {})));
      const purger = new UserPurger(database, parts, userId);
      const step = () => {
        database.run(ERASING_ON);
        try {
          return parts.transaction(() => {
            const hasMore = purger.step(rules.leadingZeros);
            if (!hasMore) note("user.purged", { ...purger.purged });
            return hasMore;
          });
        } finally {
          database.run(ERASING_OFF);
        }
      };
      while (guardEngine("forget a user", step)) await nextTurn();
      return purger.purged;
    },
  };
}

function noter(parts: WriteParts, userId: UserId, { actor, clock }: UserPurgeOrder) {
  return (action: string, detail: Readonly<Record<string, unknown>>): void => {
    parts.audit.add({ atMs: clock.nowMs(), actor, action, subject: userId, detail });
  };
}
