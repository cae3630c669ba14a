/** Writes an entry of the quarantine as `/v1` shows it. */

import type { EpochMs } from "#base/epoch.ts";
import type { QuarantineEntry } from "#domain/quarantine.ts";
import { rfc3339WithOffset } from "#domain/time-text.ts";
import type { QuarantineModel } from "./model.ts";

/** What is absent is null. Times are in the IANA zone. */
export function spellQuarantined(entry: QuarantineEntry, timeZone: string): QuarantineModel {
  const time = (instantMs: EpochMs) => rfc3339WithOffset(instantMs, timeZone);
  return {
    id: entry.id,
    status: entry.status,
    code: entry.code,
    reason: entry.reason,
    device_id: entry.deviceId ?? null,
    driver: entry.driver,
    address: entry.remoteAddress,
    received_at: time(entry.receivedAtMs),
    size: entry.byteCount,
    sha256: entry.sha256 ?? null,
    decided_at: entry.decidedAtMs === undefined ? null : time(entry.decidedAtMs),
    decided_by: entry.decidedBy ?? null,
    punch_id: entry.punchId ?? null,
  };
}
