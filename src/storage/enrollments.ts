/**
 * What terminals tell of users, one row per user and terminal. The rows of a terminal that nobody
 * approved count against its room, and no reader sees them (`users.ts`).
 */

import { and, eq, sql } from "drizzle-orm";
import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import type { EpochMs } from "#base/epoch.ts";
import type { DeviceId, UserId } from "#domain/identifiers.ts";
import type { Enrollment } from "#domain/user.ts";
import { enrollments } from "./schema.ts";

/** Bytes that one row takes at most, with its places in two indexes. */
export const ENROLLMENT_ROW_BYTES = 1024;

/** Whether a terminal told again of as many credentials of each kind as are known. */
const HAS_SAME_COUNTS = sql`
  ${enrollments.passwordCount} = excluded.password_count AND
  ${enrollments.cardCount} = excluded.card_count AND
  ${enrollments.faceCount} = excluded.face_count AND
  ${enrollments.fingerprintCount} = excluded.fingerprint_count AND
  ${enrollments.veinCount} = excluded.vein_count`;

/** Whose row it is. */
export interface EnrollmentKey {
  readonly userId: UserId;
  readonly deviceId: DeviceId;
}

/** The writer's statements, prepared once. */
export class EnrollmentTable {
  readonly #find;
  readonly #findLast;
  readonly #keep;

  constructor(orm: BunSQLiteDatabase) {
    this.#find = orm
      .select({ id: enrollments.id })
      .from(enrollments)
      .where(
        and(
          eq(enrollments.userId, sql.placeholder("userId")),
          eq(enrollments.deviceId, sql.placeholder("deviceId")),
        ),
      )
      .prepare();
    this.#findLast = orm
      .select({ id: sql<number | null>`max(${enrollments.id})` })
      .from(enrollments)
      .prepare();
    this.#keep = orm
      .insert(enrollments)
      .values({
        userId: sql.placeholder("userId"),
        deviceId: sql.placeholder("deviceId"),
        name: sql.placeholder("name"),
        privilege: sql.placeholder("privilege"),
        isEnabled: sql`${sql.placeholder("isEnabled")}`,
        passwordCount: sql.placeholder("passwordCount"),
        cardCount: sql.placeholder("cardCount"),
        faceCount: sql.placeholder("faceCount"),
        fingerprintCount: sql.placeholder("fingerprintCount"),
        veinCount: sql.placeholder("veinCount"),
        credentialsText: sql.placeholder("credentialsText"),
        updatedAtMs: sql.placeholder("updatedAtMs"),
      })
      .onConflictDoUpdate({
        target: [enrollments.userId, enrollments.deviceId],
        set: {
          name: sql`coalesce(excluded.name, ${enrollments.name})`,
          privilege: sql`coalesce(excluded.privilege, ${enrollments.privilege})`,
          isEnabled: sql`coalesce(excluded.is_enabled, ${enrollments.isEnabled})`,
          passwordCount: sql`excluded.password_count`,
          cardCount: sql`excluded.card_count`,
          faceCount: sql`excluded.face_count`,
          fingerprintCount: sql`excluded.fingerprint_count`,
          veinCount: sql`excluded.vein_count`,
          credentialsText: sql`CASE
            WHEN excluded.credentials_text <> '' THEN excluded.credentials_text
            WHEN ${HAS_SAME_COUNTS} THEN ${enrollments.credentialsText}
            ELSE '' END`,
          updatedAtMs: sql`excluded.updated_at_ms`,
        },
      })
      .prepare();
  }

  /** How many rows there are, or a few more: the last id tells, and seldom is one deleted. */
  get count(): number {
    return this.#findLast.get()?.id ?? 0;
  }

  has({ userId, deviceId }: EnrollmentKey): boolean {
    return this.#find.get({ userId, deviceId }) !== undefined;
  }

  /**
   * Writes what a terminal told; what it left out stays, but for numbers of credentials that no
   * longer fit their counts.
   */
  keep({ userId, deviceId }: EnrollmentKey, told: Enrollment, updatedAtMs: EpochMs): void {
    const { name, privilege, isEnabled, credentials, userIdText: _, ...counts } = told;
    this.#keep.run({
      userId,
      deviceId,
      name: name ?? null,
      privilege: privilege ?? null,
      isEnabled: isEnabled === undefined ? null : Number(isEnabled),
      ...counts,
      credentialsText: credentials === undefined ? "" : JSON.stringify(credentials),
      updatedAtMs,
    });
  }
}
