/**
 * The body of webhook format `standard`: `{type, timestamp, data}`, with the punch in `data` as
 * `/v1/punches` shows it. Knows nothing of signatures and HTTP.
 */

import { encodeMessage, fitData } from "#domain/event-message.ts";
import { rfc3339WithOffset } from "#domain/time-text.ts";
import { spellPunch } from "./spell-punch.ts";
import type { FormatOptions, WebhookEvent } from "./webhook-event.ts";

/**
 * The canonical JSON of one punch, under 20 KB. `timestamp` is the event's time in the site's zone,
 * the same at every try. A message about a resend says `is_duplicate` in its data.
 */
export function encodeStandard(event: WebhookEvent, options: FormatOptions): string {
  const { type, punch, eventAtMs, isDuplicate } = event;
  const shown = spellPunch(punch, options.expectedUsers);
  return encodeMessage({
    type,
    timestamp: rfc3339WithOffset(eventAtMs, options.siteTimeZone),
    data: fitData(isDuplicate ? { ...shown, is_duplicate: true } : shown),
  });
}
