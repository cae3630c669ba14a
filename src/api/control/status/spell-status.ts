/** Writes terminals and conditions as the status shows them, of a running server or of its database. */

import type { EpochMs } from "#base/epoch.ts";
import { type Condition, conditionFix } from "#domain/condition.ts";
import type { Device } from "#domain/device.ts";

/** A terminal as the status shows it. */
export function spellTerminal(device: Device) {
  return {
    id: device.id,
    name: device.name ?? null,
    status: device.status,
    last_contact_at: isoTimeOrNull(device.lastContactMs),
    last_address: device.lastAddress,
    allowed_address: device.allowedAddress ?? null,
    clock_skew_ms: device.clockSkewMs ?? null,
    held_count: device.heldCount,
    missing_record_count: device.missingRecordCount,
    complete_through: isoTimeOrNull(device.completeThroughMs),
  };
}

/** What is wrong, with its fix. */
export function spellCondition(condition: Condition) {
  const { type, subject, raisedAtMs, lastSeenAtMs, detail } = condition;
  return {
    type,
    subject,
    raised_at: isoTime(raisedAtMs),
    last_seen_at: isoTime(lastSeenAtMs),
    detail,
    fix: conditionFix(condition),
  };
}

/** RFC 3339, UTC. */
export function isoTime(instantMs: EpochMs): string {
  return new Date(instantMs).toISOString();
}

/** The same; null for none. */
export function isoTimeOrNull(instantMs: EpochMs | undefined): string | null {
  return instantMs === undefined ? null : isoTime(instantMs);
}
