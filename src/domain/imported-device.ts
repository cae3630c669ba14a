/**
 * A row of the replaced server's `devices`: a terminal as its operator left it (contract.md 6, rule
 * 7).
 */

import { type EpochMs, epochMs } from "#base/epoch.ts";
import { fail, ok, type Result } from "#base/result.ts";
import type { DeviceId } from "./identifiers.ts";
import {
  type ImportFlag,
  type ImportRefusal,
  type OriginalRow,
  readDeviceId,
  readOriginalTime,
  readOriginalUtc,
} from "./original-row.ts";
import { resolveInstant } from "./wall-time.ts";

/** A terminal of the file. */
export interface ImportedDevice {
  readonly id: DeviceId;
  readonly name: string | undefined;
  readonly status: "approved" | "blocked";
  readonly createdAtMs: EpochMs | undefined;
  /** Undefined when the file does not tell, or tells a time that cannot be. */
  readonly lastContactMs: EpochMs | undefined;
  readonly flags: readonly ImportFlag[];
}

const STATUSES: ReadonlyMap<string, "approved" | "blocked"> = new Map([
  ["allowed", "approved"],
  ["blocked", "blocked"],
]);

/**
 * Reads a row. `last_seen` was written in the zone of the host's clock, everything else in UTC; one
 * that lies behind `nowMs` cannot be and is dropped.
 * @throws RangeError for an unknown zone.
 */
export function readImportedDevice(
  row: OriginalRow,
  context: { readonly hostTimeZone: string; readonly nowMs: EpochMs },
): Result<ImportedDevice, ImportRefusal> {
  const id = readDeviceId(row.device_id);
  if (typeof id !== "string") return fail(id);
  const status = STATUSES.get(row.status ?? "");
  if (status === undefined) {
    const reason = `Status ${JSON.stringify(row.status ?? null)} is neither allowed nor blocked`;
    return fail({ code: "bad-status", reason });
  }
  const lastSeen = readOriginalTime(row.last_seen);
  const lastSeenMs =
    lastSeen === undefined ? undefined : resolveInstant(lastSeen, context.hostTimeZone).instantMs;
  const isPossible = lastSeenMs !== undefined && lastSeenMs <= context.nowMs;
  return ok({
    id,
    name: row.device_name?.trim() || undefined,
    status,
    createdAtMs: readOriginalUtc(row.created_at),
    lastContactMs: isPossible ? epochMs(lastSeenMs) : undefined,
    flags: isPossible || (row.last_seen ?? null) === null ? [] : ["no-last-contact"],
  });
}
