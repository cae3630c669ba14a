/** The pairing window on the control socket: opens it, and closes it. */

import { Elysia } from "elysia";
import { epochMs } from "#base/epoch.ts";
import type { Clock } from "#platform/clock.ts";
import type { Log } from "#platform/log.ts";
import type { Storage } from "#storage/storage.ts";
import { strictInteger, strictParameters } from "../../query-text.ts";
import { ControlPairing } from "./model.ts";
import { required } from "./read-change.ts";

/** What the pairing window's part works on. */
export interface PairingControlOptions {
  readonly storage: Pick<Storage, "findPairingWindow" | "openPairingWindow">;
  readonly clock: Clock;
  readonly log: Log;
}

/** The longest window, in minutes: a day. */
const MINUTES_MAX = 24 * 60;
const MINUTE_MS = 60_000;

/** `POST /pairing?minutes=`, in place of any other window; 0 closes it. */
export function pairingControl({ storage, clock, log }: PairingControlOptions) {
  return new Elysia({ name: "control-pairing", strictPath: true }).post(
    "/pairing",
    async ({ request }) => {
      const given = strictParameters(request.url, ["minutes"]);
      const minutes = strictInteger("minutes", required(given, "minutes"), {
        min: 0,
        max: MINUTES_MAX,
        fallback: 0,
      });
      const nowMs = clock.nowMs();
      await storage.openPairingWindow(nowMs, epochMs(nowMs + minutes * MINUTE_MS));
      log.info(minutes === 0 ? "pairing.closed" : "pairing.opened", { minutes });
      const endsAtMs = await storage.findPairingWindow(nowMs);
      return {
        pairing_window_ends_at: endsAtMs === undefined ? null : new Date(endsAtMs).toISOString(),
      };
    },
    { response: ControlPairing },
  );
}
