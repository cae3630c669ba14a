/** What people did that cannot be seen in what it changed: written with the change, kept for ever. */

import type { Database } from "bun:sqlite";
import type { EpochMs } from "#base/epoch.ts";
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
