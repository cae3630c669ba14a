/** The lists of terminals, behind a token that may read. */

import { Elysia } from "elysia";
import type { DeviceId } from "#domain/identifiers.ts";
import type { Storage } from "#storage/storage.ts";
import { type BearerGateOptions, bearerGate } from "../../auth.ts";
import { ORIGINAL_REFUSALS } from "../../errors.ts";
import { listDevicesForHris } from "../listed-devices.ts";
import { DeviceAnswer, HrisDeviceAnswer, OpenDeviceAnswer } from "./model.ts";
import { spellDevice, spellDeviceRecord } from "./spell-device.ts";

/** What the routes need. */
export interface DeviceRoutesOptions {
  readonly storage: Pick<Storage, "listDevices">;
  readonly gate: BearerGateOptions;
  /** IANA zone of `last_seen`. */
  readonly siteTimeZone: string;
  readonly primaryDeviceId: DeviceId;
}

/** `GET /api/biometric/devices`, `/api/hris/devices` and `/api/devices`. */
export function deviceRoutes(options: DeviceRoutesOptions) {
  const { storage, gate } = options;
  const site = { ...options, clock: gate.clock };
  const listEntries = async () =>
    (await listDevicesForHris(storage)).map((entry) => spellDevice(entry, site));
  return new Elysia({ name: "original-devices" })
    .use(bearerGate(gate, "read"))
    .get(
      "/api/biometric/devices",
      async () => {
        const listed = await listDevicesForHris(storage);
        const devices = listed.map((entry) => spellDeviceRecord(entry, site));
        return { success: true as const, total: devices.length, devices };
      },
      {
        response: { 200: DeviceAnswer, ...ORIGINAL_REFUSALS },
        detail: { tags: ["Original"], summary: "Terminals and whether they are there" },
      },
    )
    .get(
      "/api/hris/devices",
      async () => {
        const devices = await listEntries();
        return { success: true as const, total: devices.length, devices };
      },
      {
        response: { 200: HrisDeviceAnswer, ...ORIGINAL_REFUSALS },
        detail: { tags: ["Original"], summary: "Terminals, for the older HRIS endpoints" },
      },
    )
    .get(
      "/api/devices",
      async () => {
        const devices = await listEntries();
        return { total: devices.length, devices };
      },
      {
        response: { 200: OpenDeviceAnswer, ...ORIGINAL_REFUSALS },
        detail: { tags: ["Original"], summary: "Terminals, for the dashboard" },
      },
    );
}
