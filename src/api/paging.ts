/**
 * Opaque cursors over the feed, and the link to the next page. A cursor names the history of the
 * feed it was made in, so that one from before a restore is noticed and never skips a punch.
 */

import { type FeedPosition, feedPosition } from "#domain/identifiers.ts";
import { ApiFailure } from "./errors.ts";

/** Where the feed begins. */
export const FEED_START = feedPosition(0);

/** Spells a place in the feed as the text that clients hand back. */
export function encodeCursor(feedEpoch: string, after: FeedPosition): string {
  return Buffer.from(`${after}.${feedEpoch}`).toString("base64url");
}

/**
 * The place that a cursor names.
 * @throws ApiFailure `cursor-invalid` for text that is no cursor of ours, `cursor-reset` for one of
 * another history of the feed.
 */
export function decodeCursor(feedEpoch: string, cursor: string): FeedPosition {
  const text = Buffer.from(cursor, "base64url").toString();
  const separator = text.indexOf(".");
  const position = Number(text.slice(0, separator));
  const epoch = text.slice(separator + 1);
  const isOurs = /^(0|[1-9]\d*)\..+$/.test(text) && Number.isSafeInteger(position);
  if (!isOurs || encodeCursor(epoch, feedPosition(position)) !== cursor) {
    throw new ApiFailure("cursor-invalid", "The cursor is not one that this server gave out", {
      parameters: ["after"],
    });
  }
  if (epoch === feedEpoch) return feedPosition(position);
  throw new ApiFailure(
    "cursor-reset",
    "The feed was started anew since this cursor was given out: read again without a cursor",
    { parameters: ["after"] },
  );
}

/** The `Link` header (RFC 8288) to the page behind `next`, with all other parameters kept. */
export function nextLink(requestUrl: string, next: string): string {
  const url = new URL(requestUrl);
  url.searchParams.set("after", next);
  return `<${url.pathname}${url.search}>; rel="next"`;
}
