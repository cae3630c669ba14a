/** What `POST /api/biometric/manual-log` takes and gives (contract.md 3.1). */

import { type Static, t } from "elysia";

/** The fields are read one by one (`read-entry.ts`), for the contract's own refusals. */
export const ManualLogBody = t.Unknown({
  documentedAs: {
    type: "object",
    required: ["user_id"],
    properties: {
      user_id: {
        anyOf: [{ type: "integer" }, { type: "string" }],
        description: "A whole number, or text that reads as one.",
      },
      device_id: {
        type: "string",
        default: "unknown",
        description:
          "The terminal it is entered for. One that is not in use has no part in it: the punch " +
          "then belongs to the device `unknown`.",
      },
      timestamp: {
        type: "string",
        description: "`YYYYMMDDhhmmss`, local to the site. Absent: now.",
      },
      verify_mode: { type: "integer", minimum: 0, description: "As the terminals tell it." },
      io_mode: { type: "integer", minimum: 0, description: "Kept, and not the direction." },
    },
    additionalProperties: true,
    example: { user_id: 7, device_id: "2401058352", timestamp: "20260302081504", verify_mode: 3 },
  },
});

export const ManualLogAnswer = t.Object({
  success: t.Literal(true),
  user_id: t.Union([t.Integer(), t.String()]),
  direction: t.Union([t.Literal("IN"), t.Literal("OUT")], {
    description:
      "As stored; `IN` where the rules decide none, as for a time a day ahead, or while the punch " +
      "is held because somebody has just blocked the terminal.",
  }),
  device_id: t.String({ description: "The device that the punch belongs to." }),
  timestamp: t.String({
    description: "`YYYY-MM-DD HH:MM:SS`, local to the site.",
    examples: ["2026-03-02 08:15:04"],
  }),
  is_duplicate: t.Boolean({ description: "Whether the same punch was there before." }),
  log_type: t.Union([t.Literal("NEW"), t.Literal("DUP")]),
});
export type ManualLogAnswer = Static<typeof ManualLogAnswer>;

/** Here the text is in `error`. */
export const ManualLogRefusal = t.Object({
  success: t.Literal(false),
  error: t.String({ examples: ["Missing user_id or device_id"] }),
});

export const SAVE_FAILED = "Database save failed";

/** Nothing is stored where it says so. */
export const ManualLogFailure = t.Object({
  success: t.Literal(false),
  error: t.String({ examples: [SAVE_FAILED] }),
});
