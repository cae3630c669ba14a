/**
 * Answers what readers ask of the ledger: pages of an endpoint's messages, newest first, and one of
 * them with its tries.
 */

import { and, desc, eq, getTableColumns, gte, lt, type SQL, sql } from "drizzle-orm";
import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import { epochMs } from "#base/epoch.ts";
import { deviceId, punchId } from "#domain/identifiers.ts";
import type { EndpointId } from "#domain/webhook-endpoint.ts";
import type { Clock } from "#platform/clock.ts";
import { ReadingTurns } from "#platform/reading-turns.ts";
import { attempts, deliveries } from "./delivery-schema.ts";
import type {
  LedgerAttempt,
  LedgerDelivery,
  LedgerEntry,
  LedgerFilter,
  LedgerPage,
} from "./endpoint-outbox.ts";
import { guardEngine } from "./engine-error.ts";
import { type DeliveryRow, eventIdOf } from "./outbox.ts";
import { ReadingPace } from "./reading-pace.ts";

/** Ids looked through in one read: a millisecond or two when each has its row. */
const IDS_PER_READ = 2_000;
/** Reads for one page at most. */
const READS_PER_PAGE = 100;
const ATTEMPTS_SHOWN_MAX = 100;

const { bodyText: _body, ...LISTED_COLUMNS } = getTableColumns(deliveries);

/** A stretch of ids, newest first. */
interface Look {
  readonly endpointId: EndpointId;
  readonly fromId: number;
  readonly beforeId: number;
  readonly limit: number;
}

/** The readers' statements, on their own connection. */
export class LedgerReader {
  readonly #orm: BunSQLiteDatabase;
  readonly #turns = new ReadingTurns();
  readonly #clock: Clock;
  readonly #boxId: string;

  constructor(
    orm: BunSQLiteDatabase,
    options: {
      readonly clock: Clock;
      /** A part of every event's id. */
      readonly boxId: string;
    },
  ) {
    this.#orm = orm;
    this.#clock = options.clock;
    this.#boxId = options.boxId;
  }

  /** See `EndpointOutbox.listDeliveries`. */
  async list(endpointId: EndpointId, filter: LedgerFilter, limit: number): Promise<LedgerPage> {
    await this.#turns.next();
    const pace = new ReadingPace(this.#turns, this.#clock);
    const { firstId, lastId } = this.#readEnds();
    const found: LedgerDelivery[] = [];
    let beforeId = Math.min(filter.beforeId ?? Number.POSITIVE_INFINITY, lastId + 1);
    for (let reads = 0; reads < READS_PER_PAGE && beforeId > firstId; reads += 1) {
      const look = { endpointId, fromId: beforeId - IDS_PER_READ, beforeId };
      const page = this.#read({ ...look, limit: limit - found.length }, filter);
      found.push(...page);
      const last = found.length === limit ? found.at(-1) : undefined;
      beforeId = last?.id ?? look.fromId;
      if (last !== undefined) break;
      await pace.keep();
    }
    return { deliveries: found, nextBeforeId: beforeId > firstId ? beforeId : undefined };
  }

  /** See `EndpointOutbox.findDelivery`. */
  find(endpointId: EndpointId, id: number): LedgerEntry | undefined {
    return guardEngine("read a delivery", () => {
      const row = this.#orm
        .select()
        .from(deliveries)
        .where(and(eq(deliveries.id, id), eq(deliveries.endpointId, endpointId)))
        .get();
      if (row === undefined) return undefined;
      const tries = this.#orm
        .select()
        .from(attempts)
        // A receiver that was removed may have left tries of the same number.
        .where(and(eq(attempts.deliveryId, id), eq(attempts.endpointId, endpointId)))
        .orderBy(desc(attempts.id))
        .limit(ATTEMPTS_SHOWN_MAX);
      return {
        ...deliveryFromRow(row, this.#boxId),
        bodyText: row.bodyText ?? undefined,
        attempts: tries.all().map(attemptFromRow),
      };
    });
  }

  #readEnds(): { readonly firstId: number; readonly lastId: number } {
    // Each by itself is a step to the end of the table; both in one statement would read all of it.
    const end = (which: "min" | "max") =>
      this.#orm.all<{ id: number | null }>(
        sql`SELECT ${sql.raw(which)}(id) AS id FROM deliveries`,
      )[0]?.id;
    return guardEngine("read the ledger", () => ({
      firstId: end("min") ?? 1,
      lastId: end("max") ?? 0,
    }));
  }

  #read(look: Look, filter: LedgerFilter): readonly LedgerDelivery[] {
    const { id, endpointId } = deliveries;
    return guardEngine("read the ledger", () =>
      this.#orm
        .select(LISTED_COLUMNS)
        .from(deliveries)
        .where(
          and(
            gte(id, look.fromId),
            lt(id, look.beforeId),
            eq(endpointId, look.endpointId),
            ...conditionsOf(filter),
          ),
        )
        .orderBy(desc(id))
        .limit(look.limit)
        .all()
        .map((row) => deliveryFromRow(row, this.#boxId)),
    );
  }
}

function conditionsOf({ status, deviceId: device, sinceMs }: LedgerFilter): readonly SQL[] {
  return [
    // Written out: a partial index is not used for a bound value.
    ...(status === undefined ? [] : [sql`${deliveries.status} = ${sql.raw(`'${status}'`)}`]),
    ...(device === undefined ? [] : [eq(deliveries.deviceId, device)]),
    ...(sinceMs === undefined
      ? []
      : [sql`coalesce(${deliveries.lastAttemptAtMs}, ${deliveries.eventAtMs}) >= ${sinceMs}`]),
  ];
}

function deliveryFromRow(row: Omit<DeliveryRow, "bodyText">, boxId: string): LedgerDelivery {
  return {
    id: row.id,
    eventId: eventIdOf(row, boxId),
    type: row.type,
    deviceId: row.deviceId === "" ? undefined : deviceId(row.deviceId),
    punchId: row.punchId === 0 ? undefined : punchId(row.punchId),
    revision: row.revision,
    eventAtMs: epochMs(row.eventAtMs),
    status: row.status,
    attemptCount: row.attemptCount,
    lastAttemptAtMs: row.lastAttemptAtMs === null ? undefined : epochMs(row.lastAttemptAtMs),
    lastHttpStatus: row.lastHttpStatus ?? undefined,
  };
}

function attemptFromRow(row: typeof attempts.$inferSelect): LedgerAttempt {
  return {
    atMs: epochMs(row.atMs),
    durationMs: row.durationMs,
    outcome: row.outcome,
    httpStatus: row.httpStatus ?? undefined,
    detail: row.detail,
    replyText: row.replyText,
  };
}
