/**
 * Up to when all punches have come, and what says so. Every value is exclusive: each punch that a
 * terminal stamped before it is here. A value is never told beyond what is proved, never goes back,
 * and what still comes before it is late. Pure.
 */

import { type EpochMs, epochMs } from "#base/epoch.ts";
import { type HoldEnd, mayTakeCommands } from "./device.ts";
import type { DeviceId, PunchId, UserId } from "./identifiers.ts";
import type { PunchOrigin } from "./punch.ts";
import type { QueueDoubt } from "./terminal-queue.ts";
import { readInstants, wallTimeAt } from "./wall-time.ts";

/**
 * What shows that a terminal's queue was empty. `poll`: it asked for work, which it does when nothing
 * waits. `record`: the record that came was the next by its number, and the oldest is sent first.
 */
export type ReceivedEvidence =
  | { readonly kind: "poll"; readonly atMs: EpochMs }
  | { readonly kind: "record"; readonly atMs: EpochMs; readonly recordNumber: string };

/** The reading of a terminal's own log that was compared with what is stored. */
export interface VerifiedEvidence {
  readonly commandId: number;
  /** When the comparison was through. */
  readonly atMs: EpochMs;
}

/**
 * Why a terminal's value stands still. `least`: it moves, and others are further. `no-poll`: it has
 * not asked for work since the server started. `never-shown`: terminals of its kind never show that
 * nothing waits. `restored`: it waits for what a restore lost of it. The rest: `QueueDoubt`.
 */
export type HoldReason =
  | "least"
  | "own-clock-untrusted"
  | "being-released"
  | "restored"
  | "no-contact"
  | "no-poll"
  | "never-shown"
  | "clock-unknown"
  | "shared-id"
  | QueueDoubt;

/** What the last poll of a terminal came to. */
export type PollWord = "proved" | "never-shown" | "clock-unknown" | "shared-id" | QueueDoubt;

/** What is known of one terminal that the site waits for. */
export interface DeviceCompleteness {
  readonly deviceId: DeviceId;
  readonly name: string | undefined;
  readonly timeZone: string;
  /** From when on it is asked for: its start date. */
  readonly fromMs: EpochMs;
  /** The later of the two below. */
  readonly throughMs: EpochMs | undefined;
  readonly receivedThroughMs: EpochMs | undefined;
  readonly receivedEvidence: ReceivedEvidence | undefined;
  readonly verifiedThroughMs: EpochMs | undefined;
  readonly verifiedEvidence: VerifiedEvidence | undefined;
  /** What has to come before its queue counts again, after a restore; undefined where it does. */
  readonly waitsFor: HoldEnd | undefined;
  /** Punches on their way into the feed. */
  readonly heldCount: number;
  /** Requests in quarantine; counted up to `QUARANTINED_COUNTED_MAX`. */
  readonly quarantinedCount: number;
  readonly missingRecordCount: number;
}

/**
 * A terminal looks into its queue, waits 100 ms, connects, and polls (fkweb.md 11). A punch that it
 * stamps meanwhile, or has stamped and not queued yet, comes behind the poll.
 */
export const POLL_LAG_MS = 5_000;
/** A clock that shows less was reset. */
const FIRST_BELIEVED_MS = Date.UTC(2020, 0, 1);
/** Of one terminal, more requests in quarantine than this are not counted. */
export const QUARANTINED_COUNTED_MAX = 1_000;

/** A punch that entered the feed before what had been complete. */
export interface LatePunch {
  /** Rises with each. */
  readonly revision: number;
  readonly punchId: PunchId;
  readonly deviceId: DeviceId;
  readonly userId: UserId;
  readonly instantMs: EpochMs;
  readonly timeZone: string;
  readonly landedAtMs: EpochMs;
  /** Up to when all had been complete, for its terminal or the site, whichever was later. */
  readonly completeThroughMs: EpochMs;
  readonly origin: PunchOrigin;
}

/** Which late punches are wanted. */
export interface LateQuery {
  /** Only those with a higher revision; 0: from the first one on. */
  readonly lateAfter: number;
  readonly lateLimit: number;
}

/** What the site can be told. */
export interface Completeness {
  /** Undefined while a terminal in use has never shown anything. */
  readonly throughMs: EpochMs | undefined;
  /** The terminal that shows least; undefined while none is in use. */
  readonly heldBack: { readonly deviceId: DeviceId; readonly reason: HoldReason } | undefined;
  /** The terminals that the site waits for, by id. */
  readonly devices: readonly DeviceCompleteness[];
  readonly pendingDeviceCount: number;
  /** Of all terminals, with those that nobody approved. */
  readonly heldCount: number;
  /** Of all terminals, with those whose sender nobody knows. */
  readonly quarantinedCount: number;
  readonly lateRevision: number;
  /** Behind the revision that was asked for, oldest first. */
  readonly late: readonly LatePunch[];
  readonly hasMoreLate: boolean;
}

/**
 * Up to when a terminal's punches have come that showed at `receivedAtMs` that nothing waits: what it
 * stamps from then on is not before its own clock's reading, nor counted beyond ours. `lagMs`: it
 * looked into its queue so long before. Undefined where its clock is not known, and in an hour that
 * its zone passes twice, whose punches may be either's.
 */
