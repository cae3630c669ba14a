/** What the control socket says of the quarantine, beside the shapes of `/v1`. */

import { type Static, t } from "elysia";

export const Released = t.Object({
  id: t.Integer(),
  status: t.Union([t.Literal("released"), t.Literal("waiting")]),
  punches: t.Array(
    t.Object({
      punch_id: t.Integer(),
      fate: t.Union([t.Literal("stored"), t.Literal("known"), t.Literal("replaced")]),
    }),
  ),
  kept_count: t.Integer(),
});

export const Retried = t.Object({
  released: t.Array(Released),
  waiting: t.Array(t.Object({ id: t.Integer(), code: t.String() })),
  next: t.Union([t.String(), t.Null()]),
});

export const Discarded = t.Object({ id: t.Integer(), status: t.Literal("discarded") });

export const SupplyBody = t.Object({
  user_id: t.Optional(t.String({ minLength: 1 })),
  /** Of the terminal's own clock: 14 digits, or with hyphens and colons. */
  time: t.Optional(t.String({ minLength: 1 })),
  device_id: t.Optional(t.String({ minLength: 1 })),
  replaces: t.Optional(t.Boolean()),
  /** There are further records in it. */
  goes_on: t.Optional(t.Boolean()),
});
export type SupplyBody = Static<typeof SupplyBody>;
