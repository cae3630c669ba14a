/**
 * The next ids and the totals: counted in memory by the one writer, written once per transaction.
 */

import { desc, eq, isNotNull, sql } from "drizzle-orm";
import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import { AppError } from "#base/app-error.ts";
import { type FeedPosition, feedPosition, type PunchId, punchId } from "#domain/identifiers.ts";
import type { EndpointId } from "#domain/webhook-endpoint.ts";
import { counters, punches } from "./schema.ts";

const ROW_ID = 1;

/** A new box starts its punch ids above this, so that imported ids always fit below. */
const LAST_PUNCH_ID_OF_A_NEW_BOX = 1_000_000;

/** All totals at one moment. Immutable, so that keeping one is a snapshot. */
export type CounterValues = Readonly<typeof counters.$inferSelect>;

export class Counters {
  readonly #update;
  #values: CounterValues;
  #saved: CounterValues;

  constructor(orm: BunSQLiteDatabase) {
    this.#values = loadOrMake(orm);
    this.#update = orm
      .update(counters)
      .set({
        lastPunchId: sql`${sql.placeholder("lastPunchId")}`,
        lastFeedPosition: sql`${sql.placeholder("lastFeedPosition")}`,
        punchCount: sql`${sql.placeholder("punchCount")}`,
        heldCount: sql`${sql.placeholder("heldCount")}`,
        quarantineCount: sql`${sql.placeholder("quarantineCount")}`,
        quarantineBytes: sql`${sql.placeholder("quarantineBytes")}`,
        quarantineUnattributedBytes: sql`${sql.placeholder("quarantineUnattributedBytes")}`,
        noticeTextBytes: sql`${sql.placeholder("noticeTextBytes")}`,
        deliveriesWaiting: sql`${sql.placeholder("deliveriesWaiting")}`,
        deliveriesParked: sql`${sql.placeholder("deliveriesParked")}`,
        endpointTotals: sql`${sql.placeholder("endpointTotals")}`,
        ledgerBytes: sql`${sql.placeholder("ledgerBytes")}`,
      })
      .where(eq(counters.id, sql.placeholder("id")))
      .prepare();
    this.#saved = this.#values;
  }

  get values(): CounterValues {
    return this.#values;
  }

  nextPunchId(): PunchId {
    const lastPunchId = this.#values.lastPunchId + 1;
    this.#values = { ...this.#values, lastPunchId };
    return punchId(lastPunchId);
  }

  /** Lets all further ids be above `id`. */
  raisePunchIds(id: number): void {
    if (id > this.#values.lastPunchId) this.#values = { ...this.#values, lastPunchId: id };
  }

  nextFeedPosition(): FeedPosition {
    const lastFeedPosition = this.#values.lastFeedPosition + 1;
    this.#values = { ...this.#values, lastFeedPosition };
    return feedPosition(lastFeedPosition);
  }

  /** Adds to totals; negative amounts take away. */
  add(
    amounts: Partial<
      Omit<CounterValues, "id" | "lastPunchId" | "lastFeedPosition" | "endpointTotals">
    >,
  ): void {
    const values = { ...this.#values };
    values.punchCount += amounts.punchCount ?? 0;
    values.heldCount += amounts.heldCount ?? 0;
    values.quarantineCount += amounts.quarantineCount ?? 0;
    values.quarantineBytes += amounts.quarantineBytes ?? 0;
    values.quarantineUnattributedBytes += amounts.quarantineUnattributedBytes ?? 0;
    values.noticeTextBytes += amounts.noticeTextBytes ?? 0;
    values.deliveriesWaiting += amounts.deliveriesWaiting ?? 0;
    values.deliveriesParked += amounts.deliveriesParked ?? 0;
    values.ledgerBytes += amounts.ledgerBytes ?? 0;
    this.#values = values;
  }

  /** Adds to an endpoint's messages, and to those of all. */
  addDeliveries(
    endpoint: EndpointId,
    amounts: { readonly waiting?: number; readonly parked?: number },
  ): void {
    const { waiting = 0, parked = 0 } = amounts;
    const { endpointTotals: totals } = this.#values;
    const before = totals[String(endpoint)] ?? { waiting: 0, parked: 0 };
    const after = { waiting: before.waiting + waiting, parked: before.parked + parked };
    this.add({ deliveriesWaiting: waiting, deliveriesParked: parked });
    this.#values = { ...this.#values, endpointTotals: { ...totals, [String(endpoint)]: after } };
  }

  /** Messages that wait for an endpoint. */
  waitingOf(endpoint: EndpointId): number {
    return this.#values.endpointTotals[String(endpoint)]?.waiting ?? 0;
  }

  /** Lets go of the totals of an endpoint that was removed. */
  forgetEndpoint(endpoint: EndpointId): void {
    const { [String(endpoint)]: left, ...endpointTotals } = this.#values.endpointTotals;
    this.add({
      deliveriesWaiting: -(left?.waiting ?? 0),
      deliveriesParked: -(left?.parked ?? 0),
    });
    this.#values = { ...this.#values, endpointTotals };
  }

  /** Takes every change since `values` back, as the transaction's rollback does on disk. */
  restore(values: CounterValues): void {
    this.#values = values;
  }

  /** Writes what changed, and returns whether anything did: called last inside the transaction. */
  save(): boolean {
    if (this.#values === this.#saved) return false;
    this.#update.run({
      ...this.#values,
      endpointTotals: JSON.stringify(this.#values.endpointTotals),
    });
    return true;
  }

  /** Called after the commit: what was written is on disk. */
  committed(): void {
    this.#saved = this.#values;
  }
}

/** A place in the feed that is given out twice would hide a punch from those who follow the feed. */
function assertAhead(orm: BunSQLiteDatabase, stored: CounterValues): CounterValues {
  const last = orm
    .select({ position: punches.feedPosition })
    .from(punches)
    .where(isNotNull(punches.feedPosition))
    .orderBy(desc(punches.feedPosition))
    .limit(1)
    .get();
  if ((last?.position ?? 0) <= stored.lastFeedPosition) return stored;
  throw new AppError(
    "storage-damaged",
    `Cannot count on: the feed reaches ${last?.position}, its counter stands at ${stored.lastFeedPosition}`,
    { hint: "Stop the service, keep the file, restore the last backup" },
  );
}

function loadOrMake(orm: BunSQLiteDatabase): CounterValues {
  const stored = orm.select().from(counters).where(eq(counters.id, ROW_ID)).get();
  if (stored !== undefined) return assertAhead(orm, stored);
  const punch = orm.select({ id: punches.id }).from(punches).limit(1).get();
  if (punch !== undefined) {
    throw new AppError(
      "storage-damaged",
      "Cannot count on: the row of counters is missing although punches are stored",
      { hint: "Stop the service, keep the file, restore the last backup" },
    );
  }
  const fresh: CounterValues = {
    id: ROW_ID,
    lastPunchId: LAST_PUNCH_ID_OF_A_NEW_BOX,
    lastFeedPosition: 0,
    punchCount: 0,
    heldCount: 0,
    quarantineCount: 0,
    quarantineBytes: 0,
    quarantineUnattributedBytes: 0,
    noticeTextBytes: 0,
    deliveriesWaiting: 0,
    deliveriesParked: 0,
    endpointTotals: {},
    ledgerBytes: 0,
  };
  orm.insert(counters).values(fresh).run();
  return fresh;
}
