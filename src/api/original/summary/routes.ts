/** `GET /api/hris/logs/summary`: how often each user punched in a range of the site's days. */

import { Elysia } from "elysia";
import type { Storage, UserLogs } from "#storage/storage.ts";
import { type BearerGateOptions, bearerGate } from "../../auth.ts";
import {
  ApiFailure,
  failingAs,
  ORIGINAL_REFUSALS,
  OriginalError,
  originalErrorAs,
} from "../../errors.ts";
import { nonEmpty } from "../../query-text.ts";
import { readDays } from "../logs/log-query.ts";
import { SummaryAnswer, SummaryQuery } from "./model.ts";

/** What the route needs. */
export interface SummaryRoutesOptions {
  readonly storage: Pick<Storage, "summarizeLogs">;
  readonly gate: BearerGateOptions;
  /** IANA zone that the dates of a query are in. */
  readonly siteTimeZone: string;
}

const FAILED = "Failed to generate summary";
const HEADERS = { "content-type": "application/json" };

/** The route, behind a token that may read. */
export function summaryRoutes({ storage, gate, siteTimeZone }: SummaryRoutesOptions) {
  return new Elysia({ name: "original-summary" }).use(bearerGate(gate, "read")).get(
    "/api/hris/logs/summary",
    async ({ request }) => {
      const query = new URL(request.url).searchParams;
      const period = readPeriod(query);
      const days = readDays(query, siteTimeZone);
      const users = await failingAs({ message: FAILED }, () => storage.summarizeLogs(days));
      // As text: the framework's check of an answer drops a user with a name such as "__proto__".
      const answer: SummaryAnswer = { success: true, period, ...spellTotals(users) };
      return new Response(JSON.stringify(answer), { headers: HEADERS });
    },
    {
      query: SummaryQuery,
      response: {
        200: SummaryAnswer,
        400: OriginalError,
        ...ORIGINAL_REFUSALS,
        500: originalErrorAs("internal", FAILED),
      },
      detail: { tags: ["Original"], summary: "Attendance records of each user, counted" },
    },
  );
}

/**
 * The two dates as they were sent.
 * @throws ApiFailure `parameter-invalid`, in the original's words, when one is missing.
 */
function readPeriod(query: URLSearchParams): SummaryAnswer["period"] {
  const start = nonEmpty(query.get("start_date"));
  const end = nonEmpty(query.get("end_date"));
  if (start !== undefined && end !== undefined) return { start_date: start, end_date: end };
  throw new ApiFailure("parameter-invalid", "start_date and end_date are required", {
    parameters: ["start_date", "end_date"],
  });
}

function spellTotals(users: readonly UserLogs[]): Pick<SummaryAnswer, "summary" | "logs_count"> {
  const total = users.reduce((sum, user) => sum + user.logCount, 0);
  const stats = users.map(({ userId, logCount, outCount }) => [
    userId,
    { total_logs: logCount, in_logs: logCount - outCount, out_logs: outCount },
  ]);
  return {
    summary: {
      total_logs: total,
      unique_users: users.length,
      user_stats: Object.fromEntries(stats),
    },
    logs_count: total,
  };
}
