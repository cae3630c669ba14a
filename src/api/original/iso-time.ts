/** Instants as the original wrote them: ISO 8601 in Python's way, always with microseconds. */

import type { EpochMs } from "#base/epoch.ts";
import { rfc3339WithOffset } from "#domain/time-text.ts";

/** `2026-03-02T08:15:04.250000+08:00`. The clock is read to the millisecond. */
export function offsetIsoText(instantMs: EpochMs, timeZone: string): string {
  const text = rfc3339WithOffset(instantMs, timeZone);
  const [dateAndTime, offset] = [text.slice(0, 19), text.slice(-6)];
  const milliseconds = text.slice(20, -6).padEnd(3, "0");
  return `${dateAndTime}.${milliseconds}000${offset}`;
}

/** `2026-03-02T08:15:04.250000`, local to the zone, which it does not say. */
export function localIsoText(instantMs: EpochMs, timeZone: string): string {
  return offsetIsoText(instantMs, timeZone).slice(0, -6);
}
