/** The texts that clients of `/ws` get (contract.md 3.4): JSON of a type and its data. */

import type { DeviceId } from "#domain/identifiers.ts";
import type { Punch } from "#domain/punch.ts";
import { type DeviceSite, spellDevice } from "../original/devices/spell-device.ts";
import type { ListedDevice } from "../original/listed-devices.ts";
import { spellRawLog } from "../original/logs/spell-log.ts";

/** `/ws` in words: the OpenAPI document has no place for a WebSocket but its text. */
export const LIVE_DESCRIPTION =
  "`/ws` is a WebSocket that tells new punches and changed terminals at once. It takes the token in " +
  '`Authorization`, or from a browser as `new WebSocket(url, ["bearer", token])`. Each message is ' +
  "`{type, data}`: `status` at once (`total_logs`, `total_devices`, `devices`), `new_log` for each " +
  "punch (a row of `/api/logs` without `id`, `datetime` and `created_at`, with `device_type`, " +
  "`is_primary` and `is_duplicate`), `device_status_changed` (`device_id`, `status`), " +
  "`device_updated` and `device_deleted` (`device_id`). " +
  "With `/ws?events=1` the events of `/v1/events` come too, spelled as there, as messages of their own " +
  "types. " +
  'A client may send `{"type":"ping"}`, which is answered `{"type":"pong"}`.';

/** The answer to `{"type":"ping"}`. */
export const PONG = '{"type":"pong"}';

/** What a client gets first: how much there is, and the terminals. */
export function statusMessage(
  totalLogs: number,
  listed: readonly ListedDevice[],
  site: DeviceSite,
): string {
  const devices = listed.map((entry) => {
    const { connection_status: _, ...shown } = spellDevice(entry, site);
    return shown;
  });
  return spell("status", { total_logs: totalLogs, total_devices: devices.length, devices });
}

/** A punch that came into the feed. A resend of one never does, so it is no duplicate. */
export function newLogMessage(punch: Punch, primaryDeviceId: DeviceId): string {
  const { id: _, datetime: __, created_at: ___, ...shown } = spellRawLog(punch);
  const isPrimary = punch.deviceId === primaryDeviceId;
  return spell("new_log", {
    ...shown,
    device_type: isPrimary ? "PRIMARY" : "SECONDARY",
    is_primary: isPrimary,
    is_duplicate: false,
  });
}

/** What somebody changed of a terminal. */
export type DeviceNews =
  | { readonly type: "device_status_changed"; readonly status: "allowed" | "blocked" }
  | { readonly type: "device_updated" }
  | { readonly type: "device_deleted" };

export function deviceMessage(id: DeviceId, { type, ...more }: DeviceNews): string {
  return spell(type, { device_id: id, ...more });
}

/** Whether a client asks for a sign of life. Anything else that it says is nothing. */
export function isPing(text: string): boolean {
  try {
    const message: unknown = JSON.parse(text);
    return (
      typeof message === "object" && message !== null && Reflect.get(message, "type") === "ping"
    );
  } catch {
    // The contract has it so: what is no JSON is ignored.
    return false;
  }
}

function spell(type: string, data: unknown): string {
  return JSON.stringify({ type, data });
}
