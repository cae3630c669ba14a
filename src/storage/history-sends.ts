/**
 * Historic punches on their way into the outbox because a person asked: which terminal's, and how far
 * they have come, kept in the database so that a restart goes on.
 */

import type { Database } from "bun:sqlite";
import type { EpochMs } from "#base/epoch.ts";
import type { DeviceId } from "#domain/identifiers.ts";
import type { SiteDate } from "#domain/site-day.ts";
import type { EndpointId } from "#domain/webhook-endpoint.ts";
import { enqueuePunch } from "./announce-punch.ts";
import { listLeftOut } from "./endpoint-fill.ts";
import { guardEngine } from "./engine-error.ts";
import type { Storage } from "./storage.ts";
import type { WriteParts } from "./write-parts.ts";

/** Punches looked at in one transaction. */
const ROWS_PER_STEP = 200;
/**
 * With so many messages waiting no more are made, so that live punches wait behind no more. An
 * endpoint that takes nothing does not hold up the others.
 */
const WAITING_MAX = 1_000;

/** What came of one step. */
export interface HistoryStep {
  readonly deviceId: string;
  /** Messages made so far. */
  readonly sentCount: number;
  readonly isDone: boolean;
}

const NEXT = `SELECT device_id AS deviceId, after_wall_time AS wallTime, after_user_id AS userId,
  after_clock_episode AS clockEpisode, sent_count AS sentCount FROM history_sends LIMIT 1`;
const START = `INSERT OR REPLACE INTO history_sends
  (device_id, after_wall_time, after_user_id, after_clock_episode, sent_count)
  VALUES ($deviceId, $wallTime, '', 0, 0)`;
const MOVE = `UPDATE history_sends SET after_wall_time = $wallTime, after_user_id = $userId,
  after_clock_episode = $clockEpisode, sent_count = $sentCount WHERE device_id = $deviceId`;
const FINISH = "DELETE FROM history_sends WHERE device_id = $deviceId";
const LIST = `SELECT id, wall_time AS wallTime, user_id AS userId, clock_episode AS clockEpisode,
  revision, instant_ms AS instantMs, received_at_ms AS receivedAtMs,
  is_historic AND feed_position IS NOT NULL AND origin <> 'imported' AS isWanted
  FROM punches WHERE device_id = +$deviceId
  AND (wall_time, user_id, clock_episode) > ($wallTime, $userId, $clockEpisode)
  ORDER BY wall_time, user_id, clock_episode`;

interface Place {
  readonly wallTime: string;
  readonly userId: string;
  readonly clockEpisode: number;
}

interface Send extends Place {
  readonly deviceId: string;
  readonly sentCount: number;
}

interface WalkedPunch extends Place {
  readonly id: number;
  readonly revision: number;
  readonly instantMs: number;
  readonly receivedAtMs: number;
  /** 0 or 1. */
  readonly isWanted: number;
}

export class HistorySends {
  readonly #next;
  readonly #start;
  readonly #move;
  readonly #finish;
  readonly #list;

  constructor(database: Database) {
    type Bindings = Record<string, string | number>;
    this.#next = database.prepare<Send, []>(NEXT);
    this.#start = database.prepare<never, [Bindings]>(START);
    this.#move = database.prepare<never, [Bindings]>(MOVE);
    this.#finish = database.prepare<never, [Bindings]>(FINISH);
    this.#list = database.prepare<WalkedPunch, [Bindings]>(LIST);
  }

  /** Begins, in place of what was asked for the same terminal before. */
  start(deviceId: string, fromDate: SiteDate | undefined): void {
    // Shorter than any wall time of the day, and so before all of them.
    const wallTime = (fromDate ?? "").replaceAll("-", "");
    this.#start.run({ deviceId, wallTime });
  }

  /** Whether a step can be done now. */
  isDue(parts: WriteParts): boolean {
    const send = this.#next.get();
    if (send === null) return false;
    const targets = listWanting(parts, send.deviceId);
    if (targets.length === 0) return true;
    return targets.some((id) => parts.counters.waitingOf(id) < WAITING_MAX);
  }

  /** One step, inside the caller's transaction; undefined when there was nothing to do. */
  step(parts: WriteParts, nowMs: EpochMs): HistoryStep | undefined {
    const send = this.#next.get();
    if (send === null) return undefined;
    const { deviceId } = send;
    const { wallTime, userId, clockEpisode } = send;
    let place: Place = { wallTime, userId, clockEpisode };
    let { sentCount } = send;
    let read = 0;
    for (const punch of this.#list.iterate({ deviceId, ...place })) {
      read += 1;
      place = punch;
      if (punch.isWanted === 1) {
        const told = { ...punch, deviceId, punchId: punch.id, nowMs };
        // The others who are being filled are told by that.
        const targets = [
          ...parts.endpoints.listTargets("punch.created", deviceId),
          ...listLeftOut(parts.endpoints, told),
        ];
        enqueuePunch(parts, told, targets);
        parts.toldHistory.note(targets, told);
        sentCount += 1;
      }
      if (read === ROWS_PER_STEP) break;
    }
    const isDone = read < ROWS_PER_STEP;
    if (isDone) this.#finish.run({ deviceId });
    else {
      const moved = { wallTime: place.wallTime, userId: place.userId };
      this.#move.run({ ...moved, clockEpisode: place.clockEpisode, sentCount, deviceId });
    }
    return { deviceId, sentCount, isDone };
  }
}

/** Who is told of the history of a terminal, here or by a fill. */
function listWanting({ endpoints }: WriteParts, deviceId: string): readonly EndpointId[] {
  const filling = endpoints.listFilling("punch.created", deviceId);
  return [...endpoints.listTargets("punch.created", deviceId), ...filling.map(({ id }) => id)];
}

/** The method of `Storage` that asks for history. */
export function historyStorage(parts: WriteParts): Pick<Storage, "sendHistory"> {
  return {
    async sendHistory(id: DeviceId, fromDate: SiteDate | undefined) {
      if (parts.devices.find(id) === undefined) return "unknown-device";
      if (listWanting(parts, id).length === 0) return "no-endpoint";
      guardEngine(`ask for the history of "${id}"`, () =>
        parts.transaction(() => parts.historySends.start(id, fromDate)),
      );
      return "done";
    },
  };
}
