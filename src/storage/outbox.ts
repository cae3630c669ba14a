/**
 * The webhook messages that wait, written in the transaction of the punch they tell of.
 */

import { and, asc, eq, gt, sql } from "drizzle-orm";
import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import { epochMs } from "#base/epoch.ts";
import { type DeviceId, deviceId } from "#domain/identifiers.ts";
import { type EndpointId, type EventType, endpointId } from "#domain/webhook-endpoint.ts";
import type { Counters } from "./counters.ts";
import { deliveries } from "./delivery-schema.ts";
import { punchFromRow } from "./punches.ts";
import { punches } from "./schema.ts";
import type { AttemptRecord, WaitingDelivery } from "./storage.ts";

/** Writes messages and the results of their tries, inside the caller's transaction. */
export class Outbox {
  readonly #counters: Counters;
  readonly #insert;
  readonly #finish;
  readonly #putOff;
  readonly #requeue;
  readonly #supersede;

  constructor(orm: BunSQLiteDatabase, counters: Counters) {
    this.#counters = counters;
    this.#requeue = orm
      .update(deliveries)
      .set({ status: "waiting", nextAttemptAtMs: 0 })
      .where(
        sql`${deliveries.id} IN (
          SELECT id FROM deliveries
          WHERE status = 'parked' AND endpoint_id = ${sql.placeholder("endpointId")}
          ORDER BY id LIMIT ${sql.placeholder("limit")}
        )`,
      )
      .returning({ id: deliveries.id })
      .prepare();
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
      .returning({ id: deliveries.id })
      .prepare();
    this.#insert = orm
      .insert(deliveries)
      .values({
        endpointId: sql.placeholder("endpointId"),
        type: sql.placeholder("type"),
        deviceId: sql.placeholder("deviceId"),
        punchId: sql.placeholder("punchId"),
        revision: sql.placeholder("revision"),
        eventAtMs: sql.placeholder("eventAtMs"),
        status: "waiting",
        attemptCount: 0,
        nextAttemptAtMs: 0,
        isDuplicate: sql.placeholder("isDuplicate"),
      })
      .prepare();
    this.#finish = orm
      .update(deliveries)
      .set({
        status: sql`${sql.placeholder("status")}`,
        attemptCount: sql`${deliveries.attemptCount} + 1`,
        lastAttemptAtMs: sql`${sql.placeholder("atMs")}`,
        lastHttpStatus: sql`${sql.placeholder("httpStatus")}`,
      })
      .where(and(eq(deliveries.id, sql.placeholder("id")), eq(deliveries.status, "waiting")))
      .returning({ endpointId: deliveries.endpointId })
      .prepare();
    this.#putOff = orm
      .update(deliveries)
      .set({
        attemptCount: sql`${deliveries.attemptCount} + 1`,
        nextAttemptAtMs: sql`${sql.placeholder("nextAttemptAtMs")}`,
        lastAttemptAtMs: sql`${sql.placeholder("atMs")}`,
        lastHttpStatus: sql`${sql.placeholder("httpStatus")}`,
      })
      .where(and(eq(deliveries.id, sql.placeholder("id")), eq(deliveries.status, "waiting")))
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
      this.#insert.run({ ...event, endpointId, isDuplicate: Number(event.isDuplicate) });
      this.#counters.addDeliveries(endpointId, { waiting: 1 });
    }
  }

  #dropEarlier(endpointId: EndpointId, punchId: number): void {
    const drop = (status: "waiting" | "parked") =>
      this.#supersede.all({ endpointId, punchId, status }).length;
    const waiting = drop("waiting");
    const parked = drop("parked");
    if (waiting + parked > 0) {
      this.#counters.addDeliveries(endpointId, { waiting: -waiting, parked: -parked });
    }
  }

  /** Lets the oldest parked messages wait again, for the one more try that their count leaves. */
  requeueParked(endpointId: EndpointId, limit: number): number {
    const { length: count } = this.#requeue.all({ endpointId, limit });
    this.#counters.addDeliveries(endpointId, { waiting: count, parked: -count });
    return count;
  }

  /** Writes the result of one try. A result for a message that no longer waits changes nothing. */
  record(record: AttemptRecord): void {
    const tried = { id: record.deliveryId, atMs: record.atMs, httpStatus: record.httpStatus };
    if (record.kind === "refused") {
      this.#putOff.run({ ...tried, nextAttemptAtMs: record.nextAttemptAtMs });
      return;
    }
    const finished = this.#finish.get({ ...tried, status: record.kind });
    if (finished === undefined) return;
    const parked = record.kind === "parked" ? 1 : 0;
    this.#counters.addDeliveries(endpointId(finished.endpointId), { waiting: -1, parked });
  }
}

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

/** A device's waiting messages behind `afterId`, oldest first, with the punches as they stand. */
export function readWaitingDeliveries(
  orm: BunSQLiteDatabase,
  device: DeviceId,
  query: {
    readonly endpointId: EndpointId;
    readonly afterId: number;
    readonly limit: number;
    readonly boxId: string;
  },
): readonly WaitingDelivery[] {
  return orm
    .select({ delivery: deliveries, punch: punches })
    .from(deliveries)
    .leftJoin(punches, eq(punches.id, deliveries.punchId))
    .where(
      and(
        // Written out: the partial index is not used for a bound value.
        sql`${deliveries.status} = 'waiting'`,
        eq(deliveries.endpointId, query.endpointId),
        eq(deliveries.deviceId, device),
        gt(deliveries.id, query.afterId),
      ),
    )
    .orderBy(asc(deliveries.id))
    .limit(query.limit)
    .all()
    .map(({ delivery, punch }) => ({
      id: delivery.id,
      deviceId: deviceId(delivery.deviceId),
      eventId: eventIdOf(delivery, query.boxId),
      eventAtMs: epochMs(delivery.eventAtMs),
      attemptCount: delivery.attemptCount,
      nextAttemptAtMs: epochMs(delivery.nextAttemptAtMs),
      type: delivery.type,
      punch: punch === null ? undefined : punchFromRow(punch),
      bodyText: delivery.bodyText ?? undefined,
      isDuplicate: delivery.isDuplicate,
    }));
}

/**
 * Of no two events the same. A resend is another one than the punch that it repeats, and than any
 * other resend of it.
 */
function eventIdOf(delivery: typeof deliveries.$inferSelect, boxId: string): string {
  if (delivery.eventRowId !== null) return `${boxId}-event-${delivery.eventRowId}`;
  const ofPunch = `${boxId}-${delivery.punchId}-${delivery.revision}`;
  return delivery.isDuplicate ? `${ofPunch}-${delivery.id}` : ofPunch;
}
