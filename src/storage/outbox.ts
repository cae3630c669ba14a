/**
 * The webhook messages that wait, written in the transaction of the punch they tell of, and what
 * their tries made of them.
 */

import { and, asc, eq, getTableColumns, gt, sql } from "drizzle-orm";
import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import { assertDefined } from "#base/assert.ts";
import { type EpochMs, epochMs } from "#base/epoch.ts";
import { type DeviceId, deviceId } from "#domain/identifiers.ts";
import type { EndpointId, EventType } from "#domain/webhook-endpoint.ts";
import type { Counters } from "./counters.ts";
import { deliveries } from "./delivery-schema.ts";
import type { AttemptRecord } from "./endpoint-outbox.ts";
import { DELIVERY_BYTES } from "./ledger.ts";
import { punchFromRow } from "./punches.ts";
import { punches } from "./schema.ts";
import type { WaitingDelivery } from "./storage.ts";

/** A stored message. */
export type DeliveryRow = typeof deliveries.$inferSelect;

/** A message that has just been parked. */
export interface ParkedDelivery {
  readonly row: Omit<DeliveryRow, "bodyText">;
  /** It had been parked before, and a further try was in vain, too. */
  readonly wasParked: boolean;
}

/** Writes messages and the results of their tries, inside the caller's transaction. */
export class Outbox {
  readonly #counters: Counters;
  readonly #isDiskLow: () => boolean;
  readonly #insert;
  readonly #finish;
  readonly #putOff;
  readonly #keep;
  readonly #find;
  readonly #supersede;
  readonly #insertEvent;
  /** The highest number of a message that is gone, though a try of it may be under way. */
  #lastGoneId = 0;

  /** `isDiskLow`: whether what only the ledger shows is not to be written. */
  constructor(orm: BunSQLiteDatabase, counters: Counters, isDiskLow: () => boolean) {
    this.#counters = counters;
    this.#isDiskLow = isDiskLow;
    this.#supersede = orm
      .update(deliveries)
      .set({ status: "superseded" })
      .where(
        and(
          eq(deliveries.punchId, sql.placeholder("punchId")),
          eq(deliveries.endpointId, sql.placeholder("endpointId")),
          // Written out: the partial index is not used for a bound value.
          sql`${deliveries.type} = 'punch.updated'`,
          eq(deliveries.status, sql.placeholder("status")),
        ),
      )
      .returning({ bytes: BYTES })
      .prepare();
    this.#insert = orm
      .insert(deliveries)
      .values({
        ...UNTRIED,
        id: NEXT_ID,
        punchId: sql.placeholder("punchId"),
        revision: sql.placeholder("revision"),
        isDuplicate: sql.placeholder("isDuplicate"),
      })
      .prepare();
    this.#insertEvent = orm
      .insert(deliveries)
      .values({
        ...UNTRIED,
        id: NEXT_ID,
        punchId: 0,
        revision: 0,
        eventRowId: sql.placeholder("eventRowId"),
        bodyText: sql.placeholder("bodyText"),
      })
      .prepare();
    this.#finish = orm
      .update(deliveries)
      .set({
        ...TRIED,
        status: sql`${sql.placeholder("status")}`,
        attemptCount: sql`${deliveries.attemptCount} + ${sql.placeholder("refusedCount")}`,
      })
      .where(WAITING)
      .returning({ bytes: BYTES })
      .prepare();
    this.#putOff = orm
      .update(deliveries)
      .set({
        ...TRIED,
        attemptCount: sql`${deliveries.attemptCount} + 1`,
        nextAttemptAtMs: sql`${sql.placeholder("nextAttemptAtMs")}`,
      })
      .where(WAITING)
      .prepare();
    this.#keep = orm.update(deliveries).set(TRIED).where(WAITING).prepare();
    const { bodyText: _, ...columns } = getTableColumns(deliveries);
    this.#find = orm
      .select(columns)
      .from(deliveries)
      .where(eq(deliveries.id, sql.placeholder("id")))
      .prepare();
  }

