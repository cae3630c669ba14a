/**
 * The terminal as the product knows it.
 */

import type { EpochMs } from "#base/epoch.ts";
import type { DeviceId } from "./identifiers.ts";

/**
 * `pending`: stored, acknowledged, invisible to the HRIS. `approved`: in use. `blocked`: closed
 * without a reply. `retired`: gone for good; its punches stay, and the site no longer waits for it.
 */
export type DeviceStatus = "pending" | "approved" | "blocked" | "retired";

/** How a device's punches get their direction. */
export type DirectionPolicy = "alternate" | "fixed-in" | "fixed-out";

/** Every policy, for settings and arguments. */
export const DIRECTION_POLICIES: readonly DirectionPolicy[] = [
  "alternate",
  "fixed-in",
  "fixed-out",
];

/** A terminal, with what it last told of itself. */
export interface Device {
  readonly id: DeviceId;
  /** Given by the operator, else what the terminal calls itself. */
  readonly name: string | undefined;
  readonly status: DeviceStatus;
  readonly driver: string;
  readonly firstContactMs: EpochMs;
  readonly lastContactMs: EpochMs;
  /** The peer's IP address at the last contact. */
  readonly lastAddress: string;
  readonly firmware: string | undefined;
  readonly codeLibrary: string | undefined;
  /** The terminal's clock as it last wrote it. */
  readonly clockText: string | undefined;
  /** Device clock minus our own at the last report, in milliseconds; undefined while unknown. */
  readonly clockSkewMs: number | undefined;
  /** Punches before this instant are historic. */
  readonly startAtMs: EpochMs;
  /** IANA zone; undefined: the site's. */
  readonly timeZone: string | undefined;
  /** Undefined: the site's policy. */
  readonly directionPolicy: DirectionPolicy | undefined;
  /** Punches stored and not yet released to the HRIS. */
  readonly heldCount: number;
  /** Resends of a known punch since the device row was made. */
  readonly duplicateCount: number;
  /** Requests closed without a reply by policy since the device row was made. */
  readonly refusedCount: number;
}
