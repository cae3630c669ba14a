/**
 * Which commands a poll may be answered with. D5 and D6 both name a `dev_model`, and D6 may post to
 * `/` like D5 (fkweb.md 1), but what the one takes for a user to be written the other may take for
 * something else. Their polls differ (6.1): D5 tells of itself in fields that begin with `fk_`, and D6
 * sends the time at most. A poll that says neither is answered with what both take alike. Pure.
 */

import { splitBody } from "./body.ts";
import { type FkwebDialect, type FkwebFrame, isJsonObject } from "./message.ts";

/** The dialect of a terminal's commands; `unclear`: D5 or D6. */
export type CommandDialect = FkwebDialect | "unclear";

const OWN_PREFIX = "fk_";

/** The dialect of a `receive_cmd`, of whose body at most `textBytesMax` bytes are read. */
export function commandDialectOf(frame: FkwebFrame, textBytesMax: number): CommandDialect {
  const { dialect } = frame;
  if (dialect !== "bare" && dialect !== "framed") return dialect;
  const body = splitBody(frame.body, textBytesMax);
  const isBare = body.ok && !body.value.isFramed;
  const fields = body.ok && isJsonObject(body.value.value) ? body.value.value : {};
  if (Object.keys(fields).some((name) => name.startsWith(OWN_PREFIX))) return dialect;
  if (isBare && Object.hasOwn(fields, "time")) return "visible-light";
  return dialect === "bare" ? "unclear" : dialect;
}
