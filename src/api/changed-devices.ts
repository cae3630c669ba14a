/**
 * What follows when somebody has set something of a terminal, over whichever way: its line in the
 * log, the news on `/ws`, and the release of what an approved one has sent. News is told also where
 * nothing is new, as the original did.
 */

import type { DeviceId } from "#domain/identifiers.ts";
import type { Log } from "#platform/log.ts";
import type { LogFields } from "#platform/log-line.ts";
import type { LiveHub } from "./live/hub.ts";

/** Who is told of terminals. */
export interface DeviceFollowers {
  readonly log: Log;
  readonly live: Pick<LiveHub, "tellDevice">;
  /** Called when there is work for the background: held punches to release, history to send. */
  readonly onWork: () => void;
}

/** What was set, by whom, and whether it was otherwise before. */
export interface DeviceSetting {
  readonly id: DeviceId;
  readonly isChanged: boolean;
  /** The API client; undefined for whoever is root on the machine. */
  readonly client?: string;
}

/** A terminal was approved or blocked. */
export function noteDeviceStatus(
  followers: DeviceFollowers,
  setting: DeviceSetting & {
    readonly status: "approved" | "blocked";
    readonly fields?: LogFields;
  },
): void {
  const { id, status } = setting;
  noteChangedStatus(followers, setting);
  const word = status === "approved" ? "allowed" : "blocked";
  followers.live.tellDevice(id, { type: "device_status_changed", status: word });
}

/** Something else of a terminal was set, and perhaps its status too. `event` is for the log. */
export function noteDeviceUpdate(
  followers: DeviceFollowers,
  setting: DeviceSetting & {
    readonly event: string;
    readonly fields?: LogFields;
    readonly status?: "approved" | "blocked" | undefined;
  },
): void {
  const { event, fields, status, ...changed } = setting;
  const { id, isChanged, client } = changed;
  if (isChanged) followers.log.info(event, { device: id, client, ...fields });
  if (status !== undefined) noteChangedStatus(followers, { ...changed, status });
  followers.live.tellDevice(id, { type: "device_updated" });
}

function noteChangedStatus(
  { log, onWork }: DeviceFollowers,
  setting: DeviceSetting & {
    readonly status: "approved" | "blocked";
    readonly fields?: LogFields;
  },
): void {
  const { id, status, client, fields } = setting;
  if (!setting.isChanged) return;
  log.info(`device.${status}`, { device: id, client, ...fields });
  if (status === "approved") onWork();
}
