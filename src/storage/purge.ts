/**
 * Lets go of punches: of all that are older than the site keeps them, and of one user who is to be
 * forgotten. Every step is bounded and runs inside the caller's transaction.
 */

import type { Database } from "bun:sqlite";
import { type EpochMs, epochMs } from "#base/epoch.ts";
import { type DeviceId, deviceId, type UserId } from "#domain/identifiers.ts";
import { canonicalUserId, type LeadingZeros } from "#domain/punch-identity.ts";
import { wallTimeAt } from "#domain/wall-time.ts";
import { endpointId } from "#domain/webhook-endpoint.ts";
import { ATTEMPT_BYTES, DELIVERY_BYTES, type SizedRow } from "./ledger.ts";
import type { WriteParts } from "./write-parts.ts";

/** Some milliseconds, when all of them go. */
const PUNCHES_PER_STEP = 100;
const DELIVERIES_PER_STEP = 1_000;
/** Which punches some receiver has not had is kept in memory: with more of them nothing goes. */
const OPEN_DELIVERIES_MAX = 20_000;
/** No wall clock is so far ahead of UTC. */
const WALL_CLOCK_AHEAD_MS = 24 * 3_600_000;

const LIST_OLD = `SELECT id, wall_time AS wallTime, instant_ms AS instantMs,
  received_at_ms AS receivedAtMs
  FROM punches INDEXED BY punches_wall_time
  WHERE feed_position IS NOT NULL AND (wall_time, id) > ($wallTime, $id) AND wall_time < $before
  ORDER BY wall_time, id LIMIT ${PUNCHES_PER_STEP}`;
const LIST_OPEN = `SELECT punch_id AS id FROM deliveries WHERE status = 'waiting'
  UNION SELECT punch_id FROM deliveries WHERE status = 'parked'`;
const FIND_HISTORY = "SELECT 1 FROM history_sends LIMIT 1";
const DROP_PUNCH = "DELETE FROM punches WHERE id = ?";
const DROP_LATE = `DELETE FROM late_punches
  WHERE NOT EXISTS (SELECT 1 FROM punches WHERE punches.id = late_punches.punch_id)`;

const LIST_OF_USER = `SELECT id, device_id AS deviceId, feed_position AS feedPosition
  FROM punches WHERE user_id = ? AND id <= ? LIMIT ${PUNCHES_PER_STEP}`;
/** Every message behind a place, and whether it tells of the user. */
const LIST_DELIVERIES = `SELECT id, endpoint_id AS endpointId, status, ${DELIVERY_BYTES} AS bytes,
  EXISTS (SELECT 1 FROM punches WHERE punches.id = punch_id AND user_id = $userId) AS isOfUser
  FROM deliveries WHERE id > $after AND punch_id <= $lastPunchId
  ORDER BY id LIMIT ${DELIVERIES_PER_STEP}`;
const DROP_TRIES = `DELETE FROM attempts WHERE delivery_id = ? RETURNING ${ATTEMPT_BYTES} AS bytes`;
const DROP_DELIVERY = "DELETE FROM deliveries WHERE id = ?";
const DROP_ENROLLMENTS = "DELETE FROM enrollments WHERE user_id = ? RETURNING id";
const DROP_USER = "DELETE FROM users WHERE id = ? RETURNING id";
const LIST_COMMANDS = `SELECT id, json_extract(parameters_text, '$.user_id') AS userId
  FROM commands WHERE finished_at_ms IS NOT NULL
  AND json_extract(parameters_text, '$.user_id') IS NOT NULL`;
const DROP_COMMAND = "DELETE FROM commands WHERE id = ?";
/** Their results name everybody on a terminal. */
const EMPTY_LISTS = `UPDATE commands SET result_text = NULL, result_bytes = NULL
  WHERE kind = 'list-users' AND finished_at_ms IS NOT NULL AND is_result_pending = 0
  AND result_text IS NOT NULL`;

interface OldPunch {
  readonly id: number;
  readonly wallTime: string;
  readonly instantMs: number;
  readonly receivedAtMs: number;
}

