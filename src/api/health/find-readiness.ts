/** What the server's readiness is told from. */

import { AppError } from "#base/app-error.ts";
import { shownBytes } from "#platform/disk-space.ts";
import type { OwnClock } from "#platform/own-clock.ts";
import type { DiskGuard, DiskState } from "#storage/disk-guard.ts";
import type { Storage } from "#storage/storage.ts";
import type { Readiness } from "./routes.ts";

/** Whether the server can take what comes, and what a person should know. */
export async function findReadiness({
  storage,
  disk,
  ownClock,
}: {
  readonly storage: Pick<Storage, "probe">;
  readonly disk: Pick<DiskGuard, "state">;
  readonly ownClock: Pick<OwnClock, "isTrusted">;
}): Promise<Readiness> {
  const notes = [
    ...(ownClock.isTrusted() ? [] : [CLOCK_NOTE]),
    ...(disk.state.kind === "low" ? [diskNote(disk.state)] : []),
  ];
  try {
    await storage.probe();
    return { problems: [], notes };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { code, message, hint } = error;
    const problem = { code, message: hint === undefined ? message : `${message}. ${hint}` };
    return { problems: [problem], notes };
  }
}

function diskNote({ freeBytes }: DiskState) {
  const message = `The disk has ${shownBytes(freeBytes)} left, so backups and the ledger of deliveries have stopped: free space ("df -h", "du")`;
  return { code: "disk-low", message };
}

const CLOCK_NOTE = {
  code: "own-clock-untrusted",
  message:
    "Nothing says that this box's clock is right, so no terminal's clock is set and no time is " +
    'called too late: switch NTP on, or compare it and run "biometric-server clock confirm"',
};
