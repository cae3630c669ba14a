/**
 * Opaque cursors over the feed, and the link to the next page. A cursor names the history of the
 * feed it was made in, so that one from before a restore is noticed and never skips a punch.
 */

import { type EpochMs, epochMs } from "#base/epoch.ts";
import { type FeedPosition, feedPosition } from "#domain/identifiers.ts";
import { rfc3339WithOffset } from "#domain/time-text.ts";
import type { Storage } from "#storage/storage.ts";
import { ApiFailure } from "./errors.ts";

/** The history of the feed that runs, and those that ended before it. */
export type FeedHistory = Pick<Storage, "feedEpoch" | "endedFeedEpochs">;

/** Where the feed begins. */
export const FEED_START = feedPosition(0);

/** Spells a place in the feed as the text that clients hand back. */
export function encodeCursor(feedEpoch: string, after: FeedPosition): string {
  return `${after}.${feedEpoch}`;
}

/**
 * The place that a cursor names. `siteTimeZone`: IANA zone of the time in a refusal.
 * @throws ApiFailure `cursor-invalid` for text that is no cursor of ours, `cursor-reset` for one of
 * another history of the feed, with the time from which on punches have to be read again.
 */
export function decodeCursor(
  { feed, siteTimeZone }: { readonly feed: FeedHistory; readonly siteTimeZone: string },
  cursor: string,
): FeedPosition {
  const [, digits = "", epoch = ""] = /^(0|[1-9]\d*)\.([0-9a-z-]{1,100})$/.exec(cursor) ?? [];
  const position = Number(digits);
  if (epoch === "" || !Number.isSafeInteger(position)) {
    throw new ApiFailure("cursor-invalid", "The cursor is not one that this server gave out", {
      parameters: ["after"],
    });
  }
  if (epoch === feed.feedEpoch) return feedPosition(position);
  const rereadFromMs = findRereadFrom(feed, epoch);
  throw cursorReset(
    rereadFromMs === undefined ? undefined : rfc3339WithOffset(rereadFromMs, siteTimeZone),
  );
}

/** Whoever missed one start of the feed missed all those after it. */
function findRereadFrom({ endedFeedEpochs }: FeedHistory, epoch: string): EpochMs | undefined {
  const index = endedFeedEpochs.findIndex((ended) => ended.epoch === epoch);
  if (index < 0) return undefined;
  const times = endedFeedEpochs.slice(index).map(({ rereadFromMs }) => rereadFromMs);
  return epochMs(Math.min(...times));
}

function cursorReset(rereadFrom: string | undefined): ApiFailure {
  const what =
    rereadFrom === undefined ? "everything again" : `again with "from" set to ${rereadFrom}`;
  return new ApiFailure(
    "cursor-reset",
    `The feed was started anew since this cursor was given out: read ${what}, without a cursor`,
    {
      parameters: ["after"],
      members: rereadFrom === undefined ? {} : { reread_from: rereadFrom },
    },
  );
}

/** The `Link` header (RFC 8288) to the page behind `next`, with all other parameters kept. */
export function nextLink(requestUrl: string, next: string): string {
  const url = new URL(requestUrl);
  url.searchParams.set("after", next);
  return `<${url.pathname}${url.search}>; rel="next"`;
}
