/** What the lists of logs take and give (contract.md 3.1, with D4, 3.2 and 3.3). */

import { type Static, t } from "elysia";
import { queryParameter } from "../../query-text.ts";

const PAGE_PARAMETERS = {
  limit: queryParameter("Most records to return; absent, zero, negative or unreadable: all.", {
    type: "integer",
  }),
  offset: queryParameter("Records to skip first; also without `limit`.", {
    type: "integer",
    minimum: 0,
    default: 0,
  }),
  device_id: queryParameter("Only this terminal's.", { type: "string" }),
};

const FILTER_PARAMETERS = {
  user_id: queryParameter("Only this user's; zero or unreadable: everybody's.", {
    type: "integer",
  }),
  start_date: queryParameter("First day, in the site's time zone.", {
    type: "string",
    format: "date",
  }),
  end_date: queryParameter("Last day, included, in the site's time zone.", {
    type: "string",
    format: "date",
  }),
};

/** Of `GET /api/biometric/logs`. */
export const LogQuery = t.Object({
  ...PAGE_PARAMETERS,
  ...FILTER_PARAMETERS,
  primary_only: queryParameter(
    "Only the primary terminal's; `true`, `1` or `yes`. Overrides `device_id`.",
    { type: "boolean", default: false },
  ),
});

/** Of `GET /api/hris/logs`. */
export const RawLogQuery = t.Object({ ...PAGE_PARAMETERS, ...FILTER_PARAMETERS });

/** Of `GET /api/logs`. */
export const PlainLogQuery = t.Object(PAGE_PARAMETERS);

const UserNumber = t.Union([t.Integer(), t.String()], {
  description: "A number; text only for an id that is not a whole number.",
});
const Timestamp = t.String({ description: "As the terminal sent it, usually 14 digits." });
const UtcTime = t.String({ description: "`YYYY-MM-DD HH:MM:SS` in UTC." });
const LocalTime = t.String({ description: "`YYYY-MM-DD HH:MM:SS` in `timezone`." });
const TimeZone = t.String({ description: "IANA zone of the terminal.", examples: ["Asia/Manila"] });
const Arrival = t.String({ description: "Arrival, `YYYY-MM-DD HH:MM:SS` in UTC." });
const UNDECIDED_TEXT =
  "A punch without a direction, such as one whose time is not believed, shows as in, as the " +
  "first of a user always does. `/v1/punches` tells the two apart.";

export const LogRecord = t.Object({
  id: t.Integer(),
  user_id: UserNumber,
  device_id: t.String(),
  device_type: t.Union([t.Literal("PRIMARY"), t.Literal("SECONDARY")]),
  is_primary: t.Boolean(),
  timestamp: Timestamp,
  datetime: t.String({ description: "The same as `datetime_local`." }),
  datetime_utc: UtcTime,
  datetime_local: LocalTime,
  timezone: TimeZone,
  direction: t.Union([t.Literal("in"), t.Literal("out")], { description: UNDECIDED_TEXT }),
  verification_method: t.String({ examples: ["Fingerprint"] }),
  created_at: Arrival,
  outside_user_range: t.Optional(
    t.Boolean({
      description:
        "Whether the primary terminal expects other users; only while `PRIMARY_DEVICE_USER_RANGE` " +
        "is set.",
    }),
  ),
});
export type LogRecord = Static<typeof LogRecord>;

/** A row of the original's table. */
export const RawLog = t.Object({
  id: t.Integer(),
  device_id: t.String(),
  user_id: UserNumber,
  io_mode: t.Union([t.Literal(0), t.Literal(1)], { description: "0 for out, 1 for in." }),
  io_mode_str: t.Union([t.Literal("OUT"), t.Literal("IN")], { description: UNDECIDED_TEXT }),
  verify_mode: t.Integer({ description: "The terminal's code; 0 where it is not a number." }),
  verify_mode_str: t.String({ examples: ["Fingerprint"] }),
  timestamp: Timestamp,
  datetime: t.String({
    description: "The same as `datetime_utc`.",
    examples: ["2026-03-02 00:15:04"],
  }),
  datetime_utc: UtcTime,
  datetime_local: LocalTime,
  timezone: TimeZone,
  created_at: Arrival,
});
export type RawLog = Static<typeof RawLog>;

const COUNTS = {
  total: t.Integer({ description: "All records, whatever the filters." }),
  total_filtered: t.Integer({ description: "Records that the filters let through." }),
};
const RETURNED = t.Integer({ description: "Records in `logs`." });
const ORDER_TEXT = "Latest punch first, ties by `id`, highest first.";

export const LogAnswer = t.Object({
  success: t.Literal(true),
  ...COUNTS,
  primary_device: t.String(),
  logs: t.Array(LogRecord, { description: ORDER_TEXT }),
  returned: RETURNED,
});
export type LogAnswer = Static<typeof LogAnswer>;

export const RawLogAnswer = t.Object({
  success: t.Literal(true),
  ...COUNTS,
  logs: t.Array(RawLog, { description: ORDER_TEXT }),
  returned: RETURNED,
});
export type RawLogAnswer = Static<typeof RawLogAnswer>;

/** It never had `success`. */
export const PlainLogAnswer = t.Omit(RawLogAnswer, ["success"]);
export type PlainLogAnswer = Static<typeof PlainLogAnswer>;
