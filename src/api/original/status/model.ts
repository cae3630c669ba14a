/** What `GET /api/biometric/status` gives (contract.md 3.1, alignment in the forms of both revisions). */

import { type Static, t } from "elysia";

const UserNumber = t.Union([t.Integer(), t.String()], {
  description: "A number; text only for an id that is not a whole number.",
});
const Instant = (description: string) =>
  t.Union([t.String({ format: "date-time" }), t.Null()], {
    description: `${description} UTC; null while never.`,
  });

const StatusDevice = t.Object({
  id: t.String(),
  name: t.String({ examples: ["Main gate"] }),
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

const PrimaryDevice = { primary_device_id: t.String(), primary_device_name: t.String() };
const PrimaryUsers = t.Array(UserNumber, {
  description: "Users that punched at the primary terminal.",
});

const FreeAlignment = t.Object({
  ...PrimaryDevice,
  total_primary_users: t.Integer({ description: "Users that punched at the primary terminal." }),
  primary_device_users: PrimaryUsers,
  alignment_status: t.Literal("DYNAMIC"),
});
export type FreeAlignment = Static<typeof FreeAlignment>;

const ExpectedAlignment = t.Object({
  ...PrimaryDevice,
  expected_users: t.Array(t.Integer(), { description: "All of `PRIMARY_DEVICE_USER_RANGE`." }),
  primary_device_users: PrimaryUsers,
  missing_users: t.Array(t.Integer(), { description: "Expected, and never punched there." }),
  extra_users: t.Array(UserNumber, { description: "Punched there, and not expected." }),
  alignment_status: t.Union([t.Literal("PERFECT"), t.Literal("NEEDS_ATTENTION")]),
});
export type ExpectedAlignment = Static<typeof ExpectedAlignment>;

const Alignment = t.Union([FreeAlignment, ExpectedAlignment], {
  description: "The second form while `PRIMARY_DEVICE_USER_RANGE` is set.",
});

const Connections = t.Object({
  total_active_employees: t.Integer({
    description: "Users that the HRIS sent and did not disable.",
  }),
  employees_with_biometric_id: t.Integer({
    description: "Those of them who are enrolled on a terminal in use, or have punched.",
  }),
  connection_rate_percent: t.Integer({ description: "Of the former; 0 while there are none." }),
  duplicate_biometric_ids_count: t.Integer({ description: "Zero: an id names one user." }),
  duplicate_biometric_ids: t.Array(UserNumber),
});

const Sync = t.Object({
  enabled: t.Literal(true),
  attendance_interval: t.Integer({ description: "Minutes; the HRIS's own, as documented." }),
  user_interval: t.Integer({ description: "Minutes; the HRIS's own, as documented." }),
  auto_create_records: t.Literal(true),
  statistics: t.Object({
    last_sync_attempt: Instant("When the HRIS last sent users."),
    last_successful_sync: Instant("When users that it sent were last taken."),
    total_synced_today: t.Integer({ description: "Punches of today in the site's time zone." }),
    sync_errors_today: t.Integer({
      description: "Requests refused today, and users refused in the others.",
    }),
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
