/**
 * How long to wait before the next try, as pure functions: after a failure of the endpoint, after
 * a refusal of one event, and after a `Retry-After`. Nothing here waits.
 */

import { type EpochMs, epochMs } from "#base/epoch.ts";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

const PROBE_DELAY_FIRST_MS = SECOND_MS;
const PROBE_DELAY_MAX_MS = 5 * MINUTE_MS;

/** A device's next event goes on this long after the first refusal of the one before. */
const REFUSED_MS_MAX = 15 * MINUTE_MS;

/** An endpoint that says it is gone for good is asked again after so long. */
export const GONE_MS = 24 * 60 * MINUTE_MS;

/** No timer runs longer, so neither a stepped clock nor a receiver can stop delivery for good. */
export const WAIT_MS_MAX = 24 * 60 * MINUTE_MS;

/**
 * Milliseconds until an endpoint is probed after `failureCount` failures in a row (from 1): 1 s,
 * doubling up to 5 min. `random` in [0, 1) picks between half and all of it, so that several
 * boxes do not strike a recovering receiver together.
 */
export function probeDelayMs(failureCount: number, random: number): number {
  const fullMs = Math.min(PROBE_DELAY_MAX_MS, PROBE_DELAY_FIRST_MS * 2 ** (failureCount - 1));
  return fullMs * (0.5 + random / 2);
}

/** How often and how fast one refused event is tried. */
export interface RefusalPlan {
  /** Wait after the first refusal, in milliseconds; it doubles from there. */
  readonly retryDelayMs: number;
  /** Tries in all, at least 1; the last refusal parks the event. */
  readonly refusalsMax: number;
}

/**
 * Milliseconds from an event's refusal to its next try, with `refusalCount` refusals before this
 * one (from 0). Each wait is capped at its share of 15 min, so all of them together keep within it.
 */
export function refusalDelayMs(plan: RefusalPlan, refusalCount: number): number {
  const waitCount = Math.max(1, plan.refusalsMax - 1);
  return Math.min(REFUSED_MS_MAX / waitCount, plan.retryDelayMs * 2 ** refusalCount);
}

/**
 * Milliseconds until a refused event is tried again. An instant far ahead was written by a clock that
 * has been set back since: it is due; and a refusal never holds up a device for longer than 15 min.
 */
export function dueInMs(nextAttemptAtMs: EpochMs, nowMs: EpochMs): number {
  const waitMs = nextAttemptAtMs - nowMs;
  return waitMs > WAIT_MS_MAX ? 0 : Math.min(REFUSED_MS_MAX, Math.max(0, waitMs));
}

/**
 * Milliseconds that a `Retry-After` header asks for: seconds, or an HTTP date (RFC 9110, 10.2.3,
 * the preferred form only) against our own clock. At most 24 h, 0 for the past; undefined when
 * absent or unreadable.
 */
export function parseRetryAfter(text: string | null, nowMs: EpochMs): number | undefined {
  const trimmed = text?.trim() ?? "";
  if (/^\d+$/.test(trimmed)) return Math.min(WAIT_MS_MAX, Number(trimmed) * SECOND_MS);
  if (!/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(trimmed)) {
    return undefined;
  }
  const untilMs = epochMs(Date.parse(trimmed));
  if (Number.isNaN(untilMs)) return undefined;
  return Math.min(WAIT_MS_MAX, Math.max(0, untilMs - nowMs));
}
