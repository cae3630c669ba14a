/** The server's own process on the control socket: which one it is, and which settings it uses. */

import { Elysia } from "elysia";
import { newUniqueName } from "#platform/random-text.ts";
import { strictParameters } from "../../query-text.ts";
import { ControlProcess } from "./model.ts";

/** What is told of the process. */
export interface ProcessControlOptions {
  /** A mark of the value in use of each setting by its name, made with a salt. */
  readonly markSettings: (salt: string) => Readonly<Record<string, string>>;
}

/** `GET /process`. */
export function processControl({ markSettings }: ProcessControlOptions) {
  const salt = newUniqueName();
  return new Elysia({ name: "control-process", strictPath: true }).get(
    "/process",
    ({ request }) => {
      strictParameters(request.url, []);
      return { pid: process.pid, salt, setting_marks: { ...markSettings(salt) } };
    },
    { response: ControlProcess },
  );
}
