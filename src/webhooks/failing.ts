/**
 * Whether it is one event that an endpoint fails at, or every event: an event that alone trips its
 * receiver must not hold up all others for ever. Pure state; time is monotonic, in milliseconds.
 *
 * An event that has failed for 15 min is under suspicion: others are tried in its place. Where one
 * of them is delivered, and the event then fails once more, it fails alone, which counts as a
 * refusal of it.
 */

/** A failure of the endpoint at an event. */
export interface Failure {
  readonly deliveryId: number;
  readonly nowMs: number;
  /** How much the endpoint had been delivered by then. */
  readonly deliveredCount: number;
  /** Whether the endpoint told for how long it wants to be left alone. */
  readonly asksToWait: boolean;
  /** Whether it shows the endpoint as it is at this moment, not as it was when the try began. */
  readonly isFresh: boolean;
}

/** The failures of a lane's event in a row. */
export interface Failing {
  readonly sinceMs: number;
  readonly tryCount: number;
  readonly last: Failure;
}

const SUSPECT_AFTER_MS = 15 * 60_000;
/** A busy endpoint may fail twice at anything. */
const TRIES_MIN = 3;

/** With one more failure; those of another event do not count. */
export function failedAgain(before: Failing | undefined, failure: Failure): Failing {
  const same = before?.last.deliveryId === failure.deliveryId ? before : undefined;
  return {
    sinceMs: same?.sinceMs ?? failure.nowMs,
    tryCount: (same?.tryCount ?? 0) + 1,
    last: failure,
  };
}

/** Whether others are to be tried in place of this event. */
export function isSuspect(
  failing: Failing | undefined,
  deliveryId: number | undefined,
  nowMs: number,
): failing is Failing {
  if (failing === undefined || failing.last.deliveryId !== deliveryId) return false;
  return nowMs - failing.sinceMs >= SUSPECT_AFTER_MS;
}

/** Whether a failure is the event's own; `before` is without it. */
export function failsAlone(before: Failing | undefined, failure: Failure): boolean {
  return (
    isSuspect(before, failure.deliveryId, failure.nowMs) &&
    before.tryCount + 1 >= TRIES_MIN &&
    failure.deliveredCount > before.last.deliveredCount
  );
}
