/**
 * Everybody that the HRIS or a terminal in use told of. What a terminal tells is shown once a person
 * has approved it, and no longer when it is blocked or retired.
 */

import { desc, inArray, type SQL, sql } from "drizzle-orm";
import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import { epochMs } from "#base/epoch.ts";
import { type UserId, userId } from "#domain/identifiers.ts";
import type { KnownEnrollment, KnownUser } from "#domain/user.ts";
import { enrollments, users } from "./schema.ts";
import type { UserFigures } from "./storage.ts";
import { statementFromRow } from "./users.ts";

/** Told by a terminal in use, or by an import that did not know which terminal it was. */
const IS_SHOWN = sql`(enrollments.device_id = '' OR enrollments.device_id IN (
  SELECT devices.id FROM devices WHERE devices.status = 'approved'))`;

/**
 * Everybody, whole numbers by value and then all other ids by text. A number is what is one in the
 * answers too: whole, in its shortest form, and exact to readers of JSON.
 */
export function readUserIds(orm: BunSQLiteDatabase): readonly UserId[] {
  const rows = orm.all<{ id: string }>(sql`
    SELECT id FROM (
      SELECT id, number, CAST(number AS TEXT) = id
        AND number BETWEEN ${Number.MIN_SAFE_INTEGER} AND ${Number.MAX_SAFE_INTEGER} AS is_number
      FROM (
        SELECT id, CAST(id AS INTEGER) AS number FROM (
          SELECT id FROM users UNION SELECT user_id FROM enrollments WHERE ${IS_SHOWN}
        )
      )
    )
    ORDER BY is_number DESC, iif(is_number, number, 0), id
  `);
  return rows.map((row) => userId(row.id));
}

/** What is known of each, in the order of `ids`; of whom nobody told is left out. */
export function readUsers(orm: BunSQLiteDatabase, ids: readonly UserId[]): readonly KnownUser[] {
  const synced = orm
    .select()
    .from(users)
    .where(inArray(users.id, [...ids]))
    .all();
  const told = orm
    .select()
    .from(enrollments)
    .where(sql`${inArray(enrollments.userId, [...ids])} AND ${IS_SHOWN}`)
    .orderBy(desc(enrollments.updatedAtMs), enrollments.deviceId)
    .all();
  const punched = orm.all<{ id: string }>(sql`
    SELECT value AS id FROM json_each(${JSON.stringify(ids)}) WHERE ${hasPunched(sql`value`)}
  `);
  const syncedById = new Map(synced.map((row) => [row.id, row]));
  const toldById = Map.groupBy(told, (row) => row.userId);
  const punchedIds = new Set(punched.map((row) => row.id));
  return ids
    .map((id) => ({
      id,
      synced: syncedUserFromRow(syncedById.get(id)),
      enrollments: (toldById.get(id) ?? []).map(enrollmentFromRow),
      hasPunched: punchedIds.has(id),
    }))
    .filter((user) => user.synced !== undefined || user.enrollments.length > 0);
}

/** Users that the HRIS has and did not disable: a step in an index or two for each. */
export function readUserFigures(orm: BunSQLiteDatabase): UserFigures {
  const hasEnrollment = sql`EXISTS (
    SELECT 1 FROM enrollments WHERE enrollments.user_id = users.id AND ${IS_SHOWN})`;
  const [figures] = orm.all<UserFigures>(sql`
    SELECT count(*) AS "activeCount",
      coalesce(sum(${hasPunched(sql`users.id`)} OR ${hasEnrollment}), 0) AS "biometricCount"
    FROM users WHERE synced_at_ms IS NOT NULL AND is_enabled IS NOT 0
  `);
  return figures ?? { activeCount: 0, biometricCount: 0 };
}

/** Whether a punch of the user whose id `id` gives is in the feed. */
function hasPunched(id: SQL): SQL {
  return sql`EXISTS (
    SELECT 1 FROM punches WHERE punches.user_id = ${id} AND punches.feed_position IS NOT NULL)`;
}

function syncedUserFromRow(row: typeof users.$inferSelect | undefined): KnownUser["synced"] {
  if (row === undefined) return undefined;
  return { ...statementFromRow(row), updatedAtMs: epochMs(row.updatedAtMs) };
}

function enrollmentFromRow(row: typeof enrollments.$inferSelect): KnownEnrollment {
  return {
    name: row.name ?? undefined,
    privilege: row.privilege ?? undefined,
    isEnabled: row.isEnabled ?? undefined,
    passwordCount: row.passwordCount,
    cardCount: row.cardCount,
    faceCount: row.faceCount,
    fingerprintCount: row.fingerprintCount,
    veinCount: row.veinCount,
    credentialsText: row.credentialsText,
    updatedAtMs: epochMs(row.updatedAtMs),
  };
}
