/**
 * The list of terminals as a table for people. Pure.
 */

import { shownDuration } from "#domain/time-text.ts";
import { alignColumns } from "./columns.ts";
import type { DeviceList, ListedDevice } from "./device-list.ts";

const HEADINGS = [
  "ID",
  "NAME",
  "STATUS",
  "LAST CONTACT",
  "ADDRESS",
  "ALLOWED FROM",
  "HELD",
  "CLOCK",
  "ZONE",
  "DIRECTION",
  "SINCE",
  "DRIVER",
] as const;

/** Lines without the last line end. `nowMs` is the age's other end (epoch milliseconds). */
export function deviceTable(list: DeviceList, nowMs: number): string {
  const lines =
    list.devices.length === 0
      ? ["No terminal has been in contact yet"]
      : alignColumns([HEADINGS, ...list.devices.map((device) => deviceRow(device, nowMs))]);
  const pending = list.devices.find(({ status }) => status === "pending");
  if (pending !== undefined) {
    lines.push("", `To release held punches: biometric-server devices approve ${pending.id}`);
  }
  const endsAtMs = list.pairingWindowEndsAtMs;
  if (endsAtMs !== undefined && endsAtMs > nowMs) {
    const minutes = Math.ceil((endsAtMs - nowMs) / 60_000);
    lines.push("", `New terminals are approved at once for ${minutes} more min`);
  }
  return lines.join("\n");
}

/** How long ago, in the largest unit that fits: `45 s ago`, `3 h ago`. */
export function formatAge(ageMs: number): string {
  const seconds = Math.max(0, Math.floor(ageMs / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} days ago`;
}

/** `right` within a second, else how much fast or slow; empty while unknown. */
export function formatSkew(skewMs: number | undefined): string {
  if (skewMs === undefined) return "";
  const sizeMs = Math.abs(skewMs);
  return sizeMs < 1500 ? "right" : `${shownDuration(sizeMs)} ${skewMs < 0 ? "slow" : "fast"}`;
}

function deviceRow(device: ListedDevice, nowMs: number): readonly string[] {
  const { lastContactMs } = device;
  return [
    device.id,
    device.name,
    device.status,
    lastContactMs === undefined ? "" : formatAge(nowMs - lastContactMs),
    device.address,
    device.allowedAddress === "" ? "any" : device.allowedAddress,
    String(device.heldCount),
    formatSkew(device.clockSkewMs),
    device.timeZone === "" ? "site" : device.timeZone,
    device.direction === "" ? "site" : device.direction,
    device.startDate,
    device.driver,
  ];
}
