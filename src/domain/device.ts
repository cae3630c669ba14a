/**
 * The terminal as the product knows it.
 */

import type { EpochMs } from "#base/epoch.ts";
import { type DeviceId, deviceId } from "./identifiers.ts";

/**
 * `pending`: stored, acknowledged, invisible to the HRIS. `approved`: in use. `blocked`: closed
 * without a reply. `retired`: taken out of use; its punches stay, the site no longer waits for it,
 * and should it come again it is met like a terminal nobody knows.
 */
export type DeviceStatus = "pending" | "approved" | "blocked" | "retired";

/**
 * The built-in device of punches that a person entered for no terminal in use. Always approved,
 * never in contact, and no terminal may speak in its name. Its id is what the replaced server put
 * where a client named none.
 */
export const MANUAL_DEVICE_ID = deviceId("unknown");

/** The driver of the built-in device, and of every request that brings a manual punch. */
export const MANUAL_DRIVER = "manual";

/** Drivers whose terminals send their records and never ask for anything (fkweb.md 1, dialect R). */
const DRIVERS_WITHOUT_COMMANDS: ReadonlySet<string> = new Set(["rtlog"]);

/** Whether the terminals of a driver may take commands; while none is known, a terminal may. */
export function mayTakeCommands(driver: string): boolean {
  return !DRIVERS_WITHOUT_COMMANDS.has(driver);
}

/**
 * What ends the waiting after a restore (`restore-hold.ts`): the reading of the terminal's log, or, for
 * one whose log cannot be asked for, the word of a person.
 */
export type HoldEnd = "log" | "operator";

/** How a device's punches get their direction. `device`: as the terminal says, where it does. */
export type DirectionPolicy = "alternate" | "device" | "fixed-in" | "fixed-out";

/** Every policy, for settings and arguments. */
export const DIRECTION_POLICIES: readonly DirectionPolicy[] = [
  "alternate",
  "device",
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
  /** When it was first known: its first contact, or before that the word of an operator. */
  readonly firstContactMs: EpochMs;
  /** Undefined while it was never in contact. */
  readonly lastContactMs: EpochMs | undefined;
  /** The peer's IP address at the last contact; empty while there was none. */
  readonly lastAddress: string;
  /** The only address, or network in CIDR notation, it may come from; undefined: any. */
  readonly allowedAddress: string | undefined;
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
  /** How its direction codes are read, as `parseDirectionCodes` takes it; undefined: by library. */
  readonly directionCodes: string | undefined;
  /** Punches stored and not yet released to the HRIS. */
  readonly heldCount: number;
  /** Resends of a known punch since the device row was made. */
  readonly duplicateCount: number;
  /** Requests closed without a reply by policy since the device row was made. */
  readonly refusedCount: number;
  /** The newest number that the terminal gave a record of its own; undefined where it numbers none. */
  readonly lastRecordNumber: string | undefined;
  /** How many of its numbered records never came. */
  readonly missingRecordCount: number;
  /** Rises whenever its clock is found to have been set back or reset. */
  readonly clockEpisode: number;
  /** Bytes that what it sent and nobody could read takes, rows included. */
  readonly quarantineBytes: number;
  /** Commands that wait for it, or for its result. */
  readonly openCommandCount: number;
  /** What has to come before its queue counts again, after a restore; undefined where it does. */
  readonly waitsFor: HoldEnd | undefined;
  /** Every punch that it stamped before this has come (exclusive); undefined: nothing shows it. */
  readonly completeThroughMs: EpochMs | undefined;
}

/** Of a terminal that polls at its slowest, this is two polls and a half. */
const ONLINE_WITHIN_MS = 300_000;

/** Whether a terminal was in contact within the last 5 minutes; terminals poll every 2 or faster. */
export function isOnline(device: Pick<Device, "lastContactMs">, nowMs: EpochMs): boolean {
  return device.lastContactMs !== undefined && nowMs - device.lastContactMs <= ONLINE_WITHIN_MS;
}
