/** What the control socket says of terminals. Times are RFC 3339, UTC. */

import { type Static, t } from "elysia";

export const ControlDevice = t.Object({
  id: t.String(),
  name: t.Union([t.String(), t.Null()]),
  status: t.Union([
    t.Literal("pending"),
    t.Literal("approved"),
    t.Literal("blocked"),
    t.Literal("retired"),
  ]),
  driver: t.String(),
  /** Null while it was never in contact. */
  last_contact_at: t.Union([t.String(), t.Null()]),
  last_address: t.String(),
  /** The only address, or network in CIDR notation, it may come from; null: any. */
  allowed_address: t.Union([t.String(), t.Null()]),
  /** Punches stored and not yet released to the HRIS. */
  held_count: t.Number(),
  /** Resends of a known punch. */
  duplicate_count: t.Number(),
  /** Requests closed without a reply by policy. */
  refused_count: t.Number(),
  /** Device clock minus our own; null while unknown. */
  clock_skew_ms: t.Union([t.Number(), t.Null()]),
  firmware: t.Union([t.String(), t.Null()]),
  /** IANA zone; null: the site's. */
  time_zone: t.Union([t.String(), t.Null()]),
  /** Null: the site's policy. */
  direction: t.Union([
    t.Literal("alternate"),
    t.Literal("device"),
    t.Literal("fixed-in"),
    t.Literal("fixed-out"),
    t.Null(),
  ]),
  /** How its direction codes are read; null: by their library. */
  direction_codes: t.Union([t.String(), t.Null()]),
  /** The day of the terminal's own calendar before which punches are historic. */
  start_date: t.String(),
});
export type ControlDevice = Static<typeof ControlDevice>;

export const ControlDevices = t.Object({
  devices: t.Array(ControlDevice),
  /** Null while no pairing window is open. */
  pairing_window_ends_at: t.Union([t.String(), t.Null()]),
});
export type ControlDevices = Static<typeof ControlDevices>;

export const ControlChange = t.Object({
  result: t.Union([
    t.Literal("done"),
    t.Literal("unchanged"),
    t.Literal("unknown-device"),
    t.Literal("built-in-device"),
  ]),
});
export type ControlChange = Static<typeof ControlChange>;

export const ControlHistory = t.Object({
  result: t.Union([t.Literal("done"), t.Literal("unknown-device"), t.Literal("no-endpoint")]),
});

export const ControlPairing = t.Object({
  /** Null: no window is open. */
  pairing_window_ends_at: t.Union([t.String(), t.Null()]),
});
