/** What the rest of the program asks of the events that are kept; a part of `Storage`. */

import type { DeviceId } from "#domain/identifiers.ts";
import type { NewEvent, RecordedEvent } from "#domain/recorded-event.ts";
import type { RecordedEventType } from "#domain/webhook-endpoint.ts";

/** Which events a reader wants. Absent means any. */
export interface EventFilter {
  readonly types?: readonly RecordedEventType[] | undefined;
  readonly deviceId?: DeviceId | undefined;
}

/** A stretch of the events, oldest first. */
export interface EventPage {
  /**
   * Fewer than asked for, or none, also while more is kept: a filter is looked for in a bounded part
   * of them.
   */
  readonly events: readonly RecordedEvent[];
  /** Where the next page starts: the sequence of the last event that was looked at. */
  readonly nextAfter: number;
  /** Whether more is kept behind this page now. */
  readonly hasMore: boolean;
  /** Whether some behind the given place are not kept any more. */
  readonly hasGap: boolean;
}

export interface EventStorage {
  /** Writes an event, with its messages for whoever wants it. */
  recordEvent(event: NewEvent): Promise<void>;
  /** Events with a sequence above `after`, 0 for all that are kept. `limit` 1 to 1000. */
  listEventsAfter(after: number, limit: number, filter: EventFilter): Promise<EventPage>;
  /** The sequence of the newest event; 0 before the first. */
  findLastEvent(): Promise<number>;
}
