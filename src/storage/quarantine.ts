/**
 * What could not be understood, kept raw until a person decides. Identical bytes of one device are
 * kept once.
 */

import { sql } from "drizzle-orm";
import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import type { ReceivedIntake } from "#domain/intake.ts";
import type { Counters } from "./counters.ts";
import { quarantine } from "./schema.ts";

/** Why an intake, or one record of it, is kept. */
export interface QuarantineReason {
  /** For programs: `bad-time`, `same-second`, `rule-failed`. */
  readonly code: string;
  /** For the operator. */
  readonly reason: string;
}

export class Quarantine {
  readonly #counters: Counters;
  readonly #insert;

  constructor(orm: BunSQLiteDatabase, counters: Counters) {
    this.#counters = counters;
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
      .onConflictDoNothing()
      .returning({ id: quarantine.id })
      .prepare();
  }

  /** Keeps the bytes; returns whether they were new. */
  keep(received: ReceivedIntake, bytes: Uint8Array, why: QuarantineReason): boolean {
    const kept = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const row = this.#insert.get({
      deviceId: received.intake.deviceId ?? "",
      driver: received.driver,
      remoteAddress: received.remoteAddress,
      receivedAtMs: received.receivedAtMs,
      code: why.code,
      reason: why.reason,
      sha256: new Bun.CryptoHasher("sha256").update(kept).digest(),
      bytes: kept,
    });
    if (row === undefined) return false;
    this.#counters.add({ quarantineCount: 1, quarantineBytes: kept.byteLength });
    return true;
  }
}
