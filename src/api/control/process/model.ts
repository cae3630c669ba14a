/** What the control socket says of the server's own process. */

import { t } from "elysia";

export const ControlProcess = t.Object({
  pid: t.Number(),
  /** Drawn at the start of the process: settings with the same salt and value have the same mark. */
  salt: t.String(),
  /** A mark of the value in use of each setting, by name. */
  setting_marks: t.Record(t.String(), t.String()),
});
