/** Writes a stored punch as a log record of the original server. */

import type { DeviceId } from "#domain/identifiers.ts";
import type { Punch } from "#domain/punch.ts";
import { localText, utcText } from "#domain/time-text.ts";
import { userNumber } from "#domain/user-number.ts";
import { verifyModeLabel, verifyModeNumber } from "#domain/verify-mode.ts";
import type { LogRecord } from "./model.ts";

/** A stored punch as `GET /api/biometric/logs` shows it. */
export function spellLog(punch: Punch, primaryDeviceId: DeviceId): LogRecord {
  const isPrimary = punch.deviceId === primaryDeviceId;
  const local = localText(punch.instantMs, punch.timeZone);
  return {
    id: punch.id,
    user_id: userNumber(punch.userId),
    device_id: punch.deviceId,
    device_type: isPrimary ? "PRIMARY" : "SECONDARY",
    is_primary: isPrimary,
    timestamp: punch.wallTimeText,
    datetime: local,
    datetime_utc: utcText(punch.instantMs),
    datetime_local: local,
    timezone: punch.timeZone,
    direction: punch.direction ?? "in",
    verification_method: verifyModeLabel(verifyModeNumber(punch.verifyModeCode)),
    created_at: utcText(punch.receivedAtMs),
  };
}
