/** What the control socket says of the whole server. Times are RFC 3339, UTC. */

import { type Static, t } from "elysia";

const StatusTerminal = t.Object({
  id: t.String(),
  name: t.Union([t.String(), t.Null()]),
  status: t.Union([
    t.Literal("pending"),
    t.Literal("approved"),
    t.Literal("blocked"),
    t.Literal("retired"),
  ]),
  /** Null while it was never in contact. */
  last_contact_at: t.Union([t.String(), t.Null()]),
  last_address: t.String(),
  /** The only address, or network in CIDR notation, it may come from; null: any. */
  allowed_address: t.Union([t.String(), t.Null()]),
  /** Device clock minus our own; null while unknown. */
  clock_skew_ms: t.Union([t.Number(), t.Null()]),
  /** Punches stored and not yet released to the HRIS. */
  held_count: t.Number(),
  /** Records that never came, of a terminal that numbers them. */
  missing_record_count: t.Number(),
  /** Every punch that it stamped before this is here; null: nothing shows it. */
  complete_through: t.Union([t.String(), t.Null()]),
});

const StatusCondition = t.Object({
  /** One of `CONDITION_TYPES`. */
  type: t.String(),
  /** A terminal's id, an IP address where that is all there is, or a receiver's name. */
  subject: t.String(),
  raised_at: t.String(),
  last_seen_at: t.String(),
  detail: t.String(),
  /** What a person does about it. */
  fix: t.String(),
});

/** A receiver of webhooks; fields as `WebhookModel` has them. */
const StatusWebhook = t.Object({
  name: t.String(),
  url: t.String(),
  state: t.String(),
  paused_because: t.Union([t.String(), t.Null()]),
  waiting_count: t.Number(),
  parked_count: t.Number(),
  unfilled_count: t.Number(),
  drain_seconds: t.Union([t.Number(), t.Null()]),
  next_probe_seconds: t.Union([t.Number(), t.Null()]),
  last_result: t.Union([t.String(), t.Null()]),
  last_result_at: t.Union([t.String(), t.Null()]),
});

export const ControlStatus = t.Object({
  version: t.String(),
  uptime_seconds: t.Number(),
  now: t.String(),
  /** Nothing is wrong: no condition, no parked delivery, and the database takes what comes. */
  well: t.Boolean(),
  /** Why nothing can be stored; null: it can. */
  storage_problem: t.Union([t.String(), t.Null()]),
  /** `low`: backups and the ledger have stopped; `full`: nothing is taken. */
  disk: t.Union([t.Literal("enough"), t.Literal("low"), t.Literal("full")]),
  disk_free_bytes: t.Number(),
  clock_trusted: t.Boolean(),
  terminals: t.Array(StatusTerminal),
  conditions: t.Array(StatusCondition),
  /** Every punch before this is here, of all terminals in use; null: nothing shows it. */
  complete_through: t.Union([t.String(), t.Null()]),
  /** The terminal in use that is behind all others, and why; null while none is in use. */
  held_back_by: t.Union([t.Object({ id: t.String(), detail: t.String() }), t.Null()]),
  webhooks: t.Array(StatusWebhook),
  deliveries_waiting: t.Number(),
  deliveries_parked: t.Number(),
  /** Of those that are in `DATA_DIR/backups/`; null: there is none. */
  last_backup_at: t.Union([t.String(), t.Null()]),
  /** Why the last try to make one failed; null: it did not. */
  backup_problem: t.Union([t.String(), t.Null()]),
  /** Requests that nobody could read, kept. */
  quarantine_count: t.Number(),
  /** Since the start, those that were reached; raised by `setting`, where one does. */
  limits_reached: t.Array(
    t.Object({
      limit: t.String(),
      setting: t.Union([t.String(), t.Null()]),
      count: t.Number(),
    }),
  ),
  /** Null while no pairing window is open. */
  pairing_window_ends_at: t.Union([t.String(), t.Null()]),
});
export type ControlStatus = Static<typeof ControlStatus>;
