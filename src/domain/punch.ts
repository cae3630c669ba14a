/**
 * The punch as the product knows it: the terminal's own words beside what is derived from them.
 */

import type { EpochMs } from "#base/epoch.ts";
import type { DeviceId, FeedPosition, PunchId, UserId } from "./identifiers.ts";
import type { RawPunch } from "./intake.ts";
import type { LocalTimeFlag, WallTime } from "./wall-time.ts";

/** In or out; a punch without one is undecided. */
export type Direction = "in" | "out";

/** Which rule a direction came from. Only `alternate` rows are ever corrected. */
export type DirectionSource = "alternate" | "device" | "fixed" | "imported";

/** How the row came to us. */
export const PUNCH_ORIGINS = ["live", "recovered", "imported", "manual", "supplied"] as const;

/** `supplied`: from the terminal, with who or when as a person says it. `manual`: all by a person. */
export type PunchOrigin = (typeof PUNCH_ORIGINS)[number];

/**
 * Why a punch's time is not believed: it stays in the feed, but outside alternation. `unreadable`:
 * an imported row whose time is no time stands where the replaced server put it.
 */
export type DoubtfulTime = "before-2020" | "future" | "unreadable";

/** What the rules derive from one raw punch before any other punch is looked at. */
export interface AcceptedPunch {
  readonly raw: RawPunch;
  /** The person, canonical. */
  readonly userId: UserId;
  /** The terminal's reading as 14 digits, local to `timeZone`. */
  readonly wallTime: WallTime;
  /** IANA zone the wall time was resolved in. */
  readonly timeZone: string;
  readonly instantMs: EpochMs;
  readonly localTimeFlag: LocalTimeFlag | undefined;
  readonly doubtfulTime: DoubtfulTime | undefined;
  /**
   * Part of the identity of a doubtful punch: 0 for every believable one, negative for one of
   * unreadable time.
   */
  readonly clockEpisode: number;
  /** Older than the terminal's start date: in the feed, not sent by webhook until asked. */
  readonly isHistoric: boolean;
}

/** A stored punch as every reader sees it. */
export interface Punch {
  readonly id: PunchId;
  /** Rises whenever the row changes. Undefined while the punch is held with its pending device. */
  readonly feedPosition: FeedPosition | undefined;
  /** 1 when stored, one more with each correction. */
  readonly revision: number;
  readonly deviceId: DeviceId;
  readonly userId: UserId;
  readonly userIdText: string;
  /** 14 digits, local to `timeZone`. */
  readonly wallTime: WallTime;
  /** As the terminal sent it. */
  readonly wallTimeText: string;
  readonly timeZone: string;
  readonly instantMs: EpochMs;
  readonly receivedAtMs: EpochMs;
  readonly direction: Direction | undefined;
  readonly directionSource: DirectionSource | undefined;
  /** A second touch within the minimum gap; it shows the direction it repeats. */
  readonly isRepeat: boolean;
  readonly directionCode: string | undefined;
  readonly verifyModeCode: string | undefined;
  readonly codeLibrary: string | undefined;
  readonly workCode: string | undefined;
  readonly localTimeFlag: LocalTimeFlag | undefined;
  readonly doubtfulTime: DoubtfulTime | undefined;
  /** Of a doubtful time: when it may have been, by how far off the terminal's clock was measured. */
  readonly suggestedInstantMs: EpochMs | undefined;
  readonly isHistoric: boolean;
  readonly origin: PunchOrigin;
}

/**
 * The time as formats show it that have one text for it: the terminal's own, or where a person had to
 * say it, that.
 */
export function shownTimeText({
  origin,
  wallTime,
  wallTimeText,
}: Pick<Punch, "origin" | "wallTime" | "wallTimeText">): string {
  return origin === "supplied" ? wallTime : wallTimeText;
}
