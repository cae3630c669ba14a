/** The terminals on the control socket: lists and changes them. */

import { Elysia } from "elysia";
import { parseAllowedAddress } from "#domain/allowed-address.ts";
import type { Device } from "#domain/device.ts";
import { parseDeviceName } from "#domain/device-text.ts";
import { deviceId } from "#domain/identifiers.ts";
import type { Clock } from "#platform/clock.ts";
import type { DeviceChange, DeviceEdit, Storage } from "#storage/storage.ts";
import { type DeviceFollowers, noteDeviceStatus, noteDeviceUpdate } from "../../changed-devices.ts";
import { ApiFailure } from "../../errors.ts";
import { strictParameters } from "../../query-text.ts";
import { ControlChange, type ControlDevice, ControlDevices } from "./model.ts";

/** What the terminals' part works on. */
export interface DeviceControlOptions extends DeviceFollowers {
  readonly storage: Pick<Storage, "listDevices" | "findPairingWindow" | "updateDevice">;
  readonly clock: Clock;
}

/** `GET /devices`, and `POST /devices/{approve,block,rename,address}?id=`. */
export function deviceControl(options: DeviceControlOptions) {
  const { storage, clock } = options;
  const response = ControlChange;
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
      async ({ request }) => setStatus(options, readParameter(request, ["id"], "id"), "approved"),
      { response },
    )
    .post(
      "/devices/block",
      async ({ request }) => setStatus(options, readParameter(request, ["id"], "id"), "blocked"),
      { response },
    )
    .post(
      "/devices/rename",
      async ({ request }) =>
        applyEdit(options, "device.renamed", {
          id: readParameter(request, ["id", "name"], "id"),
          edit: { name: readName(readParameter(request, ["id", "name"], "name")) },
        }),
      { response },
    )
    .post(
      "/devices/address",
      async ({ request }) =>
        applyEdit(options, "device.address-set", {
          id: readParameter(request, ["id", "address"], "id"),
          edit: { allowedAddress: readAddress(request) },
        }),
      { response },
    );
}

/** In the query, since a path loses its segments `.` and `..`, also when they are escaped. */
function readParameter<Name extends string>(
  request: Request,
  known: readonly Name[],
  name: Name,
): string {
  const text = strictParameters(request.url, known).get(name);
  if (text !== undefined) return text;
  throw invalid(name, `Query parameter "${name}" is missing`);
}

function readName(text: string): string {
  const name = parseDeviceName(text);
  if (name.ok) return name.value;
  throw invalid("name", name.error.reason);
}

/** `any` lifts the rule. */
function readAddress(request: Request): string | null {
  const text = readParameter(request, ["id", "address"], "address");
  if (text === "any") return null;
  const rule = parseAllowedAddress(text);
  if (rule.ok) return rule.value.text;
  throw invalid("address", rule.error.reason);
}

function invalid(name: string, message: string): ApiFailure {
  return new ApiFailure("parameter-invalid", message, { parameters: [name] });
}

async function setStatus(
  options: DeviceControlOptions,
  idText: string,
  status: "approved" | "blocked",
) {
  const id = deviceId(idText);
  const result = await options.storage.updateDevice(id, { status });
  if (isKnown(result)) noteDeviceStatus(options, { id, status, isChanged: result === "done" });
  return { result };
}

async function applyEdit(
  options: DeviceControlOptions,
  event: string,
  change: { readonly id: string; readonly edit: DeviceEdit },
) {
  const id = deviceId(change.id);
  const result = await options.storage.updateDevice(id, change.edit);
  const { name, allowedAddress } = change.edit;
  const address = allowedAddress === null ? "any" : allowedAddress;
  const fields = { name: name ?? undefined, address };
  if (isKnown(result)) {
    noteDeviceUpdate(options, { id, isChanged: result === "done", event, fields });
  }
  return { result };
}

function isKnown(result: DeviceChange): boolean {
  return result === "done" || result === "unchanged";
}

function spellDevice(device: Device): ControlDevice {
  return {
    id: device.id,
    name: device.name ?? null,
    status: device.status,
    driver: device.driver,
    last_contact_at: isoTime(device.lastContactMs),
    last_address: device.lastAddress,
    allowed_address: device.allowedAddress ?? null,
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
