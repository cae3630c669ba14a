/**
 * What could not be understood, kept raw until a person decides. Identical bytes of one device are
 * kept once.
 */

import { and, eq, getTableColumns, sql } from "drizzle-orm";
import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import { epochMs } from "#base/epoch.ts";
import { type DeviceId, deviceId, punchId } from "#domain/identifiers.ts";
import type { ReceivedIntake } from "#domain/intake.ts";
import type { Decision, QuarantineEntry } from "#domain/quarantine.ts";
import { quarantine } from "./schema.ts";

/** Bytes that a row takes at most beside what is kept, with its place in the index. */
export const QUARANTINE_ROW_BYTES = 400;

/** What keeping so many bytes takes of the room there is. */
export function quarantinedBytes(byteCount: number): number {
  return byteCount + QUARANTINE_ROW_BYTES;
}

/** Why an intake, or one record of it, is kept. */
export interface QuarantineReason {
  /** For programs: `bad-time`, `same-second`, `rule-failed`. */
  readonly code: string;
  /** For the operator. */
  readonly reason: string;
}

const { bytes: _bytes, ...COLUMNS } = getTableColumns(quarantine);

/** An entry without its bytes, whose length the engine knows without reading them. */
export const QUARANTINE_ENTRY_COLUMNS = {
  ...COLUMNS,
  byteCount: sql<number>`length(${quarantine.bytes})`,
};

/** A row of these. */
export type QuarantineEntryRow = Omit<typeof quarantine.$inferSelect, "bytes"> & {
  readonly byteCount: number;
};

/** Bytes to keep, with their digest. */
export interface DigestedRecord {
  readonly bytes: Uint8Array;
  readonly sha256: Buffer;
}

/** The writer's statements, prepared once. */
export class Quarantine {
  readonly #find;
  readonly #findEntry;
  readonly #insert;
  readonly #decide;
  readonly #trim;

  constructor(orm: BunSQLiteDatabase) {
    this.#find = orm
      .select({ id: quarantine.id })
      .from(quarantine)
      .where(
        and(
          eq(quarantine.deviceId, sql.placeholder("deviceId")),
          eq(quarantine.sha256, sql.placeholder("sha256")),
        ),
      )
      .prepare();
    this.#insert = orm
      .insert(quarantine)
      .values({
        deviceId: sql.placeholder("deviceId"),
        driver: sql.placeholder("driver"),
        remoteAddress: sql.placeholder("remoteAddress"),
        receivedAtMs: sql.placeholder("receivedAtMs"),
        code: sql.placeholder("code"),
        reason: sql.placeholder("reason"),
        sha256: sql.placeholder("sha256"),
        bytes: sql.placeholder("bytes"),
      })
      .prepare();
    this.#findEntry = orm
      .select(QUARANTINE_ENTRY_COLUMNS)
      .from(quarantine)
      .where(eq(quarantine.id, sql.placeholder("id")))
      .prepare();
    this.#decide = orm
      .update(quarantine)
      .set({
        status: sql`${sql.placeholder("status")}`,
        decidedAtMs: sql`${sql.placeholder("nowMs")}`,
        decidedBy: sql`${sql.placeholder("by")}`,
        punchId: sql`${sql.placeholder("punchId")}`,
      })
      .where(eq(quarantine.id, sql.placeholder("id")))
      .prepare();
    // The newest id stays in use, so that none is ever given out twice.
    this.#trim = orm
      .delete(quarantine)
      .where(
        sql`${quarantine.id} IN (
          SELECT id FROM quarantine
          WHERE status <> 'waiting' AND decided_at_ms < ${sql.placeholder("beforeMs")}
            AND id < (SELECT max(id) FROM quarantine)
          ORDER BY decided_at_ms LIMIT ${sql.placeholder("limit")}
        )`,
      )
      .returning({ id: quarantine.id })
      .prepare();
  }

  /** An entry without its bytes. */
  find(id: number): QuarantineEntry | undefined {
    const row = this.#findEntry.get({ id });
    return row === undefined ? undefined : entryFromRow(row);
  }

  /** Writes what was decided of a waiting entry. */
  decide(
    { id, by, nowMs }: Decision,
    decided: { readonly status: "released" | "discarded"; readonly punchId: number | null },
  ): void {
    this.#decide.run({ id, by, nowMs, ...decided });
  }

  /** Deletes at most `limit` entries that were decided before an instant. Returns how many. */
  trim(beforeMs: number, limit: number): number {
    return this.#trim.all({ beforeMs, limit }).length;
  }

  /** Whether bytes of this digest are kept of this device already. */
  isKept(device: DeviceId | undefined, sha256: Buffer): boolean {
    return this.#find.get({ deviceId: device ?? "", sha256 }) !== undefined;
  }

  /** Keeps bytes that are not kept yet. */
  keep(received: ReceivedIntake, record: DigestedRecord, why: QuarantineReason): void {
    const { bytes, sha256 } = record;
    this.#insert.run({
      deviceId: received.intake.deviceId ?? "",
      driver: received.driver,
      remoteAddress: received.remoteAddress,
      receivedAtMs: received.receivedAtMs,
      code: why.code,
      reason: why.reason,
      sha256,
      bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    });
  }
}

/** The row as the rest of the program sees it. */
export function entryFromRow(row: QuarantineEntryRow): QuarantineEntry {
  const { sha256, decidedAtMs, punchId: punch } = row;
  return {
    id: row.id,
    deviceId: row.deviceId === "" ? undefined : deviceId(row.deviceId),
    driver: row.driver,
    remoteAddress: row.remoteAddress,
    receivedAtMs: epochMs(row.receivedAtMs),
    code: row.code,
    reason: row.reason,
    byteCount: row.byteCount,
    sha256: sha256.length === SHA256_BYTES ? sha256.toString("hex") : undefined,
    status: row.status,
    decidedAtMs: decidedAtMs === null ? undefined : epochMs(decidedAtMs),
    decidedBy: row.decidedBy ?? undefined,
    punchId: punch === null ? undefined : punchId(punch),
  };
}

const SHA256_BYTES = 32;

/** The digest by which bytes are known to be kept already. */
export function digestOf(bytes: Uint8Array): Buffer {
  return new Bun.CryptoHasher("sha256").update(bytes).digest();
}
