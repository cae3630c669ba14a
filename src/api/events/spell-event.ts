/** Writes a recorded event as `/v1/events` and `/ws` show it: a webhook's body with its id. */

import type { RecordedEvent } from "#domain/recorded-event.ts";
import { rfc3339WithOffset } from "#domain/time-text.ts";
import type { EventModel } from "./model.ts";

/** `siteTimeZone`: IANA zone of the time. */
export function spellEvent(event: RecordedEvent, siteTimeZone: string): EventModel {
  const { id, type, atMs, data } = event;
  return { id, type, timestamp: rfc3339WithOffset(atMs, siteTimeZone), data };
}
