/** The terminals on the control socket: lists and changes them. */

import { Elysia } from "elysia";
import type { EpochMs } from "#base/epoch.ts";
import type { Device } from "#domain/device.ts";
import { deviceId } from "#domain/identifiers.ts";
import { type SiteDate, siteDateAt, siteDayRange } from "#domain/site-day.ts";
import type { Clock } from "#platform/clock.ts";
import type { LogFields } from "#platform/log-line.ts";
import type { DeviceChange, DeviceEdit, Storage } from "#storage/storage.ts";
import { type DeviceFollowers, noteDeviceStatus, noteDeviceUpdate } from "../../changed-devices.ts";
import { ControlChange, type ControlDevice, ControlDevices, ControlHistory } from "./model.ts";
import {
  readAddress,
  readDate,
  readDirection,
  readName,
  readParameters,
  readZone,
  required,
} from "./read-change.ts";

/** What the terminals' part works on. */
export interface DeviceControlOptions extends DeviceFollowers {
  readonly storage: Pick<
    Storage,
    | "listDevices"
    | "findDevice"
    | "findPairingWindow"
    | "updateDevice"
    | "retireDevice"
    | "giveUpLost"
    | "sendHistory"
  >;
  readonly clock: Clock;
  /** IANA zone of terminals that have none of their own. */
  readonly siteTimeZone: string;
}

/** A change as it is applied and told. */
interface NamedEdit {
  readonly event: string;
  readonly id: string;
  readonly edit: DeviceEdit;
  /** What the log tells of it. */
  readonly fields: LogFields;
}

/**
 * `GET /devices`, `POST /devices/{approve,block,retire,rename,address,zone,direction}?id=`,
 * `POST /devices/send-history?id=&from=`, and `POST /devices/give-up-lost?id=`.
 */
export function deviceControl(options: DeviceControlOptions) {
  const { storage, clock, siteTimeZone } = options;
  return new Elysia({ name: "control-devices", strictPath: true })
    .get(
      "/devices",
      async () => ({
        devices: (await storage.listDevices()).map((device) => spellDevice(device, siteTimeZone)),
        pairing_window_ends_at: isoTime(await storage.findPairingWindow(clock.nowMs())),
      }),
      { response: ControlDevices },
    )
    .use(statusControl(options))
    .use(ruleControl(options))
    .post("/devices/send-history", ({ request }) => sendHistory(options, request), {
      response: ControlHistory,
    })
    .post("/devices/give-up-lost", ({ request }) => giveUpLost(options, request), {
      response: ControlChange,
    });
}

function statusControl(options: DeviceControlOptions) {
  const response = ControlChange;
  return new Elysia({ name: "control-device-status", strictPath: true })
    .post("/devices/approve", ({ request }) => approve(options, request), { response })
    .post(
      "/devices/block",
      ({ request }) => {
        const { id } = readParameters(request, []);
        return setStatus(options, id, { edit: { status: "blocked" }, fields: {} });
      },
      { response },
    )
    .post(
      "/devices/retire",
      async ({ request }) => {
        const id = deviceId(readParameters(request, []).id);
        const result = await options.storage.retireDevice(id);
        if (result === "done") options.log.info("device.retired", { device: id });
        if (isKnown(result)) options.live.tellDevice(id, { type: "device_deleted" });
        return { result };
      },
      { response },
    );
}