export function provedThrough(shown: {
  readonly receivedAtMs: EpochMs;
  /** Its clock minus ours. */
  readonly skewMs: number | undefined;
  readonly timeZone: string;
  readonly lagMs: number;
}): EpochMs | undefined {
  const { receivedAtMs, skewMs, timeZone, lagMs } = shown;
  if (skewMs === undefined) return undefined;
  const readingMs = epochMs(receivedAtMs + skewMs - lagMs);
  if (readingMs < FIRST_BELIEVED_MS) return undefined;
  const { earlierMs, laterMs } = readInstants(wallTimeAt(readingMs, timeZone), timeZone);
  if (earlierMs !== laterMs) return undefined;
  return wholeSecond(Math.min(receivedAtMs, readingMs));
}

/** The instant of a clock that is slow, when ours shows `atMs`; ours where it is fast or unknown. */
export function slowClockAt(atMs: EpochMs, skewMs: number | undefined): EpochMs {
  return epochMs(atMs + Math.min(0, skewMs ?? 0));
}

/** The later of what a terminal's queue and its log show. */
export function deviceThrough(shown: {
  readonly receivedThroughMs: number | null;
  readonly logReadThroughMs: number | null;
}): EpochMs | undefined {
  const { receivedThroughMs, logReadThroughMs } = shown;
  if (receivedThroughMs === null && logReadThroughMs === null) return undefined;
  return epochMs(Math.max(receivedThroughMs ?? 0, logReadThroughMs ?? 0));
}

/** What a terminal that the site waits for shows. */
export interface ShownThrough {
  readonly id: string;
  readonly throughMs: EpochMs | undefined;
  /** Punches of it are not in the feed yet, so that it shows nothing at the moment. */
  readonly isBeingReleased: boolean;
}

/**
 * The site's value: the least of its terminals, never less than was told before. And the terminal
 * that shows least, by id where several show nothing. What is shown beyond `nowMs` was shown to a
 * clock of ours that has been set back since, and counts for nothing.
 */
export function siteThrough<Shown extends ShownThrough>(
  devices: readonly Shown[],
  toldMs: EpochMs | undefined,
  nowMs: EpochMs,
): { readonly throughMs: EpochMs | undefined; readonly least: Shown | undefined } {
  const shownBy = ({ throughMs, isBeingReleased }: Shown) =>
    isBeingReleased || (throughMs ?? 0) > nowMs ? undefined : throughMs;
  const byValue = devices.toSorted(
    (left, right) =>
      (shownBy(left) ?? Number.NEGATIVE_INFINITY) - (shownBy(right) ?? Number.NEGATIVE_INFINITY) ||
      (left.id < right.id ? -1 : 1),
  );
  const [least] = byValue;
  const leastMs = least === undefined ? undefined : shownBy(least);
  if (leastMs === undefined) return { throughMs: toldMs, least };
  return { throughMs: epochMs(Math.max(leastMs, toldMs ?? leastMs)), least };
}

/** A punch as it enters the feed. */
export interface EnteringPunch {
  readonly instantMs: number;
  /** When it enters the feed. */
  readonly landedAtMs: number;
  readonly isHistoric: boolean;
  readonly isDoubtful: boolean;
}

/**
 * Up to when all had been complete, for its terminal or the site, where a punch enters the feed before
 * that; else undefined. One
 * whose time is not believed has no part in it. Nor has one before its terminal's start date: that is
 * where completeness begins. How it came makes no difference: whoever has closed a period must know.
 */
export function lateAgainst(
  punch: EnteringPunch,
  told: readonly (EpochMs | undefined)[],
): EpochMs | undefined {
  if (punch.isHistoric || punch.isDoubtful) return undefined;
  // What lies ahead was told by a clock of ours that has been set back since.
  const known = told.map((ms) => ms ?? 0).filter((completeMs) => completeMs <= punch.landedAtMs);
  const completeMs = Math.max(0, ...known);
  return punch.instantMs < completeMs ? epochMs(completeMs) : undefined;
}

/** Why the terminal that shows least stands where it does. */
export function holdReason(device: {
  readonly isOwnClockTrusted: boolean;
  readonly heldCount: number;
  readonly waitsFor: HoldEnd | undefined;
  readonly driver: string;
  readonly isOnline: boolean;
  readonly lastPoll: PollWord | undefined;
}): HoldReason {
  if (!device.isOwnClockTrusted) return "own-clock-untrusted";
  if (device.heldCount > 0) return "being-released";
  if (device.waitsFor === "operator") return "restored";
  if (!mayTakeCommands(device.driver)) return "never-shown";
  if (!device.isOnline) return "no-contact";
  if (device.waitsFor !== undefined) return "restored";
  const { lastPoll } = device;
  if (lastPoll === undefined) return "no-poll";
  return lastPoll === "proved" ? "least" : lastPoll;
}

/** Whole, as terminals' own clocks are. */
function wholeSecond(ms: number): EpochMs {
  return epochMs(Math.floor(ms / 1000) * 1000);
}
