/** What the original's terminal endpoints take and give (contract.md D3, 3.2 and 3.3). */

import { type Static, t } from "elysia";

/** A terminal as every original endpoint but `/api/biometric/*` shows it. */
export const DeviceEntry = t.Object({
  device_id: t.String({ examples: ["2401058352"] }),
  device_name: t.Union([t.String(), t.Null()]),
  status: t.Union([t.Literal("allowed"), t.Literal("blocked")]),
  last_seen: t.Union([t.String(), t.Null()], {
    description: "`YYYY-MM-DD HH:MM:SS` in the site's time zone; null when it never was.",
    examples: ["2026-03-02 08:15:04"],
  }),
  created_at: t.String({
    description: "When it was first known, `YYYY-MM-DD HH:MM:SS` in UTC.",
    examples: ["2026-03-01 16:00:00"],
  }),
  connection_status: t.Union(
    [t.Literal("connected"), t.Literal("recent"), t.Literal("offline"), t.Literal("never")],
    { description: "Last contact under 2 minutes ago, under 30 minutes, longer, or never." },
  ),
});
export type DeviceEntry = Static<typeof DeviceEntry>;

export const DeviceRecord = t.Composite([
  DeviceEntry,
  t.Object({
    is_primary: t.Boolean(),
    device_type: t.Union([t.Literal("PRIMARY"), t.Literal("SECONDARY")]),
  }),
]);
export type DeviceRecord = Static<typeof DeviceRecord>;

const SHOWN = "Approved and blocked terminals; pending and retired ones are not shown.";

export const DeviceAnswer = t.Object({
  success: t.Literal(true),
  total: t.Integer(),
  devices: t.Array(DeviceRecord, { description: SHOWN }),
});

export const HrisDeviceAnswer = t.Object({
  success: t.Literal(true),
  total: t.Integer(),
  devices: t.Array(DeviceEntry, { description: SHOWN }),
});

export const OpenDeviceAnswer = t.Object({
  total: t.Integer(),
  devices: t.Array(DeviceEntry, { description: SHOWN }),
});

export const StatusChange = t.Object(
  {
    status: t.Optional(
      t.Union([t.Literal("allowed"), t.Literal("blocked")], { description: "Absent: `allowed`." }),
    ),
  },
  { examples: [{ status: "blocked" }] },
);

export const DeviceUpdate = t.Object(
  {
    device_name: t.Optional(
      t.Union([t.String({ maxLength: 100 }), t.Null()], {
        description: "Absent or null: as it is. Empty: as the terminal calls itself.",
      }),
    ),
    status: t.Optional(
      t.Union([t.Literal("allowed"), t.Literal("blocked")], { description: "Absent: as it is." }),
    ),
  },
  { examples: [{ device_name: "Front door" }] },
);
export type DeviceUpdate = Static<typeof DeviceUpdate>;

export const ChangeAnswer = t.Object({
  success: t.Literal(true),
  message: t.String({ examples: ["Device allowed", "Device updated", "Device deleted"] }),
});

/** The original's shape of a refused change. */
export const ChangeRefusal = t.Object({
  success: t.Literal(false),
  error: t.String({ description: "The kind of failure, as every other endpoint has it." }),
  message: t.String({ examples: ["Invalid status", "Failed to update device"] }),
});

/** The same where something of ours failed. */
export const ChangeFailure = t.Object(ChangeRefusal.properties, {
  examples: [
    { success: false, error: "Internal Server Error", message: "Failed to update device" },
  ],
});
