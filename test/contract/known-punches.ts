/** Punches on both sides of midnight, of the site and of UTC, and what the contract makes of each. */

import { PRIMARY, SECONDARY, type TerminalPunch } from "./contract-site.ts";

/** A punch, and how it has to be shown. */
export interface KnownPunch extends TerminalPunch {
  /** `YYYY-MM-DD HH:MM:SS`. */
  readonly utc: string;
  readonly direction: "in" | "out";
  readonly method: string;
  /** As numbers are shown: without the zeros in front. */
  readonly shownUser: number | string;
}

/** In the order in which they are sent, which is their order in time. */
export const KNOWN_PUNCHES: readonly KnownPunch[] = [
  {
    device: PRIMARY,
    user: "00000007",
    shownUser: 7,
    time: "20260302000000",
    utc: "2026-03-01 16:00:00",
    verify: 1,
    method: "Fingerprint",
    direction: "in",
  },
  {
    device: PRIMARY,
    user: "7",
    shownUser: 7,
    time: "20260302075959",
    utc: "2026-03-01 23:59:59",
    verify: 3,
    method: "ID Card",
    direction: "out",
  },
  {
    device: SECONDARY,
    user: "8",
    shownUser: 8,
    time: "20260302080000",
    utc: "2026-03-02 00:00:00",
    verify: 20,
    method: "Face",
    direction: "in",
  },
  // Beyond the users 1 to 8 that the replaced server's primary terminal once took.
  {
    device: PRIMARY,
    user: "42",
    shownUser: 42,
    time: "20260302235959",
    utc: "2026-03-02 15:59:59",
    verify: 2,
    method: "Password",
    direction: "in",
  },
  {
    device: SECONDARY,
    user: "7",
    shownUser: 7,
    time: "20260303000000",
    utc: "2026-03-02 16:00:00",
    verify: 99,
    method: "Unknown (99)",
    direction: "in",
  },
  {
    device: SECONDARY,
    user: "A-17",
    shownUser: "A-17",
    time: "20260303081530",
    utc: "2026-03-03 00:15:30",
    verify: 1,
    method: "Fingerprint",
    direction: "in",
  },
];

/** Latest first, as the contract lists them. */
export const LATEST_FIRST: readonly KnownPunch[] = KNOWN_PUNCHES.toReversed();
