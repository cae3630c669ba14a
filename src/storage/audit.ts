/** What people did that cannot be seen in what it changed: written with the change, kept for ever. */

import type { Database } from "bun:sqlite";
import { desc, lt } from "drizzle-orm";
import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import { type EpochMs, epochMs } from "#base/epoch.ts";
import { guardEngine } from "./engine-error.ts";
import { prepareInsert } from "./prepared-insert.ts";
import { auditEntries } from "./schema.ts";

/** One act of a person. */
export interface AuditEntry {
  readonly atMs: EpochMs;
  /** `operator`, or `client` and the name of an API client. */
  readonly actor: string;
  /** A word of the field with a dot, such as `quarantine.discarded`. */
  readonly action: string;
  /** What was acted on. */
  readonly subject: string;
  /** Never a secret, a template or a card number. */
  readonly detail: Readonly<Record<string, unknown>>;
}

/** An act as it is kept. */
export interface KeptAuditEntry extends Omit<AuditEntry, "detail"> {
  readonly id: number;
  /** The text of a JSON object. */
  readonly detailText: string;
}

/** The part of `Storage` that shows what people did. */
export interface AuditStorage {
  /** At most `limit` entries, newest first, older than `beforeId` where that is given. */
  listAudit(beforeId: number | undefined, limit: number): Promise<readonly KeptAuditEntry[]>;
}

/** On the readers' connection. */
export function auditReading(orm: BunSQLiteDatabase): AuditStorage {
  return {
    listAudit: async (beforeId, limit) =>
      guardEngine("read the audit", () =>
        orm
          .select()
          .from(auditEntries)
          .where(beforeId === undefined ? undefined : lt(auditEntries.id, beforeId))
          .orderBy(desc(auditEntries.id))
          .limit(limit)
          .all()
          .map((row) => ({ ...row, atMs: epochMs(row.atMs) })),
      ),
  };
}

export class Audit {
  readonly #insert;

  constructor(database: Database) {
    this.#insert = prepareInsert(database, auditEntries);
  }

  /** Inside the caller's transaction. */
  add({ detail, ...entry }: AuditEntry): void {
    this.#insert({ id: null, ...entry, detailText: JSON.stringify(detail) });
  }
}
