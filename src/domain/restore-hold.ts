/**
 * What a terminal sent between a backup and its restore was acknowledged and is gone, and the terminal
 * does not send it again by itself: its queue may be empty and punches missing all the same. So what it
 * shows of its queue counts for nothing until its own log, asked for since, is compared; until its next
 * record's number shows that nothing is missing; or until a person gives up what was lost. Pure.
 *
 * A hold is the instant of the restore, by our clock; null for none.
 */

import { type EpochMs, epochMs } from "#base/epoch.ts";
import { type HoldEnd, mayTakeCommands } from "./device.ts";
import type { LogStep } from "./log-gaps.ts";

/** The hold behind records of which some are missing: the numbers that follow show nothing. */
const FOR_A_PERSON = Number.MAX_SAFE_INTEGER;

/** What ends the hold of a terminal; undefined where nothing is held. */
export function holdEnd(holdMs: number | null, driver: string): HoldEnd | undefined {
  if (holdMs === null) return undefined;
  return mayTakeCommands(driver) ? "log" : "operator";
}

/** When the restore was; undefined where records that came since have taken its place. */
export function restoredAt(holdMs: number): EpochMs | undefined {
  return holdMs === FOR_A_PERSON ? undefined : epochMs(holdMs);
}

/**
 * The hold of a terminal at its first contact: it may have been known by what a restore took back.
 * What is older than `historyMs` is not asked of it.
 */
export function holdAtFirst(
  restoredAtMs: EpochMs | undefined,
  contact: { readonly atMs: EpochMs; readonly historyMs: number },
): number | null {
  if (restoredAtMs === undefined) return null;
  return contact.atMs - restoredAtMs < contact.historyMs ? restoredAtMs : null;
}

/** A reading of a log from where all was compared before, read to its end. */
export interface WholeReading {
  readonly handedOutMs: EpochMs;
  /** Undefined: up to when it was handed out. */
  readonly untilMs: EpochMs | undefined;
  readonly nowMs: EpochMs;
}

/** The hold behind a reading. A restore of times to come was by a clock that was set back since. */
export function holdAfterReading(holdMs: number | null, reading: WholeReading): number | null {
  const { handedOutMs, untilMs, nowMs } = reading;
  if (holdMs === null) return null;
  const isSince = handedOutMs >= holdMs || holdMs > nowMs;
  const isAll = untilMs === undefined || untilMs >= handedOutMs;
  return isSince && isAll ? null : holdMs;
}

/** The hold behind a record. Terminals send their oldest first, and number them in turn. */
export function holdAfterRecord(holdMs: number | null, step: LogStep["kind"]): number | null {
  if (holdMs === null || step === "resend") return holdMs;
  return step === "next" && holdMs !== FOR_A_PERSON ? null : FOR_A_PERSON;
}
