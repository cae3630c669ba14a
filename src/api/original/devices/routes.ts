/** `GET /api/biometric/devices`: promised by the original's documents, and served here. */

import { Elysia } from "elysia";
import type { DeviceId } from "#domain/identifiers.ts";
import { utcText } from "#domain/time-text.ts";
import type { Storage } from "#storage/storage.ts";
import { type BearerGateOptions, bearerGate } from "../../auth.ts";
import { ORIGINAL_REFUSALS } from "../../errors.ts";
import {
  connectionStatus,
  type ListedDevice,
  lastSeenText,
  listDevicesForHris,
} from "../listed-devices.ts";
import { DeviceAnswer, type DeviceRecord } from "./model.ts";

/** What the route needs. */
export interface DeviceRoutesOptions {
  readonly storage: Pick<Storage, "listDevices">;
  readonly gate: BearerGateOptions;
  /** IANA zone of `last_seen`. */
  readonly siteTimeZone: string;
  readonly primaryDeviceId: DeviceId;
}

/** The route, behind a token that may read. */
export function deviceRoutes(options: DeviceRoutesOptions) {
  return new Elysia({ name: "original-devices" }).use(bearerGate(options.gate, "read")).get(
    "/api/biometric/devices",
    async () => {
      const listed = await listDevicesForHris(options.storage);
      const devices = listed.map((entry) => spellDevice(entry, options));
      return { success: true as const, total: devices.length, devices };
    },
    {
      response: { 200: DeviceAnswer, ...ORIGINAL_REFUSALS },
      detail: { tags: ["Original"], summary: "Terminals and whether they are there" },
    },
  );
}

function spellDevice({ device, status }: ListedDevice, options: DeviceRoutesOptions): DeviceRecord {
  const isPrimary = device.id === options.primaryDeviceId;
  return {
    device_id: device.id,
    device_name: device.name ?? null,
    status,
    last_seen: lastSeenText(device, options.siteTimeZone),
    created_at: utcText(device.firstContactMs),
    connection_status: connectionStatus(device.lastContactMs, options.gate.clock.nowMs()),
    is_primary: isPrimary,
    device_type: isPrimary ? "PRIMARY" : "SECONDARY",
  };
}