  /**
   * One message for each of these endpoints. A `punch.updated` takes the place of every earlier one of
   * its punch that is not delivered: what is told is the punch as it stands.
   */
  enqueue(
    targets: readonly EndpointId[],
    event: {
      readonly type: EventType;
      readonly deviceId: string;
      readonly punchId: number;
      readonly revision: number;
      readonly eventAtMs: number;
      readonly isDuplicate: boolean;
    },
  ): void {
    for (const endpointId of targets) {
      if (event.type === "punch.updated") this.#dropEarlier(endpointId, event.punchId);
      this.#insert.run({
        ...event,
        lastGoneId: this.#lastGoneId,
        endpointId,
        isDuplicate: Number(event.isDuplicate),
      });
      this.#counters.addDeliveries(endpointId, { waiting: 1 });
    }
  }

  /** One message for each of these endpoints about an event that is no punch's; it has its body. */
  enqueueEvent(
    targets: readonly EndpointId[],
    event: {
      readonly type: EventType;
      readonly deviceId: string;
      readonly eventAtMs: number;
      readonly eventRowId: number;
      readonly bodyText: string;
    },
  ): void {
    for (const endpointId of targets) {
      this.#insertEvent.run({ ...event, lastGoneId: this.#lastGoneId, endpointId });
      this.#counters.addDeliveries(endpointId, { waiting: 1 });
    }
  }

  /**
   * Says that a message is deleted which nobody is done with. Its number is no other's while this
   * process runs: the result of a try that is under way would count for that one, and delivery, which
   * reads on behind the numbers it has passed, would not see it.
   */
  noteGone(id: number): void {
    this.#lastGoneId = Math.max(this.#lastGoneId, id);
  }

  #dropEarlier(endpointId: EndpointId, punchId: number): void {
    const drop = (status: "waiting" | "parked") => {
      const dropped = this.#supersede.all({ endpointId, punchId, status });
      const ledgerBytes = dropped.reduce((sum, { bytes }) => sum + bytes, 0);
      if (ledgerBytes > 0) this.#counters.add({ ledgerBytes });
      return dropped.length;
    };
    const waiting = drop("waiting");
    const parked = drop("parked");
    if (waiting + parked > 0) {
      this.#counters.addDeliveries(endpointId, { waiting: -waiting, parked: -parked });
    }
  }

  /**
   * Writes what a try made of its message. One that no longer waits stays as it is. Returns one that
   * is parked by it.
   */
  record(endpointId: EndpointId, record: AttemptRecord): ParkedDelivery | undefined {
    const { kind, bodyText = null } = record;
    // What is to be tried again needs its body, so that every try sends the same.
    const isForLedger = kind === "delivered";
    const tried = {
      id: record.deliveryId,
      endpointId,
      atMs: record.atMs,
      httpStatus: record.httpStatus ?? null,
      bodyText: isForLedger && this.#isDiskLow() ? null : bodyText,
    };
    if (kind === "refused") {
      this.#putOff.run({ ...tried, nextAttemptAtMs: record.nextAttemptAtMs });
      return undefined;
    }
    if (kind === "failed") {
      this.#keep.run(tried);
      return undefined;
    }
    const isParked = kind === "parked";
    const ended = this.#finish.get({ ...tried, status: kind, refusedCount: isParked ? 1 : 0 });
    if (ended === undefined) return undefined;
    this.#counters.addDeliveries(endpointId, { waiting: -1, parked: isParked ? 1 : 0 });
    if (isParked) return this.#findParked(record.deliveryId);
    // A parked one never goes, so that it takes nothing of what the ledger may hold.
    this.#counters.add({ ledgerBytes: ended.bytes });
    return undefined;
  }

  #findParked(id: number): ParkedDelivery {
    const row = assertDefined(this.#find.get({ id }), "A message was parked that is not there");
    // One that is put back keeps its count, and is due at once; one that was refused waits a while.
    return { row, wasParked: row.attemptCount > 1 && row.nextAttemptAtMs === 0 };
  }
}

/** Behind every message that is there, and every one that is gone. */
const NEXT_ID = sql`(SELECT max(coalesce(max(id), 0), ${sql.placeholder("lastGoneId")}) + 1 FROM deliveries)`;

/** What a message counts for once it is finished. */
const BYTES = sql<number>`${sql.raw(DELIVERY_BYTES)}`;

/** What every try that was recorded leaves in its message. The first body is the one that stays. */
const TRIED = {
  lastAttemptAtMs: sql`${sql.placeholder("atMs")}`,
  lastHttpStatus: sql`${sql.placeholder("httpStatus")}`,
  bodyText: sql`coalesce(${deliveries.bodyText}, ${sql.placeholder("bodyText")})`,
};

/**
 * With its receiver: a try may end after that was removed, and the number of its message be another's
 * by then.
 */
const WAITING = and(
  eq(deliveries.id, sql.placeholder("id")),
  eq(deliveries.endpointId, sql.placeholder("endpointId")),
  eq(deliveries.status, "waiting"),
);

/** What every message begins with. */
const UNTRIED = {
  endpointId: sql.placeholder("endpointId"),
  type: sql.placeholder("type"),
  deviceId: sql.placeholder("deviceId"),
  eventAtMs: sql.placeholder("eventAtMs"),
  status: "waiting",
  attemptCount: 0,
  nextAttemptAtMs: 0,
} as const;

