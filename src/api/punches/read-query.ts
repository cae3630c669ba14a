/** Reads what a request asks of the feed. */

import { deviceId, type FeedPosition } from "#domain/identifiers.ts";
import { canonicalUserId, type LeadingZeros } from "#domain/punch-identity.ts";
import type { PunchFilter } from "#storage/storage.ts";
import { acceptedType } from "../accepted-type.ts";
import { ApiFailure } from "../errors.ts";
import { decodeCursor, FEED_START, type FeedHistory } from "../paging.ts";
import { strictInstant, strictInteger, strictParameters, strictWord } from "../query-text.ts";
import { PAGE_SIZE_MAX, WAIT_SECONDS_MAX } from "./model.ts";

/** The formats that the feed is written in, the one of whoever asks for none first. */
export const FEED_FORMATS = ["json", "ndjson", "csv"] as const;
export type FeedFormat = (typeof FEED_FORMATS)[number];

/** Of each format. */
export const MEDIA_TYPES = {
  json: "application/json",
  ndjson: "application/x-ndjson",
  csv: "text/csv",
} as const satisfies Readonly<Record<FeedFormat, string>>;

/** What a request asks for. */
export interface FeedQuery {
  readonly after: FeedPosition;
  readonly filter: PunchFilter;
  /** Undefined where none is given. */
  readonly limit: number | undefined;
  readonly waitMs: number;
  readonly format: FeedFormat;
}

/** What a site adds to the meaning of a query. */
export interface FeedSite {
  /** The histories of the feed that cursors may be of. */
  readonly feed: FeedHistory;
  readonly leadingZeros: LeadingZeros;
  /** IANA zone of times in refusals. */
  readonly siteTimeZone: string;
}

const PARAMETERS = [
  ...["after", "limit", "wait", "format"],
  ...["device", "user", "from", "to", "direction"],
] as const;

/**
 * @throws ApiFailure `parameter-unknown`, `parameter-invalid`, `cursor-invalid`, `cursor-reset`, or
 * `not-acceptable` for a client that takes none of the formats.
 */
export function readFeedQuery(request: Request, site: FeedSite): FeedQuery {
  const given = strictParameters(request.url, PARAMETERS);
  const cursor = given.get("after");
  const device = given.get("device");
  const user = given.get("user");
  const limit = given.get("limit");
  const wait = { min: 0, max: WAIT_SECONDS_MAX, fallback: 0 };
  return {
    after: cursor === undefined ? FEED_START : decodeCursor(site, cursor),
    filter: {
      deviceId: device === undefined ? undefined : deviceId(device),
      userId: user === undefined ? undefined : canonicalUserId(user, site.leadingZeros),
      fromMs: strictInstant("from", given.get("from")),
      beforeMs: strictInstant("to", given.get("to")),
      direction: strictWord("direction", given.get("direction"), ["in", "out"]),
    },
    limit:
      limit === undefined
        ? undefined
        : strictInteger("limit", limit, { min: 1, max: PAGE_SIZE_MAX, fallback: PAGE_SIZE_MAX }),
    waitMs: 1000 * strictInteger("wait", given.get("wait"), wait),
    format: readFormat(given.get("format"), request.headers.get("accept")),
  };
}

/** The parameter says it to whoever cannot set a header, and is stronger. */
function readFormat(text: string | undefined, accept: string | null): FeedFormat {
  const named = strictWord("format", text, FEED_FORMATS);
  if (named !== undefined) return named;
  const type = acceptedType(accept, Object.values(MEDIA_TYPES));
  const format = FEED_FORMATS.find((candidate) => MEDIA_TYPES[candidate] === type);
  if (format !== undefined) return format;
  const types = Object.values(MEDIA_TYPES).join(", ");
  throw new ApiFailure(
    "not-acceptable",
    `Punches are written as one of ${types}, and "Accept" takes none of them`,
  );
}
