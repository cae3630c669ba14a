/**
 * What could not be understood, kept raw until a person decides. Identical bytes of one device are
 * kept once.
 */

import { and, eq, sql } from "drizzle-orm";
import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import type { DeviceId } from "#domain/identifiers.ts";
import type { ReceivedIntake } from "#domain/intake.ts";
import { quarantine } from "./schema.ts";

/** Bytes that a row takes at most beside what is kept, with its place in the index. */
const ROW_BYTES = 400;

/** What keeping so many bytes takes of the room there is. */
export function quarantinedBytes(bytes: Uint8Array): number {
  return bytes.byteLength + ROW_BYTES;
}

/** Why an intake, or one record of it, is kept. */
export interface QuarantineReason {
  /** For programs: `bad-time`, `same-second`, `rule-failed`. */
  readonly code: string;
  /** For the operator. */
  readonly reason: string;
}

/** Bytes to keep, with their digest. */
export interface DigestedRecord {
  readonly bytes: Uint8Array;
  readonly sha256: Buffer;
}

export class Quarantine {
  readonly #find;
  readonly #insert;

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

/** The digest by which bytes are known to be kept already. */
export function digestOf(bytes: Uint8Array): Buffer {
  return new Bun.CryptoHasher("sha256").update(bytes).digest();
}
