/** What the sync endpoints take and give (contract.md 3.1 and 3.2, with a result for every user). */

import { type Static, t } from "elysia";
import { FURTHER_FIELDS_BYTES_MAX } from "#domain/user.ts";

/** Users of one request: stored in one go, in which no terminal is served. */
export const USERS_MAX = 5000;
/** The longest name or department, in UTF-16 code units. */
export const TEXT_LENGTH_MAX = 200;
/** Each user is read by itself (`read-user.ts`), so that a bad one does not spoil the others. */
const SyncUser = t.Unknown({
  documentedAs: {
    type: "object",
    required: ["user_id"],
    properties: {
      user_id: {
        description:
          "The id on the terminals: a whole number, or text. Zeros before a number count as at the site.",
        anyOf: [{ type: "integer" }, { type: "string", minLength: 1, maxLength: 64 }],
      },
      name: { type: "string", maxLength: TEXT_LENGTH_MAX, nullable: true },
      department: { type: "string", maxLength: TEXT_LENGTH_MAX, nullable: true },
      enabled: { type: "boolean", nullable: true, description: "Also 1 and 0." },
    },
    additionalProperties: true,
    description:
      "What is left out stays as it is known, and `null` takes it away. The same holds for each " +
      `further field; they are kept, at most ${FURTHER_FIELDS_BYTES_MAX} bytes of JSON in all.`,
    example: { user_id: 7, name: "Ana Cruz", department: "Operations", enabled: true },
  },
});

export const SyncBody = t.Object({
  users: t.Optional(t.Array(SyncUser, { description: `At most ${USERS_MAX}.` })),
});

export const SyncResult = t.Object(
  {
    index: t.Integer({ description: "Place in `users`, from 0." }),
    user_id: t.Union([t.Integer(), t.String(), t.Null()], {
      description: "As it is stored; null when it cannot be read.",
    }),
    result: t.Union([t.Literal("stored"), t.Literal("unchanged"), t.Literal("refused")]),
    reason: t.Optional(t.String({ description: "Why it was refused." })),
  },
  { examples: [{ index: 0, user_id: 7, result: "stored" }] },
);
export type SyncResult = Static<typeof SyncResult>;

const Acknowledgement = {
  success: t.Literal(true),
  message: t.Literal("Sync request acknowledged"),
  received_users: t.Integer(),
};
const Results = t.Array(SyncResult, { description: "One per user, in the order of `users`." });

export const HrisSyncAnswer = t.Object({ ...Acknowledgement, results: Results });

export const SyncAnswer = t.Object({
  ...Acknowledgement,
  processed_at: t.String({
    description: "In the site's time zone, with microseconds.",
    examples: ["2026-03-02T08:15:04.250000"],
  }),
  results: Results,
});
