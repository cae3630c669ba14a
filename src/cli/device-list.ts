/**
 * The server's list of terminals as it comes over the control socket, checked field by field: the
 * server may be another version than this verb. Pure.
 */

import { AppError } from "#base/app-error.ts";
import { asRecord, instantOf, textOf } from "./answer-fields.ts";

/** A terminal as the verb shows it. */
export interface ListedDevice {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly driver: string;
  readonly address: string;
  /** From where alone it may come; empty: from anywhere. */
  readonly allowedAddress: string;
  /** Epoch milliseconds; undefined when the server did not tell. */
  readonly lastContactMs: number | undefined;
  readonly heldCount: number;
  /** How far its clock is from the server's, in milliseconds; undefined while unknown. */
  readonly clockSkewMs: number | undefined;
  /** Empty: the site's. */
  readonly timeZone: string;
  /** Its rule, with the codes it reads where a person gave some; empty: the site's. */
  readonly direction: string;
  /** The day before which its punches are historic. */
  readonly startDate: string;
}

/** What the server knows. */
export interface DeviceList {
  readonly devices: readonly ListedDevice[];
  /** Until when new terminals are approved at once (epoch milliseconds); undefined: they are not. */
  readonly pairingWindowEndsAtMs: number | undefined;
}

/** @throws AppError `control-refused` when the answer is no list of terminals. */
export function parseDeviceList(body: unknown): DeviceList {
  const answer = asRecord(body);
  const devices = answer?.devices;
  if (answer === undefined || !Array.isArray(devices)) {
    throw new AppError("control-refused", "Cannot read the list of terminals: it has no devices", {
      hint: "The server may be of another version: compare with `biometric-server version`",
    });
  }
  return {
    devices: devices.map((device: unknown) => parseDevice(asRecord(device) ?? {})),
    pairingWindowEndsAtMs: instantOf(answer.pairing_window_ends_at),
  };
}

function parseDevice(device: Readonly<Record<string, unknown>>): ListedDevice {
  return {
    id: textOf(device.id),
    name: textOf(device.name),
    status: textOf(device.status),
    driver: textOf(device.driver),
    address: textOf(device.last_address),
    allowedAddress: textOf(device.allowed_address),
    lastContactMs: instantOf(device.last_contact_at),
    heldCount: typeof device.held_count === "number" ? device.held_count : 0,
    clockSkewMs: typeof device.clock_skew_ms === "number" ? device.clock_skew_ms : undefined,
    timeZone: textOf(device.time_zone),
    direction: directionOf(device),
    startDate: textOf(device.start_date),
  };
}

function directionOf(device: Readonly<Record<string, unknown>>): string {
  const codes = textOf(device.direction_codes);
  return `${textOf(device.direction)}${codes === "" ? "" : ` (${codes})`}`.trim();
}
