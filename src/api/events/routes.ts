/**
 * `/v1/events`: what was told beside punches, so that a receiver that was away can catch up. Its
 * cursor runs over our own count of events.
 */

import { Elysia, t } from "elysia";
import { deviceId } from "#domain/identifiers.ts";
import { RECORDED_EVENT_TYPES } from "#domain/webhook-endpoint.ts";
import type { EventPage as StoredPage } from "#storage/event-storage.ts";
import type { Storage } from "#storage/storage.ts";
import { type BearerGateOptions, bearerGate } from "../auth.ts";
import { hasTag } from "../entity-tag.ts";
import { ApiFailure, PROBLEM_REFUSALS, Problem } from "../errors.ts";
import { nextLink } from "../paging.ts";
import { strictInteger, strictParameters, strictWords } from "../query-text.ts";
import { decodeEventCursor, encodeEventCursor } from "./cursor.ts";
import { EventPage, EventQuery, PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX } from "./model.ts";
import { spellEvent } from "./spell-event.ts";

const PARAMETERS = ["after", "limit", "type", "device"] as const;

/** What the routes need. */
export interface EventRoutesOptions {
  readonly storage: Pick<Storage, "feedEpoch" | "listEventsAfter">;
  readonly gate: BearerGateOptions;
  /** IANA zone of the times. */
  readonly siteTimeZone: string;
}

/** `GET /v1/events`, behind a token that may read. */
export function eventRoutes(options: EventRoutesOptions) {
  const { storage, gate } = options;
  return new Elysia({ name: "events" }).use(bearerGate(gate, "read")).get(
    "/v1/events",
    async ({ request }) => {
      const { after, limit, filter } = readQuery(storage.feedEpoch, request.url);
      const page = await storage.listEventsAfter(after ?? 0, limit, filter);
      if (after !== undefined && page.hasGap) throw cursorExpired();
      return answerPage(options, page, request);
    },
    {
      query: EventQuery,
      response: { 200: EventPage, 304: t.Void(), 400: Problem, 410: Problem, ...PROBLEM_REFUSALS },
      detail: {
        tags: ["Events"],
        summary: "What happened beside punches, page by page",
        description:
          "The events that webhooks of format `standard` tell, kept for 30 days and at most 20,000 " +
          "of them. Punches are not among them: `/v1/punches` is their log. Follow `next` from page " +
          "to page, and keep the last one for the next visit. With a filter a page may hold fewer " +
          "events than `limit`, or none, although `has_more` is true. A cursor behind which some " +
          "are not kept any more is answered 410 `cursor-expired`, one from before a restore 410 " +
          "`cursor-reset`.",
      },
    },
  );
}

function readQuery(feedEpoch: string, requestUrl: string) {
  const given = strictParameters(requestUrl, PARAMETERS);
  const device = given.get("device");
  const limit = { min: 1, max: PAGE_SIZE_MAX, fallback: PAGE_SIZE_DEFAULT };
  return {
    after: decodeEventCursor(feedEpoch, given.get("after")),
    limit: strictInteger("limit", given.get("limit"), limit),
    filter: {
      types: strictWords("type", given.get("type"), RECORDED_EVENT_TYPES),
      deviceId: device === undefined ? undefined : deviceId(device),
    },
  };
}

function cursorExpired(): ApiFailure {
  return new ApiFailure(
    "cursor-expired",
    "Events behind this cursor are not kept any more: read again without a cursor",
    { parameters: ["after"] },
  );
}

function answerPage(
  { storage: { feedEpoch }, siteTimeZone }: EventRoutesOptions,
  page: StoredPage,
  request: Request,
): Response {
  const next = encodeEventCursor(feedEpoch, page.nextAfter);
  const etag = pageTag(feedEpoch, page, siteTimeZone);
  const headers = new Headers({
    "content-type": "application/json",
    "cache-control": "private, no-cache",
    etag,
  });
  if (page.hasMore) headers.set("link", nextLink(request.url, next));
  if (hasTag(request.headers.get("if-none-match"), etag)) {
    return new Response(null, { status: 304, headers });
  }
  const events = page.events.map((event) => spellEvent(event, siteTimeZone));
  const body: EventPage = { events, next, has_more: page.hasMore };
  return new Response(JSON.stringify(body), { headers });
}

/** Events never change and go from the front alone: first, last and how many say which they are. */
function pageTag(feedEpoch: string, page: StoredPage, siteTimeZone: string): string {
  const { events, nextAfter, hasMore } = page;
  const first = events[0]?.sequence ?? 0;
  const more = hasMore ? "more" : "end";
  const name = [feedEpoch, first, events.length, nextAfter, more, siteTimeZone].join(".");
  return `"${Buffer.from(name).toString("base64url")}"`;
}
