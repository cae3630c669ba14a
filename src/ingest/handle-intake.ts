/**
 * Queue in, outcome out: what the terminal port calls for every request, where outcomes are counted,
 * and where a refusal is told to the operator.
 */

import type { HandleIntake } from "#devices/connection-host.ts";
import type { RefusalCode } from "#domain/intake.ts";
import type { Clock } from "#platform/clock.ts";
import type { Log } from "#platform/log.ts";
import type { CommitQueue } from "./commit-queue.ts";
import type { IntakeTally } from "./intake-tally.ts";

/** What the way into the queue is made of. */
export interface HandleIntakeOptions {
  readonly queue: Pick<CommitQueue, "submit">;
  readonly tally: IntakeTally;
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly log: Log;
}

const HINTS: Readonly<Record<RefusalCode, string>> = {
  "device-blocked": 'The terminal is blocked and keeps its records: "devices approve" lets it in',
  "address-not-allowed":
    'It is not the address allowed for the terminal; if that has moved: "devices address"',
  "id-reserved":
    "The terminal calls itself by the id of the device for manual punches: give it another id",
  "devices-full": "Too many terminals are known: raise DEVICES_MAX if they are yours",
  "pending-devices-full":
    'Too many unknown terminals wait: approve or block some of "devices list"',
  "pending-punches-full": "The terminal waits for approval and has used up its room: approve it",
  "quarantine-full":
    'The quarantine is full: decide of what "biometric-server quarantine list" shows, or raise QUARANTINE_KIB_MAX',
};

/** The terminal port's way into the queue. */
export function createHandleIntake(options: HandleIntakeOptions): HandleIntake {
  const { queue, tally, clock, log } = options;
  return async (received) => {
    const startedMs = clock.monotonicMs();
    const outcome = await queue.submit(received);
    const durationMs = clock.monotonicMs() - startedMs;
    const { kind, deviceId: device } = received.intake;
    tally.note(kind, outcome, durationMs);
    log.debug("terminal.request", {
      kind,
      device,
      address: received.remoteAddress,
      outcome: outcome.kind,
      ms: Math.round(durationMs),
    });
    if (outcome.kind === "refused") {
      log.warn(
        "terminal.refused",
        {
          code: outcome.code,
          device,
          address: received.remoteAddress,
          hint: HINTS[outcome.code],
        },
        { per: `${outcome.code} ${device ?? received.remoteAddress}` },
      );
    }
    return outcome;
  };
}
