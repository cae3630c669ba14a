/** What `GET /api/biometric/status` gives (contract.md 3.1, alignment as in the newest revision). */

import { type Static, t } from "elysia";

const UserNumbers = t.Array(t.Union([t.Integer(), t.String()]), {
  description: "Numbers; text only for an id that is not a whole number.",
});

const StatusDevice = t.Object({
  id: t.String(),
  name: t.String(),
  status: t.Union([t.Literal("allowed"), t.Literal("blocked")]),
  last_seen: t.Union([t.String(), t.Null()], {
    description: "`YYYY-MM-DD HH:MM:SS` in the site's time zone.",
  }),
  connection_status: t.Union([t.Literal("connected"), t.Literal("disconnected")]),
  is_primary: t.Boolean(),
  device_type: t.Union([t.Literal("PRIMARY"), t.Literal("SECONDARY")]),
});
export type StatusDevice = Static<typeof StatusDevice>;

const Connection = t.Object({
  status: t.Union([t.Literal("connected"), t.Literal("disconnected")], {
    description: "Whether any terminal was in contact within 2 minutes.",
  }),
  api_url: t.String(),
  last_test: t.String({ format: "date-time", description: "The time of this answer, UTC." }),
});

const Alignment = t.Object({
  primary_device_id: t.String(),
  primary_device_name: t.String(),
  total_primary_users: t.Integer({ description: "Users that punched at the primary terminal." }),
  primary_device_users: UserNumbers,
  alignment_status: t.Literal("DYNAMIC"),
});

const Connections = t.Object({
  total_active_employees: t.Integer({ description: "Users that punched at any terminal." }),
  employees_with_biometric_id: t.Integer({ description: "The same: each of them has an id." }),
  connection_rate_percent: t.Integer(),
  duplicate_biometric_ids_count: t.Integer({ description: "Zero: an id names one user." }),
  duplicate_biometric_ids: UserNumbers,
});

const Sync = t.Object({
  enabled: t.Literal(true),
  attendance_interval: t.Integer({ description: "Minutes; the HRIS's own, as documented." }),
  user_interval: t.Integer({ description: "Minutes; the HRIS's own, as documented." }),
  auto_create_records: t.Literal(true),
  statistics: t.Object({
    last_sync_attempt: t.Null(),
    last_successful_sync: t.Null(),
    total_synced_today: t.Integer({ description: "Punches of today in the site's time zone." }),
    sync_errors_today: t.Integer(),
    primary_device_logs_today: t.Integer({ description: "Those at the primary terminal." }),
  }),
});

const Config = t.Object({
  client_id: t.String({ description: "The client that asks." }),
  token_expiry_hours: t.Integer(),
  rate_limit_requests: t.Integer(),
  rate_limit_window: t.Integer({ description: "Seconds." }),
  primary_device_id: t.String(),
});

const Webhook = t.Object({
  enabled: t.Boolean(),
  url: t.String(),
  mode: t.String(),
  rate_limit: t.Integer({ description: "Deliveries per minute; 0 for no limit." }),
  timeout: t.Integer({ description: "Seconds." }),
  retry_enabled: t.Boolean(),
});

export const StatusAnswer = t.Object({
  success: t.Literal(true),
  connection: Connection,
  devices: t.Union([t.Array(StatusDevice), t.Null()], {
    description: "Approved and blocked terminals; null when there is none.",
  }),
  alignment: Alignment,
  connections: Connections,
  sync: Sync,
  config: Config,
  webhook: Webhook,
});
export type StatusAnswer = Static<typeof StatusAnswer>;
