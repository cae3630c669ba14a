/** What the server's readiness is told from. */

import { AppError } from "#base/app-error.ts";
import type { CommitFigures } from "#ingest/commit-queue.ts";
import { shownBytes } from "#platform/disk-space.ts";
import type { OwnClock } from "#platform/own-clock.ts";
import type { DiskGuard, DiskState } from "#storage/disk-guard.ts";
import type { Storage, StorageFigures } from "#storage/storage.ts";
import type { ReadinessProblem } from "./model.ts";
import type { Readiness } from "./routes.ts";

/** The parts that are asked. */
export interface ReadinessParts {
  readonly storage: Pick<Storage, "probe" | "figures">;
  readonly disk: Pick<DiskGuard, "state">;
  readonly ownClock: Pick<OwnClock, "isTrusted">;
  /** Undefined while there is no queue yet. */
  readonly commits: () => CommitFigures | undefined;
}

/** Whether the server can take what comes, and what a person should know. */
export async function findReadiness(parts: ReadinessParts): Promise<Readiness> {
  const { storage, disk, ownClock, commits } = parts;
  const { state } = disk;
  const queue = commits();
  const notes = [
    ...(ownClock.isTrusted() ? [] : [CLOCK_NOTE]),
    ...(state.kind === "low" ? [diskNote(state)] : []),
    ...quarantineNotes(await storage.figures()),
  ];
  const problems = [
    ...(state.kind === "full" ? [diskProblem(state)] : []),
    ...(await storageProblems(storage)),
    ...(queue !== undefined && isFull(queue) ? [queueProblem(queue)] : []),
  ];
  return { problems, notes };
}

async function storageProblems(
  storage: Pick<Storage, "probe">,
): Promise<readonly ReadinessProblem[]> {
  try {
    await storage.probe();
    return [];
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { code, message, hint } = error;
    return [{ code, message: hint === undefined ? message : `${message}. ${hint}` }];
  }
}

function isFull({ depth, depthMax, waitingBytes, bytesMax }: CommitFigures): boolean {
  return depth >= depthMax || waitingBytes >= bytesMax;
}

function queueProblem({ depth, depthMax, waitingBytes, bytesMax }: CommitFigures) {
  const message = `${depth} of ${depthMax} requests wait for the disk, with ${shownBytes(waitingBytes)} of ${shownBytes(bytesMax)}: further ones get no answer, and terminals keep their punches until it has caught up`;
  return { code: "commit-queue-full", message };
}

function diskProblem({ freeBytes }: DiskState) {
  const message = `The disk is full, ${shownBytes(freeBytes)} are free: nothing is taken, and terminals keep their punches, until 24 MB are: free space ("df -h", "du")`;
  return { code: "disk-full", message };
}

function diskNote({ freeBytes }: DiskState) {
  const message = `The disk has ${shownBytes(freeBytes)} left, so backups and the ledger of deliveries have stopped: free space ("df -h", "du")`;
  return { code: "disk-low", message };
}

/** Beyond this share a person should look. */
const QUARANTINE_SHARE = 0.9;

function quarantineNotes({ quarantineBytes: bytes, quarantineBytesMax: max }: StorageFigures) {
  if (bytes < max * QUARANTINE_SHARE || bytes === 0) return [];
  const message = `What nobody could read takes ${shownBytes(bytes)} of ${shownBytes(max)}; without room it gets no answer: look at it with "biometric-server quarantine", or raise QUARANTINE_KIB_MAX`;
  return [{ code: "quarantine-filling", message }];
}

const CLOCK_NOTE = {
  code: "own-clock-untrusted",
  message:
    "Nothing says that this box's clock is right, so no terminal's clock is set and no time is " +
    'called too late: switch NTP on, or compare it and run "biometric-server clock confirm"',
};
