/** The lists of terminals, behind a token that may read. */

import { Elysia } from "elysia";
import type { DeviceId } from "#domain/identifiers.ts";
import type { Storage } from "#storage/storage.ts";
import { type BearerGateOptions, bearerGate } from "../../auth.ts";
import { failingAs, ORIGINAL_REFUSALS, originalErrorAs } from "../../errors.ts";
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

const FAILED = "Failed to retrieve devices";
const REFUSALS = { ...ORIGINAL_REFUSALS, 500: originalErrorAs("internal", FAILED) };

/** `GET /api/biometric/devices`, `/api/hris/devices` and `/api/devices`. */
export function deviceRoutes(options: DeviceRoutesOptions) {
  const { storage, gate } = options;
  const site = { ...options, clock: gate.clock };
  const list = () => failingAs({ message: FAILED }, () => listDevicesForHris(storage));
  const listEntries = async () => (await list()).map((entry) => spellDevice(entry, site));
  return new Elysia({ name: "original-devices" })
    .use(bearerGate(gate, "read"))
    .get(
      "/api/biometric/devices",
      async () => {
        const listed = await list();
        const devices = listed.map((entry) => spellDeviceRecord(entry, site));
        return { success: true as const, total: devices.length, devices };
      },
      {
        response: { 200: DeviceAnswer, ...REFUSALS },
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
        response: { 200: HrisDeviceAnswer, ...REFUSALS },
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
        response: { 200: OpenDeviceAnswer, ...REFUSALS },
        detail: { tags: ["Original"], summary: "Terminals, for the dashboard" },
      },
    );
}
