/**
 * The rows of the replaced server's database, and how its times are read. What a row means is in
 * the `imported-*` modules.
 */

import { type EpochMs, epochMs } from "#base/epoch.ts";
import { DEVICE_ID_LENGTH_MAX } from "./device-text.ts";
import { type DeviceId, deviceId } from "./identifiers.ts";
import { parseWallTime, trimPadding, type WallTime } from "./wall-time.ts";

/**
 * A row by its column names (contract.md 6), each value as text. SQLite lets any column hold
 * anything: numbers stand in decimal, bytes as the literal `x'00FF'`. `id` is the row's number in
 * its table. A column the file does not have is absent or null.
 */
export type OriginalRow = Readonly<Record<string, string | null>>;

/** The tables that are imported, in the order in which one needs the other. */
export const ORIGINAL_TABLES = [
  "devices",
  "enrolled_users",
  "attendance_logs",
  "webhook_queue",
] as const;

export type OriginalTable = (typeof ORIGINAL_TABLES)[number];

/** Why a row is not imported. */
export interface ImportRefusal {
  readonly code:
    | "no-device"
    | "device-too-long"
    | "bad-status"
    | "no-user"
    | "user-too-long"
    | "no-time"
    | "same-second"
    | "devices-full"
    | "users-full"
    | "too-long"
    | "not-readable"
    | "not-a-punch"
    | "no-such-punch"
    | "no-endpoint"
    | "rule-failed";
  /** What was found and what is wanted, for the operator. */
  readonly reason: string;
}

/** What an imported row has that a person may want to know of. */
export type ImportFlag =
  | "renumbered"
  | "text-user"
  | "unreadable-time"
  | "doubtful-time"
  | "no-direction"
  | "no-last-contact"
  | "device-not-listed";

/** The device that a row names, or why it names none. */
export function readDeviceId(text: string | null | undefined): DeviceId | ImportRefusal {
  if (trimPadding(text ?? "") === "") return { code: "no-device", reason: "Row has no device id" };
  const id = text ?? "";
  if (id.length <= DEVICE_ID_LENGTH_MAX) return deviceId(id);
  const reason = `Device id has ${id.length} characters: at most ${DEVICE_ID_LENGTH_MAX} are accepted`;
  return { code: "device-too-long", reason };
}

/** `YYYY-MM-DD HH:MM:SS` with or without a fraction, which is dropped; undefined when it is none. */
export function readOriginalTime(text: string | null | undefined): WallTime | undefined {
  const wallTime = parseWallTime((text ?? "").replace(/\.\d{1,9}$/, ""));
  return wallTime.ok ? wallTime.value : undefined;
}

/** The same, taken as UTC: `created_at`, `updated_at`, `datetime_utc`. */
export function readOriginalUtc(text: string | null | undefined): EpochMs | undefined {
  const wallTime = readOriginalTime(text);
  return wallTime === undefined ? undefined : utcInstant(wallTime);
}

/** The instant of a wall time in UTC, without the work of a zone: a file has one for every row. */
function utcInstant(wallTime: WallTime): EpochMs {
  const [, year, month, day, hour, minute, second] = DIGITS.exec(wallTime) ?? [];
  return epochMs(Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`));
}

const DIGITS = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/;
