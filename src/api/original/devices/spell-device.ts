/** Writes a terminal as the original server did. */

import type { DeviceId } from "#domain/identifiers.ts";
import { utcText } from "#domain/time-text.ts";
import type { Clock } from "#platform/clock.ts";
import { connectionStatus, type ListedDevice, lastSeenText } from "../listed-devices.ts";
import type { DeviceEntry, DeviceRecord } from "./model.ts";

/** What a terminal's texts depend on beside itself. */
export interface DeviceSite {
  readonly clock: Clock;
  /** IANA zone of `last_seen`. */
  readonly siteTimeZone: string;
}

/** A terminal as every endpoint but `/api/biometric/*` shows it. */
export function spellDevice({ device, status }: ListedDevice, site: DeviceSite): DeviceEntry {
  return {
    device_id: device.id,
    device_name: device.name ?? null,
    status,
    last_seen: lastSeenText(device, site.siteTimeZone),
    created_at: utcText(device.firstContactMs),
    connection_status: connectionStatus(device.lastContactMs, site.clock.nowMs()),
  };
}

/** A terminal as `GET /api/biometric/devices` shows it. */
export function spellDeviceRecord(
  entry: ListedDevice,
  site: DeviceSite & { readonly primaryDeviceId: DeviceId },
): DeviceRecord {
  const isPrimary = entry.device.id === site.primaryDeviceId;
  return {
    ...spellDevice(entry, site),
    is_primary: isPrimary,
    device_type: isPrimary ? "PRIMARY" : "SECONDARY",
  };
}
