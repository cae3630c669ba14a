/**
 * What the writer has to know of the site: values that settings give, and nothing else of them.
 */

import type { DirectionPolicy } from "#domain/device.ts";
import type { DirectionRule } from "#domain/direction.ts";
import type { LeadingZeros } from "#domain/punch-identity.ts";
import type { Endpoint } from "#domain/webhook-endpoint.ts";

/** The endpoint that the settings make. */
export type SettingsEndpoint = Pick<Endpoint, "url" | "format" | "types">;

/** What the writer goes by. A part that holds the rules sees a change of them at once. */
export interface StorageRules {
  /** IANA zone of terminals that have none of their own. */
  readonly siteTimeZone: string;
  readonly leadingZeros: LeadingZeros;
  /** Policy of terminals that have none of their own. */
  readonly directionPolicy: DirectionPolicy;
  readonly direction: DirectionRule;
  /** How far back a late punch corrects later rows, in milliseconds. */
  readonly correctionWindowMs: number;
  /** `open`: a new terminal is in use at once, as with the server being replaced. */
  readonly enrollment: "approve" | "open";
  /** A terminal's start date is its first contact minus this, in milliseconds. */
  readonly historyMs: number;
  /** Whether terminals whose clock is far off are told the time unasked. */
  readonly setsDeviceTime: boolean;
  /** Undefined: the settings make none. */
  readonly endpoint: SettingsEndpoint | undefined;
  /** Whether a resend of a known punch is told by a message of its own. */
  readonly announcesResends: boolean;
  /** Terminals known at all. */
  readonly devicesMax: number;
  /** Terminals that may wait for approval at once, or be approved by one pairing window. */
  readonly pendingDevicesMax: number;
  /** Punches held per pending terminal. */
  readonly pendingPunchesMax: number;
  /** Bytes stored per pending terminal. */
  readonly pendingBytesMax: number;
  /** Bytes of the whole quarantine; strangers may fill half of it. */
  readonly quarantineBytesMax: number;
  /** Bytes of all texts kept of undocumented requests; further ones are only counted. */
  readonly noticeTextBytesMax: number;
}

/** Rules that may change while the storage is open: with the others, what is stored would change. */
export type ChangeableRules = Omit<StorageRules, "siteTimeZone" | "leadingZeros">;
