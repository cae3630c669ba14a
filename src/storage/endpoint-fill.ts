/**
 * Endpoints that are being given what the feed holds already, step by step: because they were added
 * with a start in the past, or were disabled for a while. A fill walks the feed in order, in the
 * background, and live punches reach its endpoint by the walk alone, until the step that finds the
 * feed's end switches it to live in the same transaction: so none is missed, none is doubled, and a
 * terminal's punches keep their order.
 *
 * A punch that is corrected behind the walk moves before it again. It was told, so then it is an
 * update and no new punch: a mark says so, a correction in the outbox that waits for the walk alone.
 */

import type { Database } from "bun:sqlite";
import type { EpochMs } from "#base/epoch.ts";
import { type EndpointId, type EventType, wantsEvent } from "#domain/webhook-endpoint.ts";
import type { CorrectedPunch } from "./announce-punch.ts";
import type { BookedEndpoint, EndpointBook } from "./endpoints.ts";
import type { WriteParts } from "./write-parts.ts";

/** In place of an instant: of what is stored nothing was asked for, but what enters the feed is. */
export const ONLY_WHAT_ENTERED = 8_640_000_000_000_000;

/** Punches looked at in one transaction. */
const ROWS_PER_STEP = 200;
/** With so many messages waiting for an endpoint no more are made, so that no disk is filled. */
const WAITING_MAX = 5_000;

/** Not `LIMIT`: see `timeline.ts`. */
const WALK = `SELECT feed_position AS position, id, device_id AS deviceId, revision,
  instant_ms AS instantMs, received_at_ms AS receivedAtMs, is_historic AS isHistoric, origin
  FROM punches INDEXED BY punches_feed WHERE feed_position > $after ORDER BY feed_position`;
/** Under the negative number of its endpoint, where nobody sends it or shows it, and nothing drops it. */
const MARK = `INSERT INTO deliveries (endpoint_id, type, device_id, punch_id, revision, event_at_ms,
  status, attempt_count, next_attempt_at_ms, is_duplicate)
  VALUES (-$endpointId, 'punch.updated', $deviceId, $punchId, $revision, $eventAtMs,
  'waiting', 0, 0, 0)`;
const TAKE_MARK = `DELETE FROM deliveries
  WHERE punch_id = +$punchId AND endpoint_id = -$endpointId AND type = 'punch.updated'
  AND status = 'waiting' RETURNING event_at_ms AS updatedAtMs`;

interface WalkedPunch {
  readonly position: number;
  readonly id: number;
  readonly deviceId: string;
  readonly revision: number;
  readonly instantMs: number;
  readonly receivedAtMs: number;
  /** 0 or 1. */
  readonly isHistoric: number;
  readonly origin: string;
}

export class EndpointFill {
  readonly #walk;
  readonly #mark;
  readonly #takeMark;

  constructor(database: Database) {
    type Bindings = Record<string, string | number>;
    this.#walk = database.prepare<WalkedPunch, [Bindings]>(WALK);
    this.#mark = database.prepare<never, [Bindings]>(MARK);
    this.#takeMark = database.prepare<{ updatedAtMs: number }, [Bindings]>(TAKE_MARK);
  }

  /** Whether a step can be done now. */
  isDue(parts: WriteParts): boolean {
    return findNext(parts) !== undefined;
  }

  /** One step, inside the caller's transaction. Returns the endpoint if it has caught up. */
  step(parts: WriteParts, nowMs: EpochMs): BookedEndpoint | undefined {
    const endpoint = findNext(parts);
    if (endpoint === undefined) return undefined;
    let after = endpoint.fillAfterPosition ?? 0;
    let read = 0;
    for (const punch of this.#walk.iterate({ after })) {
      this.#pass(parts, endpoint, { ...punch, nowMs });
      after = punch.position;
      read += 1;
      if (read === ROWS_PER_STEP) break;
    }
    const hasCaughtUp = read < ROWS_PER_STEP;
    parts.endpoints.change(
      endpoint.id,
      hasCaughtUp ? { fillAfterPosition: null, fillFromMs: null } : { fillAfterPosition: after },
    );
    parts.noteWrite();
    return hasCaughtUp ? endpoint : undefined;
  }

  /**
   * Notes for every endpoint that its fill has told of the punch already that the next time is not the
   * first. Inside the transaction of the correction, which writes in any case.
   */
  noteCorrection(endpoints: EndpointBook, corrected: CorrectedPunch, nowMs: EpochMs): void {
    const { punchId, deviceId, revision, leftPosition } = corrected;
    for (const { id: endpointId, fillAfterPosition } of endpoints.list()) {
      if (fillAfterPosition === undefined || leftPosition > fillAfterPosition) continue;
      this.#mark.run({ endpointId, punchId, deviceId, revision, eventAtMs: nowMs });
    }
  }

  #pass(
    parts: WriteParts,
    endpoint: BookedEndpoint,
    punch: WalkedPunch & { readonly nowMs: EpochMs },
  ): void {
    const update = { punchId: punch.id, endpointId: endpoint.id };
    const updatedAtMs = punch.revision === 1 ? undefined : this.#takeMark.get(update)?.updatedAtMs;
    const type: EventType = updatedAtMs === undefined ? "punch.created" : "punch.updated";
    if (!isAskedFor(endpoint, punch) || !wantsEvent(endpoint, type, punch.deviceId)) return;
    parts.outbox.enqueue([endpoint.id], {
      type,
      deviceId: punch.deviceId,
      punchId: punch.id,
      revision: punch.revision,
      eventAtMs: updatedAtMs ?? punch.receivedAtMs,
      isDuplicate: false,
    });
    const canChange = punch.origin !== "imported";
    if (punch.isHistoric === 1 && canChange) {
      parts.toldHistory.note([endpoint.id], { ...punch, punchId: punch.id });
    }
  }
}

/** The one that has come least far, so that all of them move on; who has enough waiting is left out. */
function findNext(parts: WriteParts): BookedEndpoint | undefined {
  let next: BookedEndpoint | undefined;
  for (const endpoint of parts.endpoints.list()) {
    if (endpoint.fillAfterPosition === undefined || !endpoint.isEnabled) continue;
    if (parts.counters.waitingOf(endpoint.id) >= WAITING_MAX) continue;
    const isBehind = endpoint.fillAfterPosition < (next?.fillAfterPosition ?? Number.MAX_VALUE);
    if (isBehind) next = endpoint;
  }
  return next;
}

/** Those who are being filled and whose fill leaves out a historic punch of this instant. */
export function listLeftOut(
  endpoints: EndpointBook,
  punch: { readonly deviceId: string; readonly instantMs: number },
): readonly EndpointId[] {
  return endpoints
    .listFilling("punch.created", punch.deviceId)
    .filter(({ fillFromMs }) => fillFromMs !== undefined && punch.instantMs < fillFromMs)
    .map(({ id }) => id);
}

/** Whether a punch is of the time that was asked for, or is told as it would be to a live endpoint. */
function isAskedFor(endpoint: BookedEndpoint, punch: WalkedPunch): boolean {
  const { fillFromMs } = endpoint;
  if (fillFromMs === undefined || punch.instantMs >= fillFromMs) return true;
  if (punch.isHistoric === 1 || punch.origin === "imported") return false;
  return fillFromMs === ONLY_WHAT_ENTERED || punch.receivedAtMs >= endpoint.createdAtMs;
}