interface UsersPunch {
  readonly id: number;
  readonly deviceId: string;
  readonly feedPosition: number | null;
}

interface ToldPunch extends SizedRow {
  readonly id: number;
  readonly endpointId: number;
  readonly status: "waiting" | "delivered" | "parked" | "superseded";
  /** 0 or 1. */
  readonly isOfUser: number;
}

/** What came of a step: `waits` while too many messages wait for their receivers. */
export type PurgeStep =
  | { readonly kind: "waits" }
  | { readonly kind: "purged"; readonly count: number; readonly hasMore: boolean };

/**
 * The walk over what is too old, by wall time. A punch goes when both its time and its arrival are
 * before the date, so that what is imported or recovered late is kept as long as any other; and not
 * while a message of it waits or is parked.
 */
export class PunchPurge {
  readonly #database: Database;
  #place = START;

  constructor(database: Database) {
    this.#database = database;
  }

  step(parts: WriteParts, beforeMs: EpochMs): PurgeStep {
    const { deliveriesWaiting, deliveriesParked } = parts.counters.values;
    if (deliveriesWaiting + deliveriesParked > OPEN_DELIVERIES_MAX) return { kind: "waits" };
    if (this.#isSendingHistory(parts)) return { kind: "waits" };
    const before = wallTimeAt(epochMs(beforeMs + WALL_CLOCK_AHEAD_MS), "UTC");
    const rows = this.#database
      .query<OldPunch, [Record<string, string | number>]>(LIST_OLD)
      .all({ ...this.#place, before });
    const aged = rows.filter(
      ({ instantMs, receivedAtMs }) => instantMs < beforeMs && receivedAtMs < beforeMs,
    );
    // In each step anew: what was delivered long ago may wait once more since the step before.
    const openIds = aged.length === 0 ? NONE : this.#listOpen();
    const old = aged.filter(({ id }) => !openIds.has(id));
    for (const { id } of old) this.#database.query<never, [number]>(DROP_PUNCH).run(id);
    parts.counters.add({ punchCount: -old.length });
    const last = rows.length < PUNCHES_PER_STEP ? undefined : rows.at(-1);
    this.#place = last ?? START;
    if (last === undefined) this.#database.run(DROP_LATE);
    if (old.length > 0) parts.noteWrite();
    return { kind: "purged", count: old.length, hasMore: last !== undefined };
  }

  /** Whether some receiver is being given what was stored long ago. */
  #isSendingHistory({ endpoints }: WriteParts): boolean {
    const isFilling = endpoints
      .list()
      .some(({ isEnabled, fillAfterPosition }) => isEnabled && fillAfterPosition !== undefined);
    return isFilling || this.#database.query(FIND_HISTORY).get() !== null;
  }

  #listOpen(): ReadonlySet<number> {
    const rows = this.#database.query<{ readonly id: number }, []>(LIST_OPEN).all();
    return new Set(rows.map(({ id }) => id));
  }
}

const NONE: ReadonlySet<number> = new Set();
const START: Pick<OldPunch, "wallTime" | "id"> = { wallTime: "", id: 0 };

/** How much was let go of. */
export interface UserPurge {
  readonly punchCount: number;
  readonly deliveryCount: number;
  readonly enrollmentCount: number;
  readonly commandCount: number;
  /** Whether the HRIS had told of the user. */
  readonly wasKnown: boolean;
}

/** Forgets one user: all that was stored before it was begun. Messages come before their punches. */
export class UserPurger {
  readonly #database: Database;
  readonly #parts: WriteParts;
  readonly #userId: UserId;
  readonly #lastPunchId: number;
  #afterDeliveryId = 0;
  #areDeliveriesDone = false;
  #purged: UserPurge = {
    punchCount: 0,
    deliveryCount: 0,
    enrollmentCount: 0,
    commandCount: 0,
    wasKnown: false,
  };

  constructor(database: Database, parts: WriteParts, userId: UserId) {
    this.#database = database;
    this.#parts = parts;
    this.#userId = userId;
    this.#lastPunchId = parts.counters.values.lastPunchId;
  }

  get purged(): UserPurge {
    return this.#purged;
  }

