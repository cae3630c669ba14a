/** What `GET /api/hris/logs/summary` takes and gives (contract.md 3.2). */

import { type Static, t } from "elysia";
import { queryParameter } from "../../query-text.ts";

const DATE = { type: "string", format: "date" } as const;

export const SummaryQuery = t.Object({
  start_date: queryParameter("First day, in the site's time zone. Required.", DATE),
  end_date: queryParameter("Last day, included, in the site's time zone. Required.", DATE),
});

const UserStats = t.Object({
  total_logs: t.Integer(),
  in_logs: t.Integer({ description: "Also those without a direction, as the lists show them." }),
  out_logs: t.Integer(),
});

export const SummaryAnswer = t.Object({
  success: t.Literal(true),
  period: t.Object(
    { start_date: t.String(), end_date: t.String() },
    { description: "The two dates as they were sent." },
  ),
  summary: t.Object({
    total_logs: t.Integer(),
    unique_users: t.Integer(),
    user_stats: t.Record(t.String(), UserStats, {
      description: "By user id.",
      examples: [{ "6": { total_logs: 2, in_logs: 1, out_logs: 1 } }],
    }),
  }),
  logs_count: t.Integer({ description: "The same as `total_logs`." }),
});
export type SummaryAnswer = Static<typeof SummaryAnswer>;
