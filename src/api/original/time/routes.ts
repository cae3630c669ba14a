/** `GET /api/server/time`: the server's clock in UTC and in the site's zone. Open to everyone. */

import { Elysia } from "elysia";
import { localText, utcText } from "#domain/time-text.ts";
import { offsetMsAt } from "#domain/wall-time.ts";
import type { Clock } from "#platform/clock.ts";
import { OriginalError } from "../../errors.ts";
import { offsetIsoText } from "../iso-time.ts";
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
      const utcIso = offsetIsoText(nowMs, "UTC");
      const localIso = offsetIsoText(nowMs, siteTimeZone);
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
