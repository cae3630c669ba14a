/**
 * What became of the HRIS's syncs: a few facts, kept in memory by the one writer. Attempts that
 * brought nothing are not worth a flush of the disk; they are written with the next one that did.
 */

import { inArray } from "drizzle-orm";
import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import { type EpochMs, epochMs } from "#base/epoch.ts";
import type { SiteDate } from "#domain/site-day.ts";
import { box } from "./schema.ts";
import type { SyncAttempt, SyncFigures } from "./storage.ts";

/** The facts at one moment; never changed in place. */
export interface SyncFacts {
  readonly lastAttemptMs: EpochMs | undefined;
  readonly lastSuccessMs: EpochMs | undefined;
  readonly errorDay: string;
  readonly errorCount: number;
}

const LAST_ATTEMPT = "sync_last_attempt_ms";
const LAST_SUCCESS = "sync_last_success_ms";
const ERROR_DAY = "sync_error_day";
const ERROR_COUNT = "sync_error_count";

export class SyncNotes {
  readonly #orm: BunSQLiteDatabase;
  #facts: SyncFacts;
  #stored: SyncFacts;

  constructor(orm: BunSQLiteDatabase) {
    this.#orm = orm;
    this.#facts = readFacts(orm);
    this.#stored = this.#facts;
  }

  /** Errors are those of one day alone. */
  figures(siteDay: SiteDate): SyncFigures {
    const { lastAttemptMs, lastSuccessMs, errorDay, errorCount } = this.#facts;
    return { lastAttemptMs, lastSuccessMs, errorCount: errorDay === siteDay ? errorCount : 0 };
  }

  /** What would be known after an attempt; `hasSucceeded` when something was taken, or nothing refused. */
  after(attempt: SyncAttempt, hasSucceeded: boolean): SyncFacts {
    const { atMs, siteDay, errorCount } = attempt;
    const before = this.figures(siteDay).errorCount;
    return {
      lastAttemptMs: atMs,
      lastSuccessMs: hasSucceeded ? atMs : this.#facts.lastSuccessMs,
      ...(errorCount === 0
        ? { errorDay: this.#facts.errorDay, errorCount: this.#facts.errorCount }
        : { errorDay: siteDay, errorCount: before + errorCount }),
    };
  }

  /** Takes over what is known now, without a write. */
  keep(facts: SyncFacts): void {
    this.#facts = facts;
  }

  /** Called after the commit that holds what `write` wrote. */
  committed(facts: SyncFacts): void {
    this.#facts = facts;
    this.#stored = facts;
  }

  /** Writes facts, inside the running transaction. */
  write(facts: SyncFacts): void {
    if (facts.lastAttemptMs !== undefined) this.#put(LAST_ATTEMPT, String(facts.lastAttemptMs));
    if (facts.lastSuccessMs !== undefined) this.#put(LAST_SUCCESS, String(facts.lastSuccessMs));
    this.#put(ERROR_DAY, facts.errorDay);
    this.#put(ERROR_COUNT, String(facts.errorCount));
  }

  /** Writes what is not written yet: called inside the last transaction. */
  writeUnwritten(): void {
    if (this.#facts !== this.#stored) this.write(this.#facts);
  }

  #put(name: string, value: string): void {
    this.#orm
      .insert(box)
      .values({ name, value })
      .onConflictDoUpdate({ target: box.name, set: { value } })
      .run();
  }
}

function readFacts(orm: BunSQLiteDatabase): SyncFacts {
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
    errorDay: facts.get(ERROR_DAY) ?? "",
    errorCount: Number(facts.get(ERROR_COUNT) ?? 0),
  };
}
