/** `GET /api/biometric/logs`: the original's shape, with its filters done in the database. */

import { Elysia } from "elysia";
import type { Log } from "#platform/log.ts";
import type { Storage } from "#storage/storage.ts";
import { type BearerGateOptions, bearerGate } from "../../auth.ts";
import { ORIGINAL_REFUSALS, OriginalError } from "../../errors.ts";
import { type LogSite, readLogQuery } from "./log-query.ts";
import { writeLogAnswer } from "./log-stream.ts";
import { LogAnswer, LogQuery } from "./model.ts";

/** What the route needs. */
export interface LogRoutesOptions extends LogSite {
  readonly storage: Pick<Storage, "listLogs" | "countLogs" | "figures">;
  readonly gate: BearerGateOptions;
  readonly log: Log;
}

/** The route, behind a token that may read. */
export function logRoutes(options: LogRoutesOptions) {
  const { storage, gate } = options;
  return new Elysia({ name: "original-logs" }).use(bearerGate(gate, "read")).get(
    "/api/biometric/logs",
    async ({ request }) => {
      const selection = readLogQuery(new URL(request.url).searchParams, options);
      const [figures, filtered] = await Promise.all([
        storage.figures(),
        storage.countLogs(selection.filter),
      ]);
      const head = { total: figures.punchCount, total_filtered: filtered };
      const body = await writeLogAnswer(options, selection, head);
      return new Response(body, { headers: { "content-type": "application/json" } });
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
  );
}