/** Devices that have messages waiting: one step in the index per device, however many wait. */
export function readDevicesWithDeliveries(
  orm: BunSQLiteDatabase,
  endpoint: EndpointId,
): readonly DeviceId[] {
  const rows = orm.all<{ device_id: string | null }>(sql`
    WITH RECURSIVE waiting(device_id) AS (
      SELECT (
        SELECT min(device_id) FROM deliveries
        WHERE status = 'waiting' AND endpoint_id = ${endpoint}
      )
      UNION ALL
      SELECT (
        SELECT min(d.device_id) FROM deliveries AS d
        WHERE d.status = 'waiting' AND d.endpoint_id = ${endpoint} AND d.device_id > waiting.device_id
      ) FROM waiting WHERE waiting.device_id IS NOT NULL
    )
    SELECT device_id FROM waiting WHERE device_id IS NOT NULL
  `);
  return rows.flatMap((row) => (row.device_id === null ? [] : [deviceId(row.device_id)]));
}

/** When the oldest waiting message's event was made: two steps in the index per device. */
export function readOldestWaiting(
  orm: BunSQLiteDatabase,
  endpoint: EndpointId,
): EpochMs | undefined {
  const [row] = orm.all<{ at_ms: number | null }>(sql`
    WITH RECURSIVE first(id, device_id) AS (
      SELECT * FROM (
        SELECT id, device_id FROM deliveries
        WHERE status = 'waiting' AND endpoint_id = ${endpoint} ORDER BY device_id, id LIMIT 1
      )
      UNION ALL
      SELECT next.id, next.device_id FROM first JOIN deliveries AS next ON next.id = (
        SELECT d.id FROM deliveries AS d
        WHERE d.status = 'waiting' AND d.endpoint_id = ${endpoint} AND d.device_id > first.device_id
        ORDER BY d.device_id, d.id LIMIT 1
      )
    )
    SELECT min(event_at_ms) AS at_ms FROM first JOIN deliveries USING (id)
  `);
  return row?.at_ms === null || row === undefined ? undefined : epochMs(row.at_ms);
}

/** A stretch of what waits for an endpoint of a device. */
export interface WaitingPage {
  readonly endpointId: EndpointId;
  readonly deviceId: DeviceId;
  /** Behind this one. */
  readonly afterId: number;
  readonly limit: number;
}

/**
 * Reads waiting messages, oldest first, with the punches as they stand. Prepared once: to make the
 * query costs as much as to read twenty rows.
 */
export function prepareWaiting(
  orm: BunSQLiteDatabase,
  boxId: string,
): (page: WaitingPage) => readonly WaitingDelivery[] {
  const query = orm
    .select({ delivery: deliveries, punch: punches })
    .from(deliveries)
    .leftJoin(punches, eq(punches.id, deliveries.punchId))
    .where(
      and(
        // Written out: the partial index is not used for a bound value.
        sql`${deliveries.status} = 'waiting'`,
        eq(deliveries.endpointId, sql.placeholder("endpointId")),
        eq(deliveries.deviceId, sql.placeholder("deviceId")),
        gt(deliveries.id, sql.placeholder("afterId")),
      ),
    )
    .orderBy(asc(deliveries.id))
    .limit(sql.placeholder("limit"))
    .prepare();
  return (page) =>
    query.all({ ...page }).map(({ delivery, punch }) => ({
      id: delivery.id,
      deviceId: deviceId(delivery.deviceId),
      eventId: eventIdOf(delivery, boxId),
      eventAtMs: epochMs(delivery.eventAtMs),
      attemptCount: delivery.attemptCount,
      nextAttemptAtMs: epochMs(delivery.nextAttemptAtMs),
      type: delivery.type,
      punch: punch === null ? undefined : punchFromRow(punch),
      bodyText: delivery.bodyText ?? undefined,
      isDuplicate: delivery.isDuplicate,
    }));
}

/** What receivers know a recorded event by, in its messages and on `/v1/events`. */
export function recordedEventId(boxId: string, sequence: number): string {
  return `${boxId}-event-${sequence}`;
}

/**
 * Of no two events the same. A resend is another one than the punch that it repeats, and than any
 * other resend of it.
 */
export function eventIdOf(delivery: Omit<DeliveryRow, "bodyText">, boxId: string): string {
  if (delivery.eventRowId !== null) return recordedEventId(boxId, delivery.eventRowId);
  const ofPunch = `${boxId}-${delivery.punchId}-${delivery.revision}`;
  return delivery.isDuplicate ? `${ofPunch}-${delivery.id}` : ofPunch;
}
