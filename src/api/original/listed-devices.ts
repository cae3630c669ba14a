/**
 * Terminals in the original's words. It knew two states, so only approved and blocked terminals are
 * shown: a pending one is invisible to the HRIS, and a retired one is no longer a terminal.
 */

import type { EpochMs } from "#base/epoch.ts";
import type { Device } from "#domain/device.ts";
import { localText } from "#domain/time-text.ts";
import type { Storage } from "#storage/storage.ts";

/** A terminal that the original's shapes show. */
export interface ListedDevice {
  readonly device: Device;
  readonly status: "allowed" | "blocked";
}

const CONNECTED_MS = 120_000;
const RECENT_MS = 1_800_000;

/** The terminals that the original's shapes show, in the order of storage. */
export async function listDevicesForHris(
  storage: Pick<Storage, "listDevices">,
): Promise<readonly ListedDevice[]> {
  const listed: ListedDevice[] = [];
  for (const device of await storage.listDevices()) {
    if (device.status === "approved") listed.push({ device, status: "allowed" });
    else if (device.status === "blocked") listed.push({ device, status: "blocked" });
  }
  return listed;
}

/** The original's words for how long ago a terminal was in contact. */
export type ConnectionStatus = "connected" | "recent" | "offline" | "never";

/** `connected` within 120 s of the last contact, `recent` within 30 minutes, else `offline`. */
export function connectionStatus(
  lastContactMs: EpochMs | undefined,
  nowMs: EpochMs,
): ConnectionStatus {
  if (lastContactMs === undefined) return "never";
  const ageMs = nowMs - lastContactMs;
  if (ageMs < CONNECTED_MS) return "connected";
  return ageMs < RECENT_MS ? "recent" : "offline";
}

/** The last contact as `YYYY-MM-DD HH:MM:SS` in the site's zone; null when there was none. */
export function lastSeenText(device: Device, siteTimeZone: string): string | null {
  const { lastContactMs } = device;
  return lastContactMs === undefined ? null : localText(lastContactMs, siteTimeZone);
}
