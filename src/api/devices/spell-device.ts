/** Writes a terminal as `/v1` shows it. */

import { type Device, isOnline } from "#domain/device.ts";
import { rfc3339WithOffset } from "#domain/time-text.ts";
import type { Clock } from "#platform/clock.ts";
import type { DeviceModel } from "./model.ts";

/** What a terminal's fields depend on beside itself. */
export interface DeviceSite {
  readonly clock: Clock;
  /** IANA zone of terminals without one of their own. */
  readonly siteTimeZone: string;
}

/** A terminal with its health; what is absent is null. Times are in its own zone. */
export function spellDevice(device: Device, { clock, siteTimeZone }: DeviceSite): DeviceModel {
  const timeZone = device.timeZone ?? siteTimeZone;
  const { lastContactMs, clockSkewMs, completeThroughMs } = device;
  return {
    device_id: device.id,
    name: device.name ?? null,
    status: device.status,
    driver: device.driver,
    is_online: isOnline(device, clock.nowMs()),
    first_contact_at: rfc3339WithOffset(device.firstContactMs, timeZone),
    last_contact_at:
      lastContactMs === undefined ? null : rfc3339WithOffset(lastContactMs, timeZone),
    last_address: device.lastAddress,
    allowed_address: device.allowedAddress ?? null,
    firmware: device.firmware ?? null,
    code_library: device.codeLibrary ?? null,
    clock_text: device.clockText ?? null,
    clock_skew_ms: clockSkewMs ?? null,
    start_at: rfc3339WithOffset(device.startAtMs, timeZone),
    time_zone: timeZone,
    direction_policy: device.directionPolicy ?? null,
    direction_codes: device.directionCodes ?? null,
    held_count: device.heldCount,
    duplicate_count: device.duplicateCount,
    refused_count: device.refusedCount,
    quarantine_bytes: device.quarantineBytes,
    last_record_number: device.lastRecordNumber ?? null,
    missing_record_count: device.missingRecordCount,
    open_command_count: device.openCommandCount,
    complete_through:
      completeThroughMs === undefined ? null : rfc3339WithOffset(completeThroughMs, timeZone),
  };
}
