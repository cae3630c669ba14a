/**
 * The feed of punches: a reader that follows its cursor sees every punch, also late, corrected and
 * released ones, because the cursor runs over feed positions and never over times.
 */

import { Elysia, t } from "elysia";
import { punchId } from "#domain/identifiers.ts";
import type { LeadingZeros } from "#domain/punch-identity.ts";
import type { ExpectedUsers } from "#domain/user.ts";
import type { Storage } from "#storage/storage.ts";
import { spellPunch } from "#webhooks/spell-punch.ts";
import { type BearerGateOptions, bearerGate, type TokenHolder } from "../auth.ts";
import { ApiFailure, CursorProblem, PROBLEM_REFUSALS, Problem } from "../errors.ts";
import { type LongTexts, untoldLength } from "../long-text.ts";
import { strictParameters } from "../query-text.ts";
import { answerFeed } from "./answer-feed.ts";
import { ROWS_PER_STEP } from "./feed-rows.ts";
import { readFeed } from "./long-poll.ts";
import { PAGE_SIZE_DEFAULT, PunchModel, PunchPage, PunchQuery } from "./model.ts";
import { type FeedQuery, readFeedQuery } from "./read-query.ts";
import type { WaitingReaders } from "./waiting-readers.ts";

/** What the feed needs. */
export interface PunchRoutesOptions {
  readonly storage: Pick<
    Storage,
    "feedEpoch" | "endedFeedEpochs" | "listPunchesAfter" | "findPunch" | "figures"
  >;
  readonly gate: BearerGateOptions;
  readonly waitingReaders: WaitingReaders;
  readonly longTexts: LongTexts;
  readonly leadingZeros: LeadingZeros;
  /** IANA zone of the times that are no punch's. */
  readonly siteTimeZone: string;
  readonly expectedUsers: ExpectedUsers | undefined;
}

const FEED_PATH = "/v1/punches";
/** Beyond the wait: what a connection may be still anyway. */
const SILENCE_SPARE_SECONDS = 30;

const FEED_DETAIL = {
  tags: ["Punches"],
  summary: "The feed of punches, page by page",
  description:
    "Follow `next` from page to page, and keep the last one for the next visit. While " +
    '`has_more` is true a `Link` header with `rel="next"` says the same. With a filter a ' +
    "page may hold fewer punches than `limit`, or none, although `has_more` is true: a " +
    "request looks through a part of the feed only.\n\n" +
    "With `wait` the answer comes at once when there is a punch behind the cursor, else as soon " +
    "as one is stored, corrected or released, else empty when the time is over. Of one client 8 " +
    "requests may wait; a further one is answered 429 `too-many-waiting`.\n\n" +
    "NDJSON and CSV have a row per punch, each with the `cursor` behind it. With `limit` they are " +
    "pages: `Next-Cursor` is what `next` is in JSON. Without, they are everything that is stored " +
    "behind `after`, as one long answer where it is more than a page: go on with the `cursor` of " +
    "the last row, also after an answer that was cut off.\n\n" +
    "A cursor from before a restore is answered 410 `cursor-reset`.",
};

/** `GET /v1/punches` and `GET /v1/punches/{id}`, behind a token that may read. */
export function punchRoutes(options: PunchRoutesOptions) {
  const { storage, gate, expectedUsers } = options;
  return (
    new Elysia({ name: "punches" })
      .use(bearerGate(gate, "read"))
      .get(FEED_PATH, (context) => answer(options, context), {
        query: PunchQuery,
        response: {
          200: PunchPage,
          304: t.Void(),
          400: Problem,
          406: Problem,
          410: CursorProblem,
          ...PROBLEM_REFUSALS,
        },
        detail: FEED_DETAIL,
      })
      // The framework would read the whole answer into memory to tell its length.
      .head(FEED_PATH, (context) => answerHead(options, context), { detail: { hide: true } })
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
            id: t.String({
              description: "The `id` of a punch.",
              documentedAs: { type: "integer" },
            }),
          }),
          response: { 200: PunchModel, 400: Problem, 404: Problem, ...PROBLEM_REFUSALS },
          detail: { tags: ["Punches"], summary: "One punch as it stands" },
        },
      )
  );
}

/** What the gate and the framework know of a request. */
interface FeedContext extends TokenHolder {
  readonly clientId: string;
  readonly server: Bun.Server<unknown> | null;
}

async function answer(
  options: PunchRoutesOptions,
  { request, server, clientId, isTokenValid }: FeedContext,
  change: Partial<FeedQuery> = {},
): Promise<Response> {
  const { storage, gate, waitingReaders } = options;
  const query = { ...readFeedQuery(request, { ...options, feed: storage }), ...change };
  const limitDefault = query.format === "json" ? PAGE_SIZE_DEFAULT : ROWS_PER_STEP;
  const page = await readFeed(
    { storage, waitingReaders, turns: gate.turns, clock: gate.clock },
    { ...query, limit: query.limit ?? limitDefault },
    {
      clientId,
      signal: request.signal,
      isTokenValid,
      allowSilence: (ms) => server?.timeout(request, ms / 1000 + SILENCE_SPARE_SECONDS),
    },
  );
  return answerFeed(options, { request, query, page, isTokenValid });
}

/** As `GET`, without a body and without waiting. */
async function answerHead(options: PunchRoutesOptions, context: FeedContext): Promise<Response> {
  const { status, headers } = await answer(options, context, { waitMs: 0 });
  return new Response(status === 304 ? null : untoldLength(), { status, headers });
}

/** A punch that is still held with its pending terminal is not there for a reader. */
async function findReleased(storage: PunchRoutesOptions["storage"], idText: string) {
  const id = /^\d{1,16}$/.test(idText) ? Number(idText) : Number.NaN;
  if (!Number.isSafeInteger(id)) return undefined;
  const punch = await storage.findPunch(punchId(id));
  return punch?.feedPosition === undefined ? undefined : punch;
}
