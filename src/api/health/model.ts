/** The answers of the health routes. */

import { type Static, t } from "elysia";

export const Alive = t.Object({ status: t.Literal("alive") });

export const Ready = t.Object({ status: t.Literal("ready") });

/** One reason why the server is not ready. */
export const ReadinessProblemModel = t.Object({
  code: t.String({ description: "Stable.", examples: ["storage-write-failed"] }),
  message: t.String({
    description: "For the operator: what fails, and what can be done.",
    examples: ["Cannot write to the database: the disk is full. Free 16 MB or more."],
  }),
});
export type ReadinessProblem = Readonly<Static<typeof ReadinessProblemModel>>;

export const NotReady = t.Object({
  status: t.Literal("not-ready"),
  problems: t.Array(ReadinessProblemModel),
});
