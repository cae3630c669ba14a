/**
 * Tells a punch of a clock that lost its power once more from one that was sent before, or that still
 * waited in its terminal when the clock was set.
 */

import { type EpochMs, epochMs } from "#base/epoch.ts";
import type { AcceptedPunch } from "#domain/punch.ts";
import { wallTimeAt } from "#domain/wall-time.ts";
import type { DeviceClocks } from "./device-clocks.ts";
import type { DeviceRow } from "./devices.ts";
import type { KnownPunch, PunchTable } from "./punches.ts";

/** How long after a punch its resend may come through a clock that was set meanwhile. */
const RESEND_MAX_MS = 86_400_000;

/**
 * Whether a punch shows that the clock of its terminal was reset since it last told its time. A
 * terminal sends its oldest punch until that is acknowledged (fkweb.md 0.5): a known punch behind which
 * a later one came is not sent any more, so one of its second is of another reset.
 */
export function showsAnotherReset(
  punch: AcceptedPunch,
  context: {
    readonly device: DeviceRow;
    /** The stored punch of its user and second in the clock episode at hand. */
    readonly known: KnownPunch | undefined;
    readonly receivedAtMs: EpochMs;
    readonly clocks: Pick<DeviceClocks, "isBehind" | "mayHaveWaited">;
    readonly punches: Pick<PunchTable, "hasLaterLive">;
  },
): boolean {
  const { device, known, receivedAtMs, clocks, punches } = context;
  if (!clocks.isBehind(device, punch)) return false;
  if (known === undefined) return !clocks.mayHaveWaited(device, punch, receivedAtMs);
  if (receivedAtMs - known.receivedAtMs > RESEND_MAX_MS) return true;
  const sinceWallTime = wallTimeAt(epochMs(known.receivedAtMs), punch.timeZone);
  return punches.hasLaterLive(device.id, known.id, sinceWallTime);
}
