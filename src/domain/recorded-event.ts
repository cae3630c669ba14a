/** What happened beside punches: kept for a while, and told to receivers. */

import type { EpochMs } from "#base/epoch.ts";
import type { EventData } from "./event-message.ts";
import type { RecordedEventType } from "./webhook-endpoint.ts";

/** Something that happened. */
export interface NewEvent {
  readonly type: RecordedEventType;
  /** Empty where it is about no terminal. */
  readonly deviceId: string;
  readonly atMs: EpochMs;
  /** Its times are RFC 3339. What is too long for a message is cut. */
  readonly data: EventData;
}

/** The same once it is recorded. */
export interface RecordedEvent extends NewEvent {
  /** Rises by 1 from event to event. */
  readonly sequence: number;
  /** What receivers know it by: the `webhook-id` of its messages. */
  readonly id: string;
}
