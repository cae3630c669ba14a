/** Answers what readers ask of the quarantine: pages of entries, newest first, and one with its bytes. */

import { and, asc, desc, eq, gt, gte, lt, lte, type SQL, sql } from "drizzle-orm";
import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import type { KeptEntry, QuarantineEntry } from "#domain/quarantine.ts";
import type { Clock } from "#platform/clock.ts";
import { ReadingTurns } from "#platform/reading-turns.ts";
import { guardEngine } from "./engine-error.ts";
import { entryFromRow, QUARANTINE_ENTRY_COLUMNS } from "./quarantine.ts";
import type { QuarantineFilter, QuarantinePage, QuarantineStorage } from "./quarantine-storage.ts";
import { ReadingPace } from "./reading-pace.ts";
import { quarantine } from "./schema.ts";

/** Ids looked through in one read. What was decided stands behind the bytes, which are passed over. */
const IDS_PER_READ = 200;
/** Reads for one page at most. */
const READS_PER_PAGE = 100;

/** A stretch of ids, newest first. */
interface Look {
  readonly fromId: number;
  readonly beforeId: number;
  readonly limit: number;
}

/** The part of `Storage` that reads the quarantine, on the readers' connection. */
export function quarantineReading(
  orm: BunSQLiteDatabase,
  clock: Clock,
): Pick<QuarantineStorage, "listQuarantine" | "listWaitingQuarantine" | "findQuarantined"> {
  const reader = new QuarantineReader(orm, clock);
  return {
    listQuarantine: (filter, limit) => reader.list(filter, limit),
    listWaitingQuarantine: (filter, afterId, limit) =>
      reader.listWaiting(filter, { afterId, limit }),
    findQuarantined: async (id, bytesMax) => reader.find(id, bytesMax),
  };
}

class QuarantineReader {
  readonly #orm: BunSQLiteDatabase;
  readonly #clock: Clock;
  readonly #turns = new ReadingTurns();

  constructor(orm: BunSQLiteDatabase, clock: Clock) {
    this.#orm = orm;
    this.#clock = clock;
  }

  /** See `QuarantineStorage.listQuarantine`. */
  async list(filter: QuarantineFilter, limit: number): Promise<QuarantinePage> {
    await this.#turns.next();
    const pace = new ReadingPace(this.#turns, this.#clock);
    const { firstId, lastId } = this.#readEnds();
    const found: QuarantineEntry[] = [];
    let beforeId = Math.min(filter.beforeId ?? Number.POSITIVE_INFINITY, lastId + 1);
    for (let reads = 0; reads < READS_PER_PAGE && beforeId > firstId; reads += 1) {
      const look = { fromId: beforeId - IDS_PER_READ, beforeId };
      found.push(...this.#read({ ...look, limit: limit - found.length }, filter));
      const last = found.length === limit ? found.at(-1) : undefined;
      beforeId = last?.id ?? look.fromId;
      if (last !== undefined) break;
      await pace.keep();
    }
    return { entries: found, nextBeforeId: beforeId > firstId ? beforeId : undefined };
  }

  /** See `QuarantineStorage.listWaitingQuarantine`. */
  async listWaiting(
    filter: Pick<QuarantineFilter, "deviceId" | "code">,
    { afterId, limit }: { readonly afterId: number; readonly limit: number },
  ): Promise<{ readonly ids: readonly number[]; readonly nextAfterId: number | undefined }> {
    await this.#turns.next();
    const pace = new ReadingPace(this.#turns, this.#clock);
    const { firstId, lastId } = this.#readEnds();
    const ids: number[] = [];
    let after = Math.max(afterId, firstId - 1);
    for (let reads = 0; reads < READS_PER_PAGE && after < lastId; reads += 1) {
      const throughId = after + IDS_PER_READ;
      ids.push(...this.#readWaiting({ after, throughId, limit: limit - ids.length }, filter));
      const last = ids.length === limit ? ids.at(-1) : undefined;
      after = last ?? throughId;
      if (last !== undefined) break;
      await pace.keep();
    }
    return { ids, nextAfterId: after < lastId ? after : undefined };
  }

  /** See `QuarantineStorage.findQuarantined`. */
  find(id: number, bytesMax?: number): KeptEntry | undefined {
    const bytes =
      bytesMax === undefined
        ? sql<Uint8Array | null>`${quarantine.bytes}`
        : sql<Uint8Array | null>`substr(${quarantine.bytes}, 1, ${bytesMax})`;
    const row = guardEngine("read the quarantine", () =>
      this.#orm
        .select({ ...QUARANTINE_ENTRY_COLUMNS, bytes })
        .from(quarantine)
        .where(eq(quarantine.id, id))
        .get(),
    );
    if (row === undefined) return undefined;
    // A part of nothing is NULL to the engine.
    return { entry: entryFromRow(row), bytes: row.bytes ?? new Uint8Array(0) };
  }

  #readWaiting(
    look: { readonly after: number; readonly throughId: number; readonly limit: number },
    filter: Pick<QuarantineFilter, "deviceId" | "code">,
  ): readonly number[] {
    const { id } = quarantine;
    const conditions = conditionsOf({ ...filter, status: "waiting" });
    return guardEngine("read the quarantine", () =>
      this.#orm
        .select({ id })
        .from(quarantine)
        .where(and(gt(id, look.after), lte(id, look.throughId), ...conditions))
        .orderBy(asc(id))
        .limit(look.limit)
        .all()
        .map((row) => row.id),
    );
  }

  #readEnds(): { readonly firstId: number; readonly lastId: number } {
    // Each by itself is a step to the end of the table; both in one statement would read all of it.
    const end = (which: "min" | "max") =>
      this.#orm.all<{ id: number | null }>(
        sql`SELECT ${sql.raw(which)}(id) AS id FROM quarantine`,
      )[0]?.id;
    return guardEngine("read the quarantine", () => ({
      firstId: end("min") ?? 1,
      lastId: end("max") ?? 0,
    }));
  }

  #read(look: Look, filter: QuarantineFilter): readonly QuarantineEntry[] {
    const { id } = quarantine;
    return guardEngine("read the quarantine", () =>
      this.#orm
        .select(QUARANTINE_ENTRY_COLUMNS)
        .from(quarantine)
        .where(and(gte(id, look.fromId), lt(id, look.beforeId), ...conditionsOf(filter)))
        .orderBy(desc(id))
        .limit(look.limit)
        .all()
        .map(entryFromRow),
    );
  }
}

function conditionsOf({ deviceId, code, status }: QuarantineFilter): readonly SQL[] {
  return [
    ...(deviceId === undefined ? [] : [eq(quarantine.deviceId, deviceId)]),
    ...(code === undefined ? [] : [eq(quarantine.code, code)]),
    ...(status === undefined ? [] : [eq(quarantine.status, status)]),
  ];
}
