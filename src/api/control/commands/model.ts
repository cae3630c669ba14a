/** What the control socket takes and gives of commands. Commands themselves are as `/v1` shows them. */

import { type Static, t } from "elysia";
import { CommandBody, CommandModel } from "../../devices/model.ts";

export const ControlCommandBody = t.Object({ ...CommandBody.properties, device: t.String() });

export const ControlCommands = t.Object({ commands: t.Array(CommandModel) });

export const PushBody = t.Object({
  device: t.String(),
  /** Absent: everybody the HRIS sent. */
  users: t.Optional(t.Array(t.String())),
});

/** How many of whom were looked at. */
export const PushAnswer = t.Object({
  commands: t.Array(CommandModel),
  /** By reason. */
  skipped: t.Object({
    unchanged: t.Integer(),
    disabled: t.Integer(),
    "no-name": t.Integer(),
    unfit: t.Integer(),
    /** A command for it was queued since the terminal listed its users. */
    asked: t.Integer(),
    /** Nobody the HRIS sent. */
    unknown: t.Integer(),
  }),
  /** Users that found no place in the queue. */
  left_count: t.Integer(),
});
export type PushAnswer = Static<typeof PushAnswer>;
