/**
 * Whether a poll shows that nothing waits in a terminal. Its loop sends the queue first and polls
 * behind it, but it also polls while the head of the queue was not taken (fkweb.md 11), up to 3
 * minutes before it tries again (fkweb.md 2.1). Where that may be so, polls are doubted until such a
 * retry would have come. Pure; times are monotonic.
 */

import { type ContactPace, usualIntervalMs, withContactAt } from "./condition-contact.ts";

/**
 * Why something may wait. `server-started`: the terminal was known before, and may have found no
 * server. `out-of-contact`: it was silent for longer than it pauses between two polls.
 * `unacknowledged`: what it sent got no answer, not yet, or none that it heard. `sent-again`: it did not hear an acknowledgement.
 */
export type QueueDoubt = "server-started" | "out-of-contact" | "unacknowledged" | "sent-again";

/** What is remembered of a terminal's requests. Immutable. */
export interface QueueTrace {
  readonly pace: ContactPace;
  /** Undefined: a poll shows that nothing waits. */
  readonly doubt: { readonly why: QueueDoubt; readonly sinceMs: number } | undefined;
}

/** A terminal that was not acknowledged tries again after 3 minutes, and somewhat. */
const RETRY_MS = 200_000;
/** Terminals poll every 2 minutes or faster, unless they are set otherwise. */
const SILENCE_MAX_MS = 150_000;
/** Where its habit is known: one poll that fails to come makes two intervals of one. */
const INTERVALS_MAX = 1.5;
/** A busy machine or a lost packet makes no less than this of it. */
const LATE_MIN_MS = 15_000;

/**
 * The trace with one more request. `isKnown`: the server knew the terminal before it started; of
 * another one, the first request begins the trace without a doubt.
 */
export function withRequest(
  trace: QueueTrace | undefined,
  request: { readonly atMs: number; readonly isPoll: boolean; readonly isKnown: boolean },
): QueueTrace {
  const { atMs, isPoll, isKnown } = request;
  const pace = withContactAt(trace?.pace, atMs, isPoll);
  if (trace === undefined) {
    return { pace, doubt: isKnown ? { why: "server-started", sinceMs: atMs } : undefined };
  }
  if (isInterrupted(trace.pace, atMs)) {
    return { pace, doubt: { why: "out-of-contact", sinceMs: atMs } };
  }
  const isOver = trace.doubt !== undefined && isRetryPast(trace.doubt.sinceMs, atMs);
  return { pace, doubt: isOver ? undefined : trace.doubt };
}

/** The trace after something that begins a doubt, or begins it anew. */
export function withDoubt(trace: QueueTrace, why: QueueDoubt, atMs: number): QueueTrace {
  return { ...trace, doubt: { why, sinceMs: atMs } };
}

/** Whether a terminal has sent again by `atMs` what was not acknowledged at `sinceMs`. */
export function isRetryPast(sinceMs: number, atMs: number): boolean {
  return atMs - sinceMs >= RETRY_MS;
}

/** Whether a poll failed to come: whatever else it tried to send meanwhile may have failed, too. */
function isInterrupted(pace: ContactPace, atMs: number): boolean {
  const usualMs = usualIntervalMs(pace);
  const silenceMaxMs =
    usualMs === undefined ? SILENCE_MAX_MS : Math.max(LATE_MIN_MS, INTERVALS_MAX * usualMs);
  return atMs - pace.lastContactMs > silenceMaxMs;
}
