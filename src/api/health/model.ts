/** The answers of the health routes. */

import { type Static, t } from "elysia";

export const Alive = t.Object({ status: t.Literal("alive") });

/** One reason why the server is not ready, or what an operator should know beside. */
export const ReadinessProblemModel = t.Object({
  code: t.String({ description: "Stable.", examples: ["storage-write-failed"] }),
  message: t.String({
    description: "For the operator: what fails, and what can be done.",
    examples: ["Cannot write to the database: the disk is full. Free 16 MB or more."],
  }),
});
export type ReadinessProblem = Readonly<Static<typeof ReadinessProblemModel>>;

const notes = t.Optional(
  t.Array(ReadinessProblemModel, {
    description: "What makes the server no less ready, and should be looked at. Absent: nothing.",
  }),
);

export const Ready = t.Object({ status: t.Literal("ready"), notes });

export const NotReady = t.Object({
  status: t.Literal("not-ready"),
  problems: t.Array(ReadinessProblemModel),
  notes,
});
