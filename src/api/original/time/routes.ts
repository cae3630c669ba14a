/** `GET /api/server/time`: the server's clock in UTC and in the site's zone. Open to everyone. */

import { Elysia } from "elysia";
import type { EpochMs } from "#base/epoch.ts";
import { localText, rfc3339WithOffset, utcText } from "#domain/time-text.ts";
import { offsetMsAt } from "#domain/wall-time.ts";
import type { Clock } from "#platform/clock.ts";
import { OriginalError } from "../../errors.ts";
import { TimeAnswer } from "./model.ts";

/** What the route needs. */
export interface TimeRoutesOptions {
  readonly clock: Clock;
  /** IANA zone of local times. */
  readonly siteTimeZone: string;
  /** The zone of the machine. */
  readonly serverTimeZone: string;
}

const HOUR_MS = 3_600_000;

/** The route. */
export function timeRoutes({ clock, siteTimeZone, serverTimeZone }: TimeRoutesOptions) {
  return new Elysia({ name: "original-time" }).get(
    "/api/server/time",
    () => {
      const nowMs = clock.nowMs();
      const utcIso = microsecondText(nowMs, "UTC");
      const localIso = microsecondText(nowMs, siteTimeZone);
      return {
        success: true as const,
        server_timezone: serverTimeZone,
        display_timezone: siteTimeZone,
        current_time: {
          utc: utcText(nowMs),
          local: localText(nowMs, siteTimeZone),
          utc_iso: utcIso,
          local_iso: localIso,
        },
        timezone_offset: {
          utc_to_local_hours: offsetMsAt(nowMs, siteTimeZone) / HOUR_MS,
          description: `${siteTimeZone} is UTC${localIso.slice(-6)} at this time`,
        },
        timestamp: utcIso,
      };
    },
    {
      response: { 200: TimeAnswer, 503: OriginalError },
      detail: {
        tags: ["Original"],
        summary: "The server's clock",
        description: "To compare with the client's own, and to learn the zone of the site.",
      },
    },
  );
}

/** As Python writes an instant: `2026-03-02T08:15:04.250000+08:00`. */
function microsecondText(instantMs: EpochMs, timeZone: string): string {
  const text = rfc3339WithOffset(instantMs, timeZone);
  const [dateAndTime, offset] = [text.slice(0, 19), text.slice(-6)];
  const milliseconds = text.slice(20, -6).padEnd(3, "0");
  return `${dateAndTime}.${milliseconds}000${offset}`;
}