  /** One step; returns whether there is more to be done. */
  step(leadingZeros: LeadingZeros): boolean {
    this.#parts.noteWrite();
    if (!this.#areDeliveriesDone) {
      this.#dropDeliveries();
      return true;
    }
    if (this.#dropPunches()) return true;
    this.#dropRest(leadingZeros);
    return false;
  }

  #dropDeliveries(): void {
    const rows = this.#database
      .query<ToldPunch, [Record<string, string | number>]>(LIST_DELIVERIES)
      .all({
        userId: this.#userId,
        after: this.#afterDeliveryId,
        lastPunchId: this.#lastPunchId,
      });
    const told = rows.filter(({ isOfUser }) => isOfUser === 1);
    for (const row of told) this.#dropDelivery(row);
    this.#add({ deliveryCount: told.length });
    this.#afterDeliveryId = rows.at(-1)?.id ?? this.#afterDeliveryId;
    this.#areDeliveriesDone = rows.length < DELIVERIES_PER_STEP;
  }

  #dropDelivery({ id, endpointId: endpoint, status, bytes }: ToldPunch): void {
    const { counters, outbox } = this.#parts;
    const tries = this.#database.query<SizedRow, [number]>(DROP_TRIES).all(id);
    this.#database.query<never, [number]>(DROP_DELIVERY).run(id);
    outbox.noteGone(id);
    const isOpen = status === "waiting" || status === "parked";
    // The marks of a fill are of no endpoint.
    if (isOpen && endpoint > 0) counters.addDeliveries(endpointId(endpoint), { [status]: -1 });
    const tried = tries.reduce((sum, row) => sum + row.bytes, 0);
    // What waits or is parked is no part of the ledger yet.
    counters.add({ ledgerBytes: -(isOpen ? tried : tried + bytes) });
  }

  /** Returns whether there may be more. */
  #dropPunches(): boolean {
    const rows = this.#database
      .query<UsersPunch, [string, number]>(LIST_OF_USER)
      .all(this.#userId, this.#lastPunchId);
    for (const row of rows) {
      this.#database.query<never, [number]>(DROP_PUNCH).run(row.id);
      if (row.feedPosition === null) this.#letGoOfHeld(deviceId(row.deviceId));
      else this.#parts.counters.add({ punchCount: -1 });
    }
    this.#add({ punchCount: rows.length });
    return rows.length === PUNCHES_PER_STEP;
  }

  #letGoOfHeld(id: DeviceId): void {
    const { counters, devices } = this.#parts;
    const device = devices.get(id);
    counters.add({ heldCount: -1 });
    devices.put({ ...device, heldCount: device.heldCount - 1 });
  }

  #dropRest(leadingZeros: LeadingZeros): void {
    const drop = (sql: string): number =>
      this.#database.query<{ readonly id: unknown }, [string]>(sql).all(this.#userId).length;
    this.#database.run(DROP_LATE);
    this.#database.run(EMPTY_LISTS);
    this.#add({
      enrollmentCount: drop(DROP_ENROLLMENTS),
      wasKnown: drop(DROP_USER) > 0,
      commandCount: this.#dropCommands(leadingZeros),
    });
  }

  #dropCommands(leadingZeros: LeadingZeros): number {
    const finished = this.#database
      .query<{ readonly id: number; readonly userId: string | number }, []>(LIST_COMMANDS)
      .all()
      .filter((row) => canonicalUserId(String(row.userId), leadingZeros) === this.#userId);
    for (const { id } of finished) this.#database.query<never, [number]>(DROP_COMMAND).run(id);
    return finished.length;
  }

  #add(more: Partial<UserPurge>): void {
    const before = this.#purged;
    this.#purged = {
      punchCount: before.punchCount + (more.punchCount ?? 0),
      deliveryCount: before.deliveryCount + (more.deliveryCount ?? 0),
      enrollmentCount: before.enrollmentCount + (more.enrollmentCount ?? 0),
      commandCount: before.commandCount + (more.commandCount ?? 0),
      wasKnown: before.wasKnown || (more.wasKnown ?? false),
    };
  }
}
