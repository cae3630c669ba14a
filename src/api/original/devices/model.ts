/** What `GET /api/biometric/devices` gives (contract.md D3 and 3.2). */

import { type Static, t } from "elysia";

export const DeviceRecord = t.Object({
  device_id: t.String(),
  device_name: t.Union([t.String(), t.Null()]),
  status: t.Union([t.Literal("allowed"), t.Literal("blocked")]),
  last_seen: t.Union([t.String(), t.Null()], {
    description: "`YYYY-MM-DD HH:MM:SS` in the site's time zone.",
  }),
  created_at: t.String({ description: "First contact, `YYYY-MM-DD HH:MM:SS` in UTC." }),
  connection_status: t.Union(
    [t.Literal("connected"), t.Literal("recent"), t.Literal("offline"), t.Literal("never")],
    { description: "Last contact under 2 minutes ago, under 30 minutes, longer, or never." },
  ),
  is_primary: t.Boolean(),
  device_type: t.Union([t.Literal("PRIMARY"), t.Literal("SECONDARY")]),
});
export type DeviceRecord = Static<typeof DeviceRecord>;

export const DeviceAnswer = t.Object({
  success: t.Literal(true),
  total: t.Integer(),
  devices: t.Array(DeviceRecord, {
    description: "Approved and blocked terminals; pending and retired ones are not shown.",
  }),
});
