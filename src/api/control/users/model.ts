/** What the control socket answers about users. */

import { t } from "elysia";

/** How much of a user was let go of. */
export const UserPurged = t.Object({
  user_id: t.String(),
  punch_count: t.Integer(),
  delivery_count: t.Integer(),
  enrollment_count: t.Integer(),
  command_count: t.Integer(),
  was_known: t.Boolean(),
});