function ruleControl(options: DeviceControlOptions) {
  const response = ControlChange;
  return new Elysia({ name: "control-device-rules", strictPath: true })
    .post(
      "/devices/rename",
      ({ request }) => {
        const { id, given } = readParameters(request, ["name"]);
        const name = readName(required(given, "name"));
        return applyEdit(options, {
          event: "device.renamed",
          id,
          edit: { name },
          fields: { name },
        });
      },
      { response },
    )
    .post(
      "/devices/address",
      ({ request }) => {
        const { id, given } = readParameters(request, ["address"]);
        const allowedAddress = readAddress(required(given, "address"));
        const fields = { address: allowedAddress ?? "any" };
        const edit = { allowedAddress };
        return applyEdit(options, { event: "device.address-set", id, edit, fields });
      },
      { response },
    )
    .post(
      "/devices/zone",
      ({ request }) => {
        const { id, given } = readParameters(request, ["zone"]);
        const timeZone = readZone(required(given, "zone"));
        const fields = { zone: timeZone ?? "site" };
        return applyEdit(options, { event: "device.zone-set", id, edit: { timeZone }, fields });
      },
      { response },
    )
    .post(
      "/devices/direction",
      ({ request }) => {
        const { id, given } = readParameters(request, ["direction", "codes"]);
        const edit = readDirection(required(given, "direction"), given.get("codes"));
        const { directionPolicy, directionCodes } = edit;
        const codes = directionCodes === null ? "library" : directionCodes;
        const fields = { direction: directionPolicy ?? "site", codes };
        return applyEdit(options, { event: "device.direction-set", id, edit, fields });
      },
      { response },
    );
}

async function approve(options: DeviceControlOptions, request: Request) {
  const { id, given } = readParameters(request, ["since"]);
  const since = readDate("since", given.get("since"));
  const startAtMs = since === undefined ? undefined : await startOf(options, id, since);
  const edit = { status: "approved", ...(startAtMs === undefined ? {} : { startAtMs }) } as const;
  return setStatus(options, id, { edit, fields: { since } });
}

async function setStatus(
  options: DeviceControlOptions,
  idText: string,
  change: {
    readonly edit: DeviceEdit & { readonly status: "approved" | "blocked" };
    readonly fields: LogFields;
  },
): Promise<{ result: DeviceChange }> {
  const id = deviceId(idText);
  const { edit, fields } = change;
  const result = await options.storage.updateDevice(id, edit);
  const isChanged = result === "done";
  if (isKnown(result)) noteDeviceStatus(options, { id, status: edit.status, isChanged, fields });
  return { result };
}

/** The first instant of a day of the terminal's own calendar. */
async function startOf(
  { storage, siteTimeZone }: DeviceControlOptions,
  id: string,
  since: SiteDate,
): Promise<EpochMs | undefined> {
  const device = await storage.findDevice(deviceId(id));
  return siteDayRange(since, undefined, device?.timeZone ?? siteTimeZone).fromMs;
}

async function sendHistory(options: DeviceControlOptions, request: Request) {
  const { id, given } = readParameters(request, ["from"]);
  const from = readDate("from", given.get("from"));
  const result = await options.storage.sendHistory(deviceId(id), from);
  if (result === "done") {
    options.log.info("history.asked", { device: id, from });
    options.onWork();
  }
  return { result };
}

async function giveUpLost({ storage, log }: DeviceControlOptions, request: Request) {
  const id = deviceId(readParameters(request, []).id);
  const result = await storage.giveUpLost(id);
  if (result === "done") log.warn("device.lost-given-up", { device: id });
  return { result };
}

async function applyEdit(
  options: DeviceControlOptions,
  { event, id: idText, edit, fields }: NamedEdit,
): Promise<{ result: DeviceChange }> {
  const id = deviceId(idText);
  const result = await options.storage.updateDevice(id, edit);
  const isChanged = result === "done";
  if (isKnown(result)) noteDeviceUpdate(options, { id, isChanged, event, fields });
  return { result };
}

function isKnown(result: DeviceChange): boolean {
  return result === "done" || result === "unchanged";
}

function spellDevice(device: Device, siteTimeZone: string): ControlDevice {
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
    time_zone: device.timeZone ?? null,
    direction: device.directionPolicy ?? null,
    direction_codes: device.directionCodes ?? null,
    start_date: siteDateAt(device.startAtMs, device.timeZone ?? siteTimeZone),
  };
}

function isoTime(instantMs: number | undefined): string | null {
  return instantMs === undefined ? null : new Date(instantMs).toISOString();
}
