/** The terminals on the control socket: lists, approves and blocks them. */

import { Elysia } from "elysia";
import type { Device } from "#domain/device.ts";
import { type DeviceId, deviceId } from "#domain/identifiers.ts";
import type { Clock } from "#platform/clock.ts";
import type { Log } from "#platform/log.ts";
import type { DeviceChange, Storage } from "#storage/storage.ts";
import { ApiFailure } from "../../errors.ts";
import { strictParameters } from "../../query-text.ts";
import { ControlChange, type ControlDevice, ControlDevices } from "./model.ts";

/** What the terminals' part works on. */
export interface DeviceControlOptions {
  readonly storage: Pick<
    Storage,
    "listDevices" | "findPairingWindow" | "approveDevice" | "blockDevice"
  >;
  readonly clock: Clock;
  readonly log: Log;
  /** Called after a device was approved, so that its held punches are released. */
  readonly onDeviceApproved: () => void;
}

/** `GET /devices`, `POST /devices/approve?id=` and `POST /devices/block?id=`. */
export function deviceControl({ storage, clock, log, onDeviceApproved }: DeviceControlOptions) {
  return new Elysia({ name: "control-devices", strictPath: true })
    .get(
      "/devices",
      async () => ({
        devices: (await storage.listDevices()).map(spellDevice),
        pairing_window_ends_at: isoTime(await storage.findPairingWindow(clock.nowMs())),
      }),
      { response: ControlDevices },
    )
    .post(
      "/devices/approve",
      async ({ request }) => {
        const id = readTarget(request);
        const result = await storage.approveDevice(id);
        if (result === "done") onDeviceApproved();
        return report(log, "device.approved", { id, result });
      },
      { response: ControlChange },
    )
    .post(
      "/devices/block",
      async ({ request }) => {
        const id = readTarget(request);
        const result = await storage.blockDevice(id);
        return report(log, "device.blocked", { id, result });
      },
      { response: ControlChange },
    );
}

/** In the query, since a path loses its segments `.` and `..`, also when they are escaped. */
function readTarget(request: Request): DeviceId {
  const id = strictParameters(request.url, ["id"]).get("id");
  if (id !== undefined) return deviceId(id);
  const parameters = ["id"];
  throw new ApiFailure("parameter-invalid", 'Query parameter "id" is missing', { parameters });
}

function report(
  log: Log,
  event: string,
  change: { readonly id: DeviceId; readonly result: DeviceChange },
) {
  if (change.result === "done") log.info(event, { device: change.id });
  return { result: change.result };
}

function spellDevice(device: Device): ControlDevice {
  return {
    id: device.id,
    name: device.name ?? null,
    status: device.status,
    driver: device.driver,
    last_contact_at: new Date(device.lastContactMs).toISOString(),
    last_address: device.lastAddress,
    held_count: device.heldCount,
    duplicate_count: device.duplicateCount,
    refused_count: device.refusedCount,
    clock_skew_ms: device.clockSkewMs ?? null,
    firmware: device.firmware ?? null,
  };
}

function isoTime(instantMs: number | undefined): string | null {
  return instantMs === undefined ? null : new Date(instantMs).toISOString();
}
