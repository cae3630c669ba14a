/** What could not be understood and is kept raw, and what a person decides of it. */

import type { EpochMs } from "#base/epoch.ts";
import type { DeviceId, PunchId } from "./identifiers.ts";
import type { RawPunch, RefusalCode } from "./intake.ts";

/** `released`: it is a punch. `discarded`: a person decided that it is none. */
export const QUARANTINE_STATUSES = ["waiting", "released", "discarded"] as const;
export type QuarantineStatus = (typeof QUARANTINE_STATUSES)[number];

/** A request, or one record of it, that is kept; without its bytes. */
export interface QuarantineEntry {
  readonly id: number;
  /** Undefined where even the sender is unknown. */
  readonly deviceId: DeviceId | undefined;
  readonly driver: string;
  /** The peer's IP address. */
  readonly remoteAddress: string;
  readonly receivedAtMs: EpochMs;
  /** For programs: `bad-time`, `same-second`, `body-not-json`. */
  readonly code: string;
  /** For the operator. */
  readonly reason: string;
  readonly byteCount: number;
  /** Hexadecimal; undefined where the bytes are not here, because a backup left them out. */
  readonly sha256: string | undefined;
  readonly status: QuarantineStatus;
  readonly decidedAtMs: EpochMs | undefined;
  /** `operator`, or `client` and the name of an API client. */
  readonly decidedBy: string | undefined;
  /** The punch it became, or already was; of several the first. */
  readonly punchId: PunchId | undefined;
}

/** An entry with all that is kept of it. */
export interface KeptEntry {
  readonly entry: QuarantineEntry;
  readonly bytes: Uint8Array;
}

/** Who decides, and when. */
export interface Decision {
  readonly id: number;
  /** As `QuarantineEntry.decidedBy`. */
  readonly by: string;
  readonly nowMs: EpochMs;
}

/** The punches that are to be made of an entry. */
export interface QuarantineRelease extends Decision {
  /** Whose they are: the entry's own terminal, or the one that a person named where it has none. */
  readonly deviceId: DeviceId;
  /** At least one, as the terminal told them. */
  readonly punches: readonly RawPunch[];
  /** Whether they are records of the terminal's own log. */
  readonly isOfLog: boolean;
  /** What a person adds; there is then one punch. Undefined: the record speaks for itself. */
  readonly supplied: SuppliedFields | undefined;
}

/** What a person knows of a record and the record does not tell. */
export interface SuppliedFields {
  readonly userIdText?: string | undefined;
  /** As `parseWallTime` reads it, by the terminal's own zone. */
  readonly wallTimeText?: string | undefined;
  /** The record takes the place of the stored punch of the same user and second. */
  readonly replaces: boolean;
  /** There are further records in it, so that it goes on waiting. */
  readonly goesOn: boolean;
}

/** A punch that a release made, or found stored already. */
export interface ReleasedPunch {
  readonly punchId: PunchId;
  readonly fate: "stored" | "known" | "replaced";
}

/**
 * Why nothing became of a decision, which then changed nothing. `already`: it was decided before.
 * `unreadable`: the rules still cannot take it, and why. `no-room`: its terminal waits for approval
 * and may hold no more. `blocked`: its terminal is. `rule-failed`: a rule of ours failed on it.
 * `nothing-to-replace`: no punch of the same user and second is stored, or it was imported.
 */
export type Undecided =
  | { readonly kind: "unknown" }
  | { readonly kind: "already"; readonly entry: QuarantineEntry }
  | { readonly kind: "unknown-device" }
  | { readonly kind: "blocked" }
  | { readonly kind: "no-room"; readonly code: RefusalCode }
  | { readonly kind: "nothing-to-replace" }
  | { readonly kind: "unreadable"; readonly code: string; readonly reason: string }
  | { readonly kind: "rule-failed"; readonly code: string; readonly reason: string };

/** `keptCount`: records that cannot be read, and wait as entries of their own. */
export type ReleaseOutcome =
  | {
      readonly kind: "released";
      readonly punches: readonly ReleasedPunch[];
      readonly keptCount: number;
    }
  | Undecided;

/** What became of a discard. */
export type DiscardOutcome =
  | { readonly kind: "discarded" }
  | Extract<Undecided, { readonly kind: "unknown" | "already" }>;
