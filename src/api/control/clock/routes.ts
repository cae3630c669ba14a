/** The box's own clock on the control socket: shows whether it is believed, and takes an operator's word. */

import { Elysia } from "elysia";
import type { Clock } from "#platform/clock.ts";
import type { Log } from "#platform/log.ts";
import type { OwnClock } from "#platform/own-clock.ts";
import { strictParameters } from "../../query-text.ts";
import { ControlClock } from "./model.ts";

/** What the clock's part works on. */
export interface ClockControlOptions {
  readonly clock: Clock;
  readonly ownClock: Pick<OwnClock, "look" | "confirm">;
  readonly siteTimeZone: string;
  readonly log: Log;
}

/** `GET /clock` and `POST /clock/confirm`. */
export function clockControl(options: ClockControlOptions) {
  const { clock, ownClock, log } = options;
  const response = ControlClock;
  return new Elysia({ name: "control-clock", strictPath: true })
    .get(
      "/clock",
      ({ request }) => {
        strictParameters(request.url, []);
        return spellClock(options);
      },
      { response },
    )
    .post(
      "/clock/confirm",
      ({ request }) => {
        strictParameters(request.url, []);
        ownClock.confirm();
        log.info("clock.confirmed", { now: new Date(clock.nowMs()).toISOString() });
        return spellClock(options);
      },
      { response },
    );
}

function spellClock({ clock, ownClock, siteTimeZone }: ClockControlOptions) {
  const { evidence, measuredCount, agreeingCount, isBehindStored } = ownClock.look();
  return {
    now: new Date(clock.nowMs()).toISOString(),
    site_time_zone: siteTimeZone,
    trusted: evidence !== undefined,
    evidence: evidence ?? null,
    measured_count: measuredCount,
    agreeing_count: agreeingCount,
    behind_stored: isBehindStored,
  };
}
