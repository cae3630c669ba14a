/** What `GET /api/biometric/logs` takes and gives (contract.md 3.1, with D4). */

import { type Static, t } from "elysia";
import { queryParameter } from "../../query-text.ts";

export const LogQuery = t.Object({
  limit: queryParameter("Most records to return; absent, zero, negative or unreadable: all.", {
    type: "integer",
  }),
  offset: queryParameter("Records to skip first; also without `limit`.", {
    type: "integer",
    minimum: 0,
    default: 0,
  }),
  user_id: queryParameter("Only this user's; zero or unreadable: everybody's.", {
    type: "integer",
  }),
  device_id: queryParameter("Only this terminal's.", { type: "string" }),
  primary_only: queryParameter(
    "Only the primary terminal's; `true`, `1` or `yes`. Overrides `device_id`.",
    { type: "boolean", default: false },
  ),
  start_date: queryParameter("First day, in the site's time zone.", {
    type: "string",
    format: "date",
  }),
  end_date: queryParameter("Last day, included, in the site's time zone.", {
    type: "string",
    format: "date",
  }),
});

export const LogRecord = t.Object({
  id: t.Integer(),
  user_id: t.Union([t.Integer(), t.String()], {
    description: "A number; text only for an id that is not a whole number.",
  }),
  device_id: t.String(),
  device_type: t.Union([t.Literal("PRIMARY"), t.Literal("SECONDARY")]),
  is_primary: t.Boolean(),
  timestamp: t.String({ description: "As the terminal sent it, usually 14 digits." }),
  datetime: t.String({ description: "The same as `datetime_local`." }),
  datetime_utc: t.String({ description: "`YYYY-MM-DD HH:MM:SS` in UTC." }),
  datetime_local: t.String({ description: "`YYYY-MM-DD HH:MM:SS` in `timezone`." }),
  timezone: t.String({ description: "IANA zone of the terminal." }),
  direction: t.Union([t.Literal("in"), t.Literal("out")], {
    description:
      "A punch without a direction, such as one whose time is not believed, shows `in`, as the " +
      "first of a user always does. `/v1/punches` tells the two apart.",
  }),
  verification_method: t.String({ examples: ["Fingerprint"] }),
  created_at: t.String({ description: "Arrival, `YYYY-MM-DD HH:MM:SS` in UTC." }),
});
export type LogRecord = Static<typeof LogRecord>;

export const LogAnswer = t.Object({
  success: t.Literal(true),
  total: t.Integer({ description: "All records, whatever the filters." }),
  total_filtered: t.Integer({ description: "Records that the filters let through." }),
  primary_device: t.String(),
  logs: t.Array(LogRecord, { description: "Latest punch first, ties by `id`, highest first." }),
  returned: t.Integer({ description: "Records in `logs`." }),
});
export type LogAnswer = Static<typeof LogAnswer>;
