/**
 * The users of an imported database, as some terminal told of them. The file does not say which:
 * they are kept as of no terminal, beside what terminals tell here.
 */

import type { Database } from "bun:sqlite";
import { and, eq, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/bun-sqlite";
import type { EpochMs } from "#base/epoch.ts";
import { readImportedEnrollment } from "#domain/imported-user.ts";
import type { OriginalRow } from "#domain/original-row.ts";
import { HoldingRoom } from "../holding-room.ts";
import type { StorageRules } from "../rules.ts";
import { enrollments } from "../schema.ts";
import type { WriteParts } from "../write-parts.ts";
import { KNOWN, type RowResult, refused } from "./import-report.ts";

/** In place of the id of a terminal. */
const NO_DEVICE = "";

export class EnrollmentImport {
  readonly #rules: StorageRules;
  readonly #room: HoldingRoom;
  readonly #find;
  readonly #insert;
  readonly #update;

  constructor(database: Database, parts: WriteParts, rules: StorageRules) {
    const orm = drizzle(database);
    const isSame = and(
      eq(enrollments.userId, sql.placeholder("userId")),
      eq(enrollments.deviceId, NO_DEVICE),
    );
    const told = {
      privilege: sql`${sql.placeholder("privilege")}`,
      isEnabled: sql`${sql.placeholder("isEnabled")}`,
      passwordCount: sql`${sql.placeholder("passwordCount")}`,
      cardCount: sql`${sql.placeholder("cardCount")}`,
      faceCount: sql`${sql.placeholder("faceCount")}`,
      fingerprintCount: sql`${sql.placeholder("fingerprintCount")}`,
      veinCount: sql`${sql.placeholder("veinCount")}`,
      credentialsText: sql`${sql.placeholder("credentialsText")}`,
      updatedAtMs: sql`${sql.placeholder("updatedAtMs")}`,
    };
    this.#rules = rules;
    this.#room = new HoldingRoom(parts, rules);
    this.#find = orm
      .select({ updatedAtMs: enrollments.updatedAtMs })
      .from(enrollments)
      .where(isSame)
      .prepare();
    this.#insert = orm
      .insert(enrollments)
      .values({ userId: sql.placeholder("userId"), deviceId: NO_DEVICE, ...told })
      .prepare();
    this.#update = orm.update(enrollments).set(told).where(isSame).prepare();
  }

  /** Inside the caller's transaction. Of two files the one that tells of a later state counts. */
  apply(row: OriginalRow, nowMs: EpochMs): RowResult {
    const read = readImportedEnrollment(row, this.#rules.leadingZeros);
    if (!read.ok) return { kind: "refused", refusal: read.error };
    const { privilege = null, isEnabled, updatedAtMs, ...told } = read.value;
    const values = {
      ...told,
      privilege,
      isEnabled: isEnabled === undefined ? null : Number(isEnabled),
      updatedAtMs: updatedAtMs ?? nowMs,
    };
    const stored = this.#find.get({ userId: told.userId });
    if (stored === undefined) {
      if (!this.#room.hasEnrollmentRoom(undefined)) {
        return refused("users-full", "Terminals have told of too many users already");
      }
      this.#insert.run(values);
    } else {
      if (updatedAtMs === undefined || updatedAtMs <= stored.updatedAtMs) return KNOWN;
      this.#update.run(values);
    }
    return { kind: "imported", flags: [] };
  }
}
