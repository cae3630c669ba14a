/** What `GET /api/status` and `GET /api/hris/status` give (contract.md 3.2 and 3.3). */

import { t } from "elysia";
import { DeviceEntry } from "../devices/model.ts";

export const OpenStatusAnswer = t.Object({
  total_logs: t.Integer({ description: "Records that the HRIS can read." }),
  total_devices: t.Integer(),
  devices: t.Array(DeviceEntry),
});

export const HrisStatusAnswer = t.Object({
  status: t.Literal("online"),
  timestamp: t.String({
    description: "Now, in the site's time zone, which it does not say.",
    examples: ["2026-03-02T08:15:04.250000"],
  }),
  stats: t.Object({
    total_logs: t.Integer({ description: "Records that the HRIS can read." }),
    total_users: t.Integer({ description: "Users that the HRIS or a terminal in use told of." }),
    total_devices: t.Integer({ description: "Terminals in use or blocked." }),
    connected_devices: t.Integer({ description: "Of them, in contact within 2 minutes." }),
  }),
});
