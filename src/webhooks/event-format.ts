/**
 * The body of webhook format `event`: the shape in the replaced server's documents, with the punch
 * in `data` and its local date and time beside it (contract 4.2 A). Knows nothing of signatures
 * and HTTP.
 */

import { canonicalJson, type JsonValue } from "#domain/canonical-json.ts";
import { shownTimeText } from "#domain/punch.ts";
import { localText, utcText } from "#domain/time-text.ts";
import { userNumber } from "#domain/user-number.ts";
import { describePunch, type FormatOptions, type WebhookEvent } from "./webhook-event.ts";

/**
 * The canonical JSON of one punch. The outer `timestamp` is the event's time in seconds (UTC), that
 * in `data` the terminal's own text; all other times are the punch's, the local ones in its own
 * zone, which `timezone` names. `user_id` is a number where it can be one.
 */
export function encodeEvent(event: WebhookEvent, options: FormatOptions): string {
  const { punch } = event;
  const told = describePunch(punch, options.primaryDeviceId);
  const user = userNumber(punch.userId);
  const utc = utcText(punch.instantMs);
  const local = localText(punch.instantMs, punch.timeZone);
  const data: { readonly [key: string]: JsonValue } = {
    device_id: punch.deviceId,
    user_id: user,
    io_mode: told.ioMode,
    io_mode_str: told.direction,
    verify_mode: told.verifyMode,
    verify_mode_str: told.verifyLabel,
    timestamp: shownTimeText(punch),
    datetime_utc: utc,
    datetime_local: local,
    timezone: punch.timeZone,
    device_type: told.deviceType,
    is_primary: told.isPrimary,
    is_duplicate: event.isDuplicate,
    ...(options.extraFields
      ? { log_id: punch.id, direction_source: punch.directionSource ?? null }
      : {}),
  };
  return canonicalJson({
    event_type: "attendance_log",
    timestamp: Math.floor(event.eventAtMs / 1000),
    timestamp_utc: utc,
    timestamp_local: local,
    timezone: punch.timeZone,
    attendance_date: local.slice(0, -" HH:MM:SS".length),
    attendance_time: local.slice(-"HH:MM:SS".length),
    data,
    source: "biometric_server",
    device_id: punch.deviceId,
    user_id: user,
  });
}
