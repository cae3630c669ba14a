/** What the control socket says of the box's own clock. */

import { t } from "elysia";

export const ControlClock = t.Object({
  /** RFC 3339, UTC. */
  now: t.String(),
  /** IANA zone of the site. */
  site_time_zone: t.String(),
  trusted: t.Boolean(),
  /** Null: nothing says that the clock is right. */
  evidence: t.Union([
    t.Literal("synchronized"),
    t.Literal("confirmed"),
    t.Literal("terminals"),
    t.Null(),
  ]),
  /** Terminals in use whose clock was measured in the last 10 minutes. */
  measured_count: t.Number(),
  /** Those of them that agree with ours. */
  agreeing_count: t.Number(),
  /** Whether something stored arrived later than our clock shows. */
  behind_stored: t.Boolean(),
});
