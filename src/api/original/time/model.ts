/** What `GET /api/server/time` gives (contract.md 3.3). */

import { t } from "elysia";

export const TimeAnswer = t.Object({
  success: t.Literal(true),
  server_timezone: t.String({
    description: "The zone that the server's own machine is set to. Nothing is computed in it.",
    examples: ["UTC"],
  }),
  display_timezone: t.String({
    description: "The site's IANA zone, in which days and local times are meant.",
    examples: ["Asia/Manila"],
  }),
  current_time: t.Object({
    utc: t.String({
      description: "`YYYY-MM-DD HH:MM:SS` in UTC.",
      examples: ["2026-03-02 00:15:04"],
    }),
    local: t.String({
      description: "`YYYY-MM-DD HH:MM:SS` in `display_timezone`.",
      examples: ["2026-03-02 08:15:04"],
    }),
    utc_iso: t.String({
      format: "date-time",
      description: "UTC, with microseconds; the clock is read to the millisecond.",
      examples: ["2026-03-02T00:15:04.250000+00:00"],
    }),
    local_iso: t.String({
      format: "date-time",
      description: "The same instant in `display_timezone`.",
      examples: ["2026-03-02T08:15:04.250000+08:00"],
    }),
  }),
  timezone_offset: t.Object({
    utc_to_local_hours: t.Number({
      description: "From UTC to `display_timezone` at this moment; halves and quarters occur.",
      examples: [8],
    }),
    description: t.String({ examples: ["Asia/Manila is UTC+08:00 at this time"] }),
  }),
  timestamp: t.String({
    format: "date-time",
    description: "The same as `current_time.utc_iso`.",
    examples: ["2026-03-02T00:15:04.250000+00:00"],
  }),
});
