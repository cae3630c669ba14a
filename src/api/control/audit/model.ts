/** What the control socket answers about the acts of people. */

import { t } from "elysia";

const AuditedAct = t.Object({
  id: t.Integer(),
  at: t.String({ description: "RFC 3339, with the site's offset." }),
  actor: t.String({ description: "`operator`, or `client` and its name." }),
  action: t.String(),
  subject: t.String(),
  detail: t.Record(t.String(), t.Unknown()),
});

/** A page, newest first. */
export const AuditPage = t.Object({
  entries: t.Array(AuditedAct),
  next: t.Union([t.String(), t.Null()], { description: "Leads to older ones; null: none." }),
});
