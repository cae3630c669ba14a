/** The figures of terminals: how many there are, and how each of those in use is. */

import type { Device, DeviceStatus } from "#domain/device.ts";
import { countsBy, type Family, gauge, type Sample } from "./family.ts";
import type { MetricsSource } from "./source.ts";

/** Terminals with figures of their own: as many as are known at most unless a setting says else. */
export const DEVICES_TOLD_MAX = 2_000;

export async function deviceFamilies({ storage }: MetricsSource): Promise<readonly Family[]> {
  const devices = await storage.listDevices();
  const statuses: Record<DeviceStatus, number> = {
    approved: 0,
    pending: 0,
    blocked: 0,
    retired: 0,
  };
  for (const { status } of devices) statuses[status] += 1;
  const told = devices.filter(({ status }) => status === "approved").slice(0, DEVICES_TOLD_MAX);
  const each = (name: string, help: string, read: (device: Device) => number | undefined) =>
    gauge(name, help, samplesOf(told, read));
  return [
    gauge("biometric_devices", "Terminals that are known, by status", countsBy("status", statuses)),
    each(
      "biometric_device_last_contact_timestamp_seconds",
      `When a terminal in use was last in contact; of at most ${DEVICES_TOLD_MAX} terminals`,
      ({ lastContactMs }) => seconds(lastContactMs),
    ),
    each(
      "biometric_device_clock_skew_seconds",
      "Clock of a terminal in use minus the box's own, as last measured",
      ({ clockSkewMs }) => seconds(clockSkewMs),
    ),
    each(
      "biometric_device_missing_records",
      "Records that never came, of a terminal in use that numbers them",
      ({ lastRecordNumber, missingRecordCount }) =>
        lastRecordNumber === undefined ? undefined : missingRecordCount,
    ),
    each(
      "biometric_device_received_through_timestamp_seconds",
      "Every punch that a terminal in use stamped before this is here",
      ({ completeThroughMs }) => seconds(completeThroughMs),
    ),
  ];
}

function samplesOf(
  devices: readonly Device[],
  read: (device: Device) => number | undefined,
): readonly Sample[] {
  return devices.flatMap((device) => {
    const value = read(device);
    return value === undefined ? [] : [{ labels: { device: device.id }, value }];
  });
}

function seconds(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined ? undefined : milliseconds / 1000;
}
