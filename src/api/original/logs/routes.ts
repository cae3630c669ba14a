/** `GET /api/biometric/logs`: the original's shape, with its filters done in the database. */

import { Elysia } from "elysia";
import type { Log } from "#platform/log.ts";
import type { PunchFilter, Storage } from "#storage/storage.ts";
import { type BearerGateOptions, bearerGate } from "../../auth.ts";
import { ORIGINAL_REFUSALS, OriginalError } from "../../errors.ts";
import { Places } from "../../places.ts";
import { type LogSite, readLogQuery } from "./log-query.ts";
import { writeLogAnswer } from "./log-stream.ts";
import { LogAnswer, LogQuery } from "./model.ts";

/** What the route needs. */
export interface LogRoutesOptions extends LogSite {
  readonly storage: Pick<Storage, "listLogs" | "countLogs" | "figures">;
  readonly gate: BearerGateOptions;
  readonly log: Log;
}

const PATH = "/api/biometric/logs";
const HEADERS = { "content-type": "application/json" };
/** A client that does not read has the system keep about 4 MB of an answer for it. */
const LONG_ANSWERS_MAX = 16;

/** The route, behind a token that may read. */
export function logRoutes(options: LogRoutesOptions) {
  const { turns } = options.gate;
  const source = { ...options, turns, longAnswers: new Places(LONG_ANSWERS_MAX) };
  return (
    new Elysia({ name: "original-logs" })
      .use(bearerGate(options.gate, "read"))
      .get(
        PATH,
        async ({ request }) => {
          const selection = readLogQuery(new URL(request.url).searchParams, options);
          const head = await countLogs(options.storage, selection.filter);
          const body = await writeLogAnswer(source, selection, head);
          return new Response(body, { headers: HEADERS });
        },
        {
          query: LogQuery,
          detail: {
            tags: ["Original"],
            summary: "Attendance records, latest first",
            description: "Days are those of the site's time zone.",
          },
          response: { 200: LogAnswer, 400: OriginalError, ...ORIGINAL_REFUSALS },
        },
      )
      // Otherwise the framework reads the whole answer into memory to tell its length.
      .head(
        PATH,
        ({ request }) => {
          readLogQuery(new URL(request.url).searchParams, options);
          return new Response(untoldLength(), { headers: HEADERS });
        },
        { detail: { hide: true } },
      )
  );
}

async function countLogs(storage: Pick<Storage, "countLogs" | "figures">, filter: PunchFilter) {
  const total = (await storage.figures()).punchCount;
  const isWhole = Object.values(filter).every((value) => value === undefined);
  return { total, total_filtered: isWhole ? total : await storage.countLogs(filter) };
}

/** An empty body that does not say so before it is read, and for `HEAD` none is. */
function untoldLength(): ReadableStream<Uint8Array> {
  return new ReadableStream({ pull: (controller) => controller.close() }, { highWaterMark: 0 });
}
