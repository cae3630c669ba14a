/**
 * Writes what the HRIS says of users. Who is known, and what terminals tell of them, is read by
 * `read-users.ts`.
 */

import { eq, sql } from "drizzle-orm";
import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import type { EpochMs } from "#base/epoch.ts";
import { type SyncedUser, type SyncOutcome, type UserStatement, withSaid } from "#domain/user.ts";
import { users } from "./schema.ts";

/** Users that the HRIS may name. */
const USERS_MAX = 50_000;

type UserRow = Readonly<typeof users.$inferSelect>;

/** The writer's statements, prepared once. Everything runs inside the caller's transaction. */
export class UserTable {
  readonly #find;
  readonly #count;
  readonly #put;

  constructor(orm: BunSQLiteDatabase) {
    this.#find = orm
      .select()
      .from(users)
      .where(eq(users.id, sql.placeholder("id")))
      .prepare();
    this.#count = orm.select({ count: sql<number>`count(*)` }).from(users).prepare();
    this.#put = orm
      .insert(users)
      .values({
        id: sql.placeholder("id"),
        name: sql.placeholder("name"),
        department: sql.placeholder("department"),
        isEnabled: sql`${sql.placeholder("isEnabled")}`,
        furtherFieldsText: sql.placeholder("furtherFieldsText"),
        createdAtMs: sql.placeholder("atMs"),
        updatedAtMs: sql.placeholder("atMs"),
        syncedAtMs: sql.placeholder("atMs"),
      })
      .onConflictDoUpdate({
        target: users.id,
        set: {
          name: sql`excluded.name`,
          department: sql`excluded.department`,
          isEnabled: sql`excluded.is_enabled`,
          furtherFieldsText: sql`excluded.further_fields_text`,
          updatedAtMs: sql`excluded.updated_at_ms`,
          syncedAtMs: sql`excluded.synced_at_ms`,
        },
      })
      .prepare();
  }

  /** Writes users, those alone that are new or say something new; an outcome for each, in order. */
  sync(synced: readonly SyncedUser[], atMs: EpochMs): readonly SyncOutcome[] {
    let count = this.#count.get()?.count ?? 0;
    return synced.map((user) => {
      const row = this.#find.get({ id: user.id });
      if (row === undefined && count >= USERS_MAX) return "full";
      const known = statementFromRow(row);
      const next = withSaid(known, user);
      if (next === undefined) return "too-long";
      const isKnown = typeof row?.syncedAtMs === "number";
      if (isKnown && isSame(known, next)) return "unchanged";
      if (row === undefined) count += 1;
      this.#put.run({
        id: user.id,
        name: next.name ?? null,
        department: next.department ?? null,
        isEnabled: next.isEnabled === undefined ? null : Number(next.isEnabled),
        furtherFieldsText: next.furtherFieldsText ?? null,
        atMs,
      });
      return "stored";
    });
  }
}

/** What the HRIS said, as a row keeps it; nothing for a user without one. */
export function statementFromRow(row: UserRow | undefined): UserStatement {
  return {
    name: row?.name ?? undefined,
    department: row?.department ?? undefined,
    isEnabled: row?.isEnabled ?? undefined,
    furtherFieldsText: row?.furtherFieldsText ?? undefined,
  };
}

function isSame(one: UserStatement, other: UserStatement): boolean {
  return (
    one.name === other.name &&
    one.department === other.department &&
    one.isEnabled === other.isEnabled &&
    one.furtherFieldsText === other.furtherFieldsText
  );
}
