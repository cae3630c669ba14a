/**
 * The body of webhook format `logs`: the fields an HRIS of the replaced server validates, one punch
 * per message (contract 4.2 B). Knows nothing of signatures and HTTP.
 */

import type { EpochMs } from "#base/epoch.ts";
import type { DeviceId } from "#domain/identifiers.ts";
import type { Punch } from "#domain/punch.ts";
import { localText, utcText } from "#domain/time-text.ts";
import { verifyModeLabel, verifyModeNumber } from "#domain/verify-mode.ts";
import { canonicalJson, type JsonValue } from "./canonical-json.ts";

/** What the site decides about the format. */
export interface LogsFormatOptions {
  /** IANA name shown as `timezone`, although the times beside it are UTC. */
  readonly siteTimeZone: string;
  /** The terminal labelled `PRIMARY`. */
  readonly primaryDeviceId: DeviceId;
  /** Adds `datetime_local`, `attendance_date`, `log_id` and `direction_source`. */
  readonly extraFields: boolean;
}

/**
 * The canonical JSON of one punch. `attendance_time` and `datetime` are UTC, `timestamp` is the
 * terminal's own text, `timestamp_unix` is the event's time in seconds (UTC), and `id` is the
 * user id, all as in the original. An undecided direction (a doubtful time) is shown as `IN`, the
 * original's rule for a user without an earlier record. The extra `datetime_local` and
 * `attendance_date` are local to the zone of the punch itself.
 */
export function encodeLogs(punch: Punch, eventAtMs: EpochMs, options: LogsFormatOptions): string {
  const direction = punch.direction === "out" ? "OUT" : "IN";
  const verifyMode = verifyModeNumber(punch.verifyModeCode);
  const verifyLabel = verifyModeLabel(verifyMode);
  const utc = utcText(punch.instantMs);
  const log: { readonly [key: string]: JsonValue } = {
    user_id: punch.userId,
    biometric_id: punch.userId,
    id: punch.userId,
    device_id: punch.deviceId,
    device_type: punch.deviceId === options.primaryDeviceId ? "PRIMARY" : "SECONDARY",
    attendance_time: utc,
    datetime: utc,
    timestamp: punch.wallTimeText,
    timestamp_unix: Math.floor(eventAtMs / 1000),
    io_mode: direction === "IN" ? 1 : 0,
    direction,
    io_mode_str: direction,
    verify_mode: verifyMode,
    verify_method: verifyLabel,
    verify_mode_str: verifyLabel,
    source: "biometric_server",
    timezone: options.siteTimeZone,
    is_duplicate: false,
    ...(options.extraFields ? extraFields(punch) : {}),
  };
  return canonicalJson({ logs: [log] });
}

function extraFields(punch: Punch): { readonly [key: string]: JsonValue } {
  const local = localText(punch.instantMs, punch.timeZone);
  return {
    datetime_local: local,
    attendance_date: local.slice(0, -" HH:MM:SS".length),
    log_id: punch.id,
    direction_source: punch.directionSource ?? null,
  };
}
