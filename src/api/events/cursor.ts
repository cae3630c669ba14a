/** Opaque cursors over the events. As those of the feed they name the history they are of. */

import { ApiFailure } from "../errors.ts";

/** Spells a place: the sequence of the last event that was looked at. */
export function encodeEventCursor(feedEpoch: string, sequence: number): string {
  return Buffer.from(`event:${sequence}.${feedEpoch}`).toString("base64url");
}

/**
 * The place that a cursor names; undefined without one.
 * @throws ApiFailure `cursor-invalid` for text that is no cursor of events, `cursor-reset` for one
 * of another history.
 */
export function decodeEventCursor(
  feedEpoch: string,
  cursor: string | undefined,
): number | undefined {
  if (cursor === undefined) return undefined;
  const text = Buffer.from(cursor, "base64url").toString();
  const [, digits = "", epoch = ""] = /^event:(0|[1-9]\d{0,14})\.(.+)$/s.exec(text) ?? [];
  const sequence = Number(digits);
  if (digits === "" || encodeEventCursor(epoch, sequence) !== cursor) {
    throw new ApiFailure("cursor-invalid", "The cursor is not one that this server gave out", {
      parameters: ["after"],
    });
  }
  if (epoch === feedEpoch) return sequence;
  throw new ApiFailure(
    "cursor-reset",
    "The events were started anew since this cursor was given out: read again without a cursor",
    { parameters: ["after"] },
  );
}
