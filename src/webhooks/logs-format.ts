/**
 * The body of webhook format `logs`: the fields an HRIS of the replaced server validates, one punch
 * per message (contract 4.2 B). Knows nothing of signatures and HTTP.
 */

import { canonicalJson, type JsonValue } from "#domain/canonical-json.ts";
import { type Punch, shownTimeText } from "#domain/punch.ts";
import { localText, utcText } from "#domain/time-text.ts";
import { describePunch, type FormatOptions, type WebhookEvent } from "./webhook-event.ts";

/**
 * The canonical JSON of one punch. `attendance_time` and `datetime` are UTC, although `timezone`
 * beside them names the site's zone, `timestamp` is the terminal's own text, `timestamp_unix` is
 * the event's time in seconds (UTC), and `id` is the user id, all as in the original. The extra
 * `datetime_local` and `attendance_date` are local to the zone of the punch itself.
 */
export function encodeLogs(event: WebhookEvent, options: FormatOptions): string {
  const { punch } = event;
  const told = describePunch(punch, options.primaryDeviceId);
  const utc = utcText(punch.instantMs);
  const log: { readonly [key: string]: JsonValue } = {
    user_id: punch.userId,
    biometric_id: punch.userId,
    id: punch.userId,
    device_id: punch.deviceId,
    device_type: told.deviceType,
    attendance_time: utc,
    datetime: utc,
    timestamp: shownTimeText(punch),
    timestamp_unix: Math.floor(event.eventAtMs / 1000),
    io_mode: told.ioMode,
    direction: told.direction,
    io_mode_str: told.direction,
    verify_mode: told.verifyMode,
    verify_method: told.verifyLabel,
    verify_mode_str: told.verifyLabel,
    source: "biometric_server",
    timezone: options.siteTimeZone,
    is_duplicate: event.isDuplicate,
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
