/**
 * What a person changes of a device: status, name, allowed address, and the rules by which its
 * punches are read; and the making of a row for a terminal that has not come yet. Each change is one
 * transaction, with the end of the commands of a terminal that is taken out of use.
 */

import type { EpochMs } from "#base/epoch.ts";
import { type DeviceStatus, MANUAL_DEVICE_ID, MANUAL_DRIVER } from "#domain/device.ts";
import { type DeviceId, deviceId } from "#domain/identifiers.ts";
import { restoredAt } from "#domain/restore-hold.ts";
import type { Clock } from "#platform/clock.ts";
import type { Log } from "#platform/log.ts";
import { nextTurn } from "#platform/next-turn.ts";
import type { BackgroundWork } from "./background-work.ts";
import { type DeviceRow, NEVER_MS, newDeviceRow } from "./devices.ts";
import { guardEngine } from "./engine-error.ts";
import type { StorageRules } from "./rules.ts";
import type { DeviceChange, DeviceEdit, Storage } from "./storage.ts";
import type { WriteParts } from "./write-parts.ts";

/** The part of `Storage` that changes devices. */
type DeviceChanger = Pick<
  Storage,
  "approveDevice" | "blockDevice" | "updateDevice" | "addDevice" | "retireDevice" | "giveUpLost"
>;

interface ChangeOptions {
  readonly parts: WriteParts;
  readonly background: BackgroundWork;
  readonly rules: StorageRules;
  readonly clock: Clock;
  readonly log: Log;
}

/** The methods of `Storage` that change devices. */
export function deviceChanges(options: ChangeOptions): DeviceChanger {
  const { parts, background, rules } = options;
  return {
    approveDevice: async (id) => changeDevice(options, id, { status: "approved" }),
    blockDevice: async (id) => changeDevice(options, id, { status: "blocked" }),
    updateDevice: async (id, edit) => changeDevice(options, id, edit),
    addDevice: async (id, status, nowMs) => {
      if (parts.devices.find(id) !== undefined) return "unchanged";
      if (parts.devices.count >= rules.devicesMax) return "devices-full";
      putRow(
        parts,
        newDeviceRow({ id, status, firstContactMs: nowMs, historyMs: rules.historyMs }),
      );
      return "done";
    },
    async retireDevice(id) {
      // What a person approved goes into the feed; held, it would wait for an approval again.
      while (isReleasing(parts, id)) {
        guardEngine("go on with background work", () => background.step());
        await nextTurn();
      }
      return changeDevice(options, id, { status: "retired" });
    },
    giveUpLost: async (id) => {
      const row = parts.devices.find(id);
      if (row === undefined) return "unknown-device";
      if (row.receivedHoldMs === null) return "unchanged";
      giveUpLost(options, row, row.receivedHoldMs);
      return "done";
    },
  };
}

/** Makes sure that the built-in device of manual punches is there, as it has to be. */
export function ensureManualDevice(parts: WriteParts, nowMs: EpochMs): void {
  const known = parts.devices.find(MANUAL_DEVICE_ID);
  if (known?.driver === MANUAL_DRIVER) return;
  const made = newDeviceRow({
    id: MANUAL_DEVICE_ID,
    status: "approved",
    firstContactMs: nowMs,
    historyMs: 0,
  });
  putRow(parts, {
    ...made,
    ...known,
    name: known?.name ?? MANUAL_DEVICE_NAME,
    driver: MANUAL_DRIVER,
    status: "approved",
    lastContactMs: NEVER_MS,
    lastAddress: "",
    allowedAddress: null,
  });
}

/** With the hold goes what told that something may be missing: the audit keeps it. */
function giveUpLost({ parts, clock }: ChangeOptions, row: DeviceRow, holdMs: number): void {
  const restoredAtMs = restoredAt(holdMs);
  const detail = {
    restored_at: restoredAtMs === undefined ? null : new Date(restoredAtMs).toISOString(),
  };
  guardEngine(`write device "${row.id}"`, () =>
    parts.transaction(() => {
      parts.devices.put({ ...row, receivedHoldMs: null });
      parts.audit.add({
        atMs: clock.nowMs(),
        actor: "operator",
        action: "device.lost-given-up",
        subject: row.id,
        detail,
      });
    }),
  );
}

const MANUAL_DEVICE_NAME = "Manual punches";

function changeDevice(
  options: ChangeOptions,
  id: DeviceId,
  edit: Omit<DeviceEdit, "status"> & { readonly status?: DeviceStatus },
): DeviceChange {
  const row = options.parts.devices.find(id);
  if (row === undefined) return "unknown-device";
  const isBuiltIn = row.driver === MANUAL_DRIVER;
  const status = edit.status ?? row.status;
  if (isBuiltIn && (status !== row.status || edit.allowedAddress !== undefined)) {
    return "built-in-device";
  }
  const next: DeviceRow = {
    ...row,
    status,
    name: edit.name === undefined ? row.name : edit.name,
    allowedAddress: edit.allowedAddress === undefined ? row.allowedAddress : edit.allowedAddress,
    directionPolicy:
      edit.directionPolicy === undefined ? row.directionPolicy : edit.directionPolicy,
    directionCodes: edit.directionCodes === undefined ? row.directionCodes : edit.directionCodes,
    ...startOf(row, edit.startAtMs),
    ...zoneOf(row, edit.timeZone),
  };
  const isChanged = EDITABLE.some((field) => next[field] !== row[field]);
  if (!isChanged) return "unchanged";
  putChanged(options, next);
  return "done";
}

/** Nothing is said any more to a terminal that is out of use, also should it be taken back into it. */
function putChanged({ parts, clock, log }: ChangeOptions, row: DeviceRow): void {
  const { id: device, status } = row;
  const isOut = status === "blocked" || status === "retired";
  const ended = guardEngine(`write device "${device}"`, () =>
    parts.transaction(() => {
      parts.devices.put(row);
      return isOut ? parts.commands.endAll(deviceId(device), status, clock.nowMs()) : [];
    }),
  );
  if (ended.length > 0) {
    log.info("commands.ended", { device, commands: ended.join(" "), because: status });
  }
}

const EDITABLE = [
  "status",
  "name",
  "allowedAddress",
  "directionPolicy",
  "directionCodes",
  "startAtMs",
  "isStartGiven",
  "timeZone",
] as const satisfies readonly (keyof DeviceRow)[];

/** Of what lies before the start date of until now the terminal's log was never asked. */
function startOf(row: DeviceRow, startAtMs: EpochMs | undefined) {
  if (startAtMs === undefined) return {};
  const logReadThroughMs = startAtMs < row.startAtMs ? null : row.logReadThroughMs;
  return { startAtMs, isStartGiven: true, logReadThroughMs } satisfies Partial<DeviceRow>;
}

/** In another zone the clock shows another skew: what was measured says nothing any more. */
function zoneOf(row: DeviceRow, timeZone: string | null | undefined) {
  if (timeZone === undefined || timeZone === row.timeZone) return {};
  return { timeZone, clockSkewMs: null } satisfies Partial<DeviceRow>;
}

function putRow(parts: WriteParts, row: DeviceRow): void {
  guardEngine(`write device "${row.id}"`, () => parts.transaction(() => parts.devices.put(row)));
}

function isReleasing(parts: WriteParts, id: DeviceId): boolean {
  const row = parts.devices.find(id);
  return row?.status === "approved" && row.heldCount > 0;
}
