/**
 * The feed of punches: a reader that follows its cursor sees every punch, also late, corrected and
 * released ones, because the cursor runs over feed positions and never over times.
 */

import { Elysia, t } from "elysia";
import { deviceId, punchId } from "#domain/identifiers.ts";
import { canonicalUserId, type LeadingZeros } from "#domain/punch-identity.ts";
import type { ExpectedUsers } from "#domain/user.ts";
import type { FeedPage, PunchFilter, Storage } from "#storage/storage.ts";
import { spellPunch } from "#webhooks/spell-punch.ts";
import { type BearerGateOptions, bearerGate } from "../auth.ts";
import { ApiFailure, PROBLEM_REFUSALS, Problem } from "../errors.ts";
import { decodeCursor, encodeCursor, FEED_START, nextLink } from "../paging.ts";
import { strictInstant, strictInteger, strictParameters, strictWord } from "../query-text.ts";
import { PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX, PunchModel, PunchPage, PunchQuery } from "./model.ts";

const PARAMETERS = ["after", "limit", "device", "user", "from", "to", "direction"] as const;

/** What the feed needs. */
export interface PunchRoutesOptions {
  readonly storage: Pick<Storage, "feedEpoch" | "listPunchesAfter" | "findPunch">;
  readonly gate: BearerGateOptions;
  readonly leadingZeros: LeadingZeros;
  readonly expectedUsers: ExpectedUsers | undefined;
}

/** `GET /v1/punches` and `GET /v1/punches/{id}`, behind a token that may read. */
export function punchRoutes(options: PunchRoutesOptions) {
  const { storage, gate, leadingZeros, expectedUsers } = options;
  return new Elysia({ name: "punches" })
    .use(bearerGate(gate, "read"))
    .get(
      "/v1/punches",
      async ({ request }) => {
        const query = readQuery(storage.feedEpoch, request.url, leadingZeros);
        const page = await storage.listPunchesAfter(query.after, query.limit, query.filter);
        return answerPage(options, page, request);
      },
      {
        query: PunchQuery,
        response: {
          200: PunchPage,
          304: t.Void(),
          400: Problem,
          410: Problem,
          ...PROBLEM_REFUSALS,
        },
        detail: {
          tags: ["Punches"],
          summary: "The feed of punches, page by page",
          description:
            "Follow `next` from page to page, and keep the last one for the next visit. While " +
            '`has_more` is true a `Link` header with `rel="next"` says the same. With a filter a ' +
            "page may hold fewer punches than `limit`, or none, although `has_more` is true: a " +
            "request looks through a part of the feed only. A cursor from before a restore is " +
            "answered 410 `cursor-reset`.",
        },
      },
    )
    .get(
      "/v1/punches/:id",
      async ({ params, request }) => {
        strictParameters(request.url, []);
        const punch = await findReleased(storage, params.id);
        if (punch !== undefined) return spellPunch(punch, expectedUsers);
        throw new ApiFailure("not-found", "No punch has this id");
      },
      {
        params: t.Object({
          id: t.String({ description: "The `id` of a punch.", documentedAs: { type: "integer" } }),
        }),
        response: { 200: PunchModel, 400: Problem, 404: Problem, ...PROBLEM_REFUSALS },
        detail: { tags: ["Punches"], summary: "One punch as it stands" },
      },
    );
}

function readQuery(feedEpoch: string, requestUrl: string, leadingZeros: LeadingZeros) {
  const given = strictParameters(requestUrl, PARAMETERS);
  const cursor = given.get("after");
  const device = given.get("device");
  const user = given.get("user");
  const filter: PunchFilter = {
    deviceId: device === undefined ? undefined : deviceId(device),
    userId: user === undefined ? undefined : canonicalUserId(user, leadingZeros),
    fromMs: strictInstant("from", given.get("from")),
    beforeMs: strictInstant("to", given.get("to")),
    direction: strictWord("direction", given.get("direction"), ["in", "out"]),
  };
  return {
    after: cursor === undefined ? FEED_START : decodeCursor(feedEpoch, cursor),
    limit: strictInteger("limit", given.get("limit"), {
      min: 1,
      max: PAGE_SIZE_MAX,
      fallback: PAGE_SIZE_DEFAULT,
    }),
    filter,
  };
}

/**
 * Written as text here, because the framework's check of an answer against its schema doubles the
 * cost of a full page. The type of the body is that of the schema all the same.
 */
function answerPage(
  { storage: { feedEpoch }, expectedUsers }: PunchRoutesOptions,
  page: FeedPage,
  request: Request,
): Response {
  const next = encodeCursor(feedEpoch, page.nextAfter);
  const etag = pageTag(feedEpoch, page, expectedUsers);
  const headers = new Headers({
    "content-type": "application/json",
    "cache-control": "private, no-cache",
    etag,
  });
  if (page.hasMore) headers.set("link", nextLink(request.url, next));
  if (hasTag(request.headers.get("if-none-match"), etag)) {
    return new Response(null, { status: 304, headers });
  }
  const punches = page.punches.map((punch) => spellPunch(punch, expectedUsers));
  const body: PunchPage = { punches, next, has_more: page.hasMore };
  return new Response(JSON.stringify(body), { headers });
}

function hasTag(header: string | null, etag: string): boolean {
  return (header ?? "").split(",").some((candidate) => candidate.trim() === etag);
}

/**
 * Names the content of a page of one address. A row that changes moves to a position never used
 * before, so the rows up to a position only ever become fewer: the same count and the same last
 * position mean the same rows. What is told of a row depends on who is expected, too.
 */
function pageTag(
  feedEpoch: string,
  page: FeedPage,
  expectedUsers: ExpectedUsers | undefined,
): string {
  const last = page.punches.at(-1)?.feedPosition ?? 0;
  const more = page.hasMore ? "more" : "end";
  const expected = expectedUsers === undefined ? "" : JSON.stringify(expectedUsers);
  const name = `${feedEpoch}.${page.nextAfter}.${last}.${page.punches.length}.${more}${expected}`;
  return `"${Buffer.from(name).toString("base64url")}"`;
}

/** A punch that is still held with its pending terminal is not there for a reader. */
async function findReleased(storage: PunchRoutesOptions["storage"], idText: string) {
  const id = /^\d{1,16}$/.test(idText) ? Number(idText) : Number.NaN;
  if (!Number.isSafeInteger(id)) return undefined;
  const punch = await storage.findPunch(punchId(id));
  return punch?.feedPosition === undefined ? undefined : punch;
}
