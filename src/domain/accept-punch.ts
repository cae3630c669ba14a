/**
 * What can be said of one raw punch before any other punch is looked at: who, when, and whether the
 * time is believed. Direction and duplicates are decided elsewhere.
 */

import { assertNever } from "#base/assert.ts";
import type { EpochMs } from "#base/epoch.ts";
import { fail, ok, type Result } from "#base/result.ts";
import type { RawPunch } from "./intake.ts";
import type { AcceptedPunch, DoubtfulTime } from "./punch.ts";
import { canonicalUserId, type LeadingZeros } from "./punch-identity.ts";
import { parseWallTime, resolveInstant, trimPadding, type WallTimeError } from "./wall-time.ts";

/** What the rules need to know beside the punch itself. */
export interface AcceptContext {
  /** IANA zone of the device's clock. */
  readonly timeZone: string;
  readonly leadingZeros: LeadingZeros;
  /** When the punch arrived, by the box's clock (UTC). */
  readonly receivedAtMs: EpochMs;
  /** Whether the box's clock is believed; if not, no punch is called `future`. */
  readonly ownClockTrusted: boolean;
  /** The device's start date: believable punches before it are historic. */
  readonly deviceStartAtMs: EpochMs;
  /** How often the device's clock has gone back so far: see `nextClockEpisode`. */
  readonly clockEpisode: number;
}

/** A punch that a person has to look at: it names nobody, or no time. */
export interface UnreadablePunch {
  readonly code: "no-user" | "user-too-long" | "no-time" | "bad-time";
  /** What was found and what is wanted, for the operator. */
  readonly reason: string;
}

/** The longest accepted user id, in UTF-16 code units; a terminal's log has 32 (fkweb.md 9). */
export const USER_ID_LENGTH_MAX = 64;

const DAY_MS = 86_400_000;
const FIRST_BELIEVED_WALL_TIME = "20200101000000";
const QUOTED_LENGTH_MAX = 40;

/**
 * Reads who and when out of a raw punch, which it keeps unchanged. Fails only where a person must
 * supply what is missing; a time that is merely hard to believe is accepted and marked.
 */
export function acceptPunch(
  raw: RawPunch,
  context: AcceptContext,
): Result<AcceptedPunch, UnreadablePunch> {
  // "0" is a user like any other: some terminals send it for faces they do not know, others
  // let a person have it, and only the HRIS can tell (fkweb.md 6.2).
  const userIdText = raw.userIdText ?? "";
  if (trimPadding(userIdText) === "") {
    return fail({ code: "no-user", reason: "Punch has no user id" });
  }
  if (userIdText.length > USER_ID_LENGTH_MAX) {
    return fail({ code: "user-too-long", reason: tooLongReason(userIdText) });
  }
  const wallTime = parseWallTime(raw.wallTimeText);
  if (!wallTime.ok) return fail(unreadableTime(raw.wallTimeText ?? "", wallTime.error));

  const { instantMs, localTimeFlag } = resolveInstant(wallTime.value, context.timeZone);
  const doubtfulTime = doubtOf(wallTime.value, instantMs, context);
  return ok({
    raw,
    userId: canonicalUserId(userIdText, context.leadingZeros),
    wallTime: wallTime.value,
    timeZone: context.timeZone,
    instantMs,
    localTimeFlag,
    doubtfulTime,
    clockEpisode: doubtfulTime === undefined ? 0 : context.clockEpisode,
    // A time that is not believed cannot be compared with the start date. A clock that fell back to
    // 2000 must not hide a punch of today from the HRIS.
    isHistoric: doubtfulTime === undefined && instantMs < context.deviceStartAtMs,
  });
}

function doubtOf(
  wallTime: string,
  instantMs: EpochMs,
  context: AcceptContext,
): DoubtfulTime | undefined {
  if (wallTime < FIRST_BELIEVED_WALL_TIME) return "before-2020";
  if (!context.ownClockTrusted) return undefined;
  return instantMs > context.receivedAtMs + DAY_MS ? "future" : undefined;
}

function unreadableTime(text: string, error: WallTimeError): UnreadablePunch {
  switch (error.code) {
    case "missing":
      return { code: "no-time", reason: "Punch has no time" };
    case "malformed":
      return {
        code: "bad-time",
        reason: `Punch time ${quote(text)} is not of the form YYYYMMDDhhmmss`,
      };
    case "impossible":
      return {
        code: "bad-time",
        reason: `Punch time ${quote(text)} names a date or time of day that does not exist`,
      };
    default:
      return assertNever(error.code);
  }
}

function tooLongReason(userIdText: string): string {
  const found = `User id ${quote(userIdText)} has ${userIdText.length} characters`;
  return `${found}: at most ${USER_ID_LENGTH_MAX} are accepted`;
}

/** Text from outside, short enough for a message and with its control characters visible. */
function quote(text: string): string {
  return JSON.stringify(
    text.length > QUOTED_LENGTH_MAX ? `${text.slice(0, QUOTED_LENGTH_MAX)}…` : text,
  );
}
