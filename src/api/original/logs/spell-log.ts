/** Writes a stored punch as the log records of the original server. */

import type { DeviceId } from "#domain/identifiers.ts";
import { type Punch, shownTimeText } from "#domain/punch.ts";
import { localText, utcText } from "#domain/time-text.ts";
import { userNumber } from "#domain/user-number.ts";
import { verifyModeLabel, verifyModeNumber } from "#domain/verify-mode.ts";
import type { LogRecord, RawLog } from "./model.ts";

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
    timestamp: shownTimeText(punch),
    datetime: local,
    datetime_utc: utcText(punch.instantMs),
    datetime_local: local,
    timezone: punch.timeZone,
    direction: punch.direction ?? "in",
    verification_method: verifyModeLabel(verifyModeNumber(punch.verifyModeCode)),
    created_at: utcText(punch.receivedAtMs),
  };
}

/** A stored punch as `GET /api/hris/logs` and `GET /api/logs` show it: as a row of the original. */
export function spellRawLog(punch: Punch): RawLog {
  const isOut = punch.direction === "out";
  const verifyMode = verifyModeNumber(punch.verifyModeCode);
  const utc = utcText(punch.instantMs);
  return {
    id: punch.id,
    device_id: punch.deviceId,
    user_id: userNumber(punch.userId),
    io_mode: isOut ? 0 : 1,
    io_mode_str: isOut ? "OUT" : "IN",
    verify_mode: verifyMode,
    verify_mode_str: verifyModeLabel(verifyMode),
    timestamp: shownTimeText(punch),
    datetime: utc,
    datetime_utc: utc,
    datetime_local: localText(punch.instantMs, punch.timeZone),
    timezone: punch.timeZone,
    created_at: utcText(punch.receivedAtMs),
  };
}
