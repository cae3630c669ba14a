/** What the two lists of users take and give (contract.md 3.1 and 3.2). */

import { type Static, t } from "elysia";
import { queryParameter } from "../../query-text.ts";

export const UserQuery = t.Object({
  limit: queryParameter("Most users to return; absent, zero, negative or unreadable: all.", {
    type: "integer",
  }),
  offset: queryParameter("Users to skip first; also without `limit`.", {
    type: "integer",
    minimum: 0,
    default: 0,
  }),
  user_id: queryParameter("Only this user; zero or unreadable: everybody.", { type: "integer" }),
});

const UserNumber = t.Union([t.Integer(), t.String()], {
  description: "A number; text only for an id that is not a whole number.",
  examples: [7],
});
const Privilege = t.Integer({
  description:
    "What a terminal told last: 0 user, 1 manager, 2 operator, 3 registrar, or its own number. " +
    "0 where none told.",
});
const UpdatedAt = t.String({
  description: "Last news from the HRIS or a terminal, `YYYY-MM-DD HH:MM:SS` in UTC.",
  examples: ["2026-03-02 00:15:06"],
});
const Flag = (description: string) => t.Integer({ minimum: 0, maximum: 1, description });
const Count = (description: string) => t.Integer({ minimum: 0, description });

export const UserRecord = t.Object({
  user_id: UserNumber,
  name: t.String({
    description: "As the HRIS sent it, else as a terminal told it, else `User <id>`.",
    examples: ["Ana Cruz"],
  }),
  privilege: Privilege,
  enabled: t.Boolean({
    description: "As the HRIS said, else as a terminal told, else true.",
  }),
  biometric_enabled: t.Boolean({
    description: "Whether a terminal told of a credential, or the user has punched.",
  }),
  updated_at: UpdatedAt,
  department: t.Union([t.String(), t.Null()], { description: "As the HRIS sent it." }),
  further_fields: t.Object(
    {},
    { additionalProperties: true, description: "Everything else that the HRIS sent." },
  ),
});
export type UserRecord = Static<typeof UserRecord>;

export const HrisUserRecord = t.Object({
  user_id: UserNumber,
  privilege: Privilege,
  enabled: Flag("1 or 0; as the HRIS said, else as a terminal told, else 1."),
  password_flag: Flag("Whether a terminal told of a password."),
  card_flag: Flag("Whether a terminal told of a card."),
  face_flag: Flag("Whether a terminal told of a face."),
  fp_count: Count("Fingerprints on the terminal that has most of them."),
  vein_count: Count("Vein patterns on the terminal that has most of them."),
  enrolled_backups: t.Array(t.Union([t.Integer(), t.String()]), {
    description: "The terminals' numbers of the credentials, each once.",
    examples: [[0, 11]],
  }),
  updated_at: UpdatedAt,
});
export type HrisUserRecord = Static<typeof HrisUserRecord>;

const Counts = {
  success: t.Literal(true),
  total: t.Integer({ description: "Everybody; 1 when one user is asked for." }),
};
const Returned = { returned: t.Integer({ description: "Users in `users`." }) };
const ORDER = "Whole numbers by value, then all other ids by text.";

export const UserAnswer = t.Object({
  ...Counts,
  users: t.Array(UserRecord, { description: ORDER }),
  ...Returned,
});

export const HrisUserAnswer = t.Object({
  ...Counts,
  users: t.Array(HrisUserRecord, { description: ORDER }),
  ...Returned,
});
