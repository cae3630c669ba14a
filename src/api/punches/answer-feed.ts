/** Writes a page of the feed, or the rest of it, as the answer to a request. */

import type { ExpectedUsers } from "#domain/user.ts";
import { VERSION } from "#platform/version.ts";
import type { FeedPage, Storage } from "#storage/storage.ts";
import { spellPunch } from "#webhooks/spell-punch.ts";
import { hasTag } from "../entity-tag.ts";
import { type LongTexts, streamText } from "../long-text.ts";
import { encodeCursor, nextLink } from "../paging.ts";
import { FeedRows } from "./feed-rows.ts";
import type { PunchPage } from "./model.ts";
import { type FeedQuery, MEDIA_TYPES } from "./read-query.ts";
import { createRowWriter } from "./row-writer.ts";

/** What answers are written with. */
export interface FeedAnswering {
  readonly storage: Pick<Storage, "feedEpoch" | "figures" | "listPunchesAfter">;
  readonly longTexts: LongTexts;
  readonly expectedUsers: ExpectedUsers | undefined;
}

/** What is answered. */
export interface FeedAnswer {
  readonly request: Request;
  readonly query: FeedQuery;
  /** The first page, which may be all. */
  readonly page: FeedPage;
  readonly isTokenValid: () => Promise<boolean>;
}

/** A page; of rows without a limit everything that is stored, as a stream when it is long. */
export async function answerFeed(options: FeedAnswering, answer: FeedAnswer): Promise<Response> {
  const { query, page } = answer;
  const isWhole = query.format === "json" || query.limit !== undefined || !page.hasMore;
  return isWhole ? answerPage(options, answer) : answerRest(options, answer);
}

async function answerPage(
  { storage: { feedEpoch }, expectedUsers }: FeedAnswering,
  { request, query: { format }, page }: FeedAnswer,
): Promise<Response> {
  const next = encodeCursor(feedEpoch, page.nextAfter);
  const etag = pageTag(feedEpoch, page, [VERSION, format, JSON.stringify(expectedUsers)]);
  const headers = new Headers({
    "content-type": MEDIA_TYPES[format],
    "cache-control": "private, no-cache",
    vary: "accept",
    etag,
  });
  if (format !== "json") headers.set("next-cursor", next);
  if (page.hasMore) headers.set("link", nextLink(request.url, next));
  if (hasTag(request.headers.get("if-none-match"), etag)) {
    return new Response(null, { status: 304, headers });
  }
  if (format === "json") {
    const punches = page.punches.map((punch) => spellPunch(punch, expectedUsers));
    const body: PunchPage = { punches, next, has_more: page.hasMore };
    return new Response(JSON.stringify(body), { headers });
  }
  const writer = await createRowWriter(format, { feedEpoch, expectedUsers });
  return new Response(writer.head + writer.write(page.punches), { headers });
}

async function answerRest(
  { storage, longTexts, expectedUsers }: FeedAnswering,
  { request, query, page, isTokenValid }: FeedAnswer,
): Promise<Response> {
  const format = query.format === "csv" ? "csv" : "ndjson";
  const { feedEpoch } = storage;
  const { lastFeedPosition: until } = await storage.figures();
  const writer = await createRowWriter(format, { feedEpoch, expectedUsers });
  const body = streamText(longTexts, {
    path: new URL(request.url).pathname,
    start: writer.head + writer.write(page.punches),
    pages: new FeedRows(storage, writer, { after: page.nextAfter, until, filter: query.filter }),
    isTokenValid,
  });
  return new Response(body, { headers: { "content-type": MEDIA_TYPES[format], vary: "accept" } });
}

/**
 * Names the content of a page of one address. A row that changes moves to a position never used
 * before, so the rows up to a position only ever become fewer: the same count and the same last
 * position mean the same rows. `manner`: what else decides how they are told.
 */
function pageTag(
  feedEpoch: string,
  page: FeedPage,
  manner: readonly (string | undefined)[],
): string {
  const last = page.punches.at(-1)?.feedPosition ?? 0;
  const more = page.hasMore ? "more" : "end";
  const name = [feedEpoch, page.nextAfter, last, page.punches.length, more, ...manner].join(".");
  return `"${Buffer.from(name).toString("base64url")}"`;
}
