/** The part of `Storage` that is about events: writing one, and pages of them in their order. */

import type { Database } from "bun:sqlite";
import { epochMs } from "#base/epoch.ts";
import type { EventData } from "#domain/event-message.ts";
import type { RecordedEvent } from "#domain/recorded-event.ts";
import { RECORDED_EVENT_TYPES, type RecordedEventType } from "#domain/webhook-endpoint.ts";
import type { Box } from "./box.ts";
import { guardEngine } from "./engine-error.ts";
import type { EventFilter, EventPage, EventStorage } from "./event-storage.ts";
import { recordedEventId } from "./outbox.ts";
import type { WriteParts } from "./write-parts.ts";

/** Rows looked at for one page: a few milliseconds. */
const ROWS_PER_PAGE = 2_000;

const FIND_ENDS = `SELECT (SELECT min(id) FROM events) AS firstId,
  (SELECT seq FROM sqlite_sequence WHERE name = 'events') AS lastId`;
const LIST = `SELECT id, at_ms AS atMs, type, device_id AS deviceId, data_text AS dataText
  FROM events WHERE id > $after AND id <= $through
  AND type IN (SELECT value FROM json_each($types)) AND ($deviceId IS NULL OR device_id = $deviceId)
  ORDER BY id LIMIT $limit`;

interface EventRow {
  readonly id: number;
  readonly atMs: number;
  readonly type: RecordedEventType;
  readonly deviceId: string;
  readonly dataText: string;
}

/** The first that is kept and the last that was written; null where there is none. */
interface Ends {
  readonly firstId: number | null;
  readonly lastId: number | null;
}

export function eventStorage(options: {
  readonly parts: WriteParts;
  /** The readers' connection. */
  readonly reader: Database;
  readonly box: Box;
}): EventStorage {
  const { parts, reader, box } = options;
  const findEnds = reader.prepare<Ends, []>(FIND_ENDS);
  const list = reader.prepare<EventRow, Record<string, string | number | null>>(LIST);
  const ends = () => {
    const { firstId = null, lastId = null } = findEnds.get() ?? {};
    return { firstId: firstId ?? (lastId ?? 0) + 1, lastId: lastId ?? 0 };
  };
  const readPage = (given: number, limit: number, filter: EventFilter): EventPage => {
    const { firstId, lastId } = ends();
    const after = Math.max(given, firstId - 1);
    const through = Math.min(after + ROWS_PER_PAGE, lastId);
    const types = JSON.stringify(filter.types ?? RECORDED_EVENT_TYPES);
    const deviceId = filter.deviceId ?? null;
    const rows = list.all({ after, through, types, deviceId, limit: limit + 1 });
    const events = rows.slice(0, limit).map((row) => eventFromRow(row, box.id));
    const isCut = rows.length > limit;
    const nextAfter = isCut ? (events.at(-1)?.sequence ?? after) : Math.max(after, through);
    return { events, nextAfter, hasMore: isCut || through < lastId, hasGap: given < firstId - 1 };
  };
  return {
    recordEvent: async (event) =>
      guardEngine("record an event", () => parts.transaction(() => parts.eventLog.add(event))),
    listEventsAfter: async (after, limit, filter) =>
      guardEngine("read events", () => readPage(after, limit, filter)),
    findLastEvent: async () => guardEngine("read events", () => ends().lastId),
  };
}

function eventFromRow(row: EventRow, boxId: string): RecordedEvent {
  const { id: sequence, type, deviceId } = row;
  const data: EventData = JSON.parse(row.dataText);
  return {
    id: recordedEventId(boxId, sequence),
    sequence,
    type,
    deviceId,
    atMs: epochMs(row.atMs),
    data,
  };
}
