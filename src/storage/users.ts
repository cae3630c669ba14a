/**
 * Writes users as the HRIS sends them, and the few facts about its sending. Who is known, and what
 * terminals tell of them, is read by `read-users.ts`.
 */

import { eq, inArray, sql } from "drizzle-orm";
import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import { type EpochMs, epochMs } from "#base/epoch.ts";
import type { SiteDate } from "#domain/site-day.ts";
import type { SyncedUser, SyncOutcome } from "#domain/user.ts";
import { box, users } from "./schema.ts";
import type { SyncAttempt, SyncFigures } from "./storage.ts";

/** Users that the HRIS may name. */
const USERS_MAX = 50_000;

const LAST_ATTEMPT = "sync_last_attempt_ms";
const LAST_SUCCESS = "sync_last_success_ms";
const ERROR_DAY = "sync_error_day";
const ERROR_COUNT = "sync_error_count";

type UserRow = Readonly<typeof users.$inferSelect>;

/** The writer's statements, prepared once. Everything runs inside the caller's transaction. */
export class UserTable {
  readonly #orm: BunSQLiteDatabase;
  readonly #find;
  readonly #count;
  readonly #put;

  constructor(orm: BunSQLiteDatabase) {
    this.#orm = orm;
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
      if (row !== undefined && saysNothingNew(row, user)) return "unchanged";
      if (row === undefined) count += 1;
      this.#put.run({
        id: user.id,
        name: user.name ?? null,
        department: user.department ?? null,
        isEnabled: user.isEnabled === undefined ? null : Number(user.isEnabled),
        furtherFieldsText: user.furtherFieldsText ?? null,
        atMs,
      });
      return "stored";
    });
  }

  /** Notes that the HRIS sent users, for `readSyncFigures`. */
  noteSync({ atMs, siteDay, errorCount }: SyncAttempt, outcomes: readonly SyncOutcome[]): void {
    const takenCount = outcomes.filter((outcome) => outcome !== "full").length;
    const errors = errorCount + outcomes.length - takenCount;
    this.#note(LAST_ATTEMPT, String(atMs));
    if (takenCount > 0 || errors === 0) this.#note(LAST_SUCCESS, String(atMs));
    if (errors === 0) return;
    const before = readSyncFigures(this.#orm, siteDay).errorCount;
    this.#note(ERROR_DAY, siteDay);
    this.#note(ERROR_COUNT, String(before + errors));
  }

  #note(name: string, value: string): void {
    this.#orm
      .insert(box)
      .values({ name, value })
      .onConflictDoUpdate({ target: box.name, set: { value } })
      .run();
  }
}

/** What is known of the HRIS's syncs; errors are those of one day alone. */
export function readSyncFigures(orm: BunSQLiteDatabase, siteDay: SiteDate): SyncFigures {
  const names = [LAST_ATTEMPT, LAST_SUCCESS, ERROR_DAY, ERROR_COUNT];
  const rows = orm.select().from(box).where(inArray(box.name, names)).all();
  const facts = new Map(rows.map((row) => [row.name, row.value]));
  const instant = (name: string) => {
    const text = facts.get(name);
    return text === undefined ? undefined : epochMs(Number(text));
  };
  return {
    lastAttemptMs: instant(LAST_ATTEMPT),
    lastSuccessMs: instant(LAST_SUCCESS),
    errorCount: facts.get(ERROR_DAY) === siteDay ? Number(facts.get(ERROR_COUNT)) : 0,
  };
}

function saysNothingNew(row: UserRow, user: SyncedUser): boolean {
  return (
    row.syncedAtMs !== null &&
    row.name === (user.name ?? null) &&
    row.department === (user.department ?? null) &&
    row.isEnabled === (user.isEnabled ?? null) &&
    row.furtherFieldsText === (user.furtherFieldsText ?? null)
  );
}
