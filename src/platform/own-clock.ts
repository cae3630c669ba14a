/**
 * Whether the box's own clock can be believed. Knows one kind of evidence: that systemd's time
 * service has been synchronised since boot (its mark lies on a file system that a boot empties).
 */

import { existsSync } from "node:fs";
import type { Clock } from "./clock.ts";

const SYNCHRONIZED_MARK = "/run/systemd/timesync/synchronized";
const LOOK_PERIOD_MS = 10_000;

/** Answers whether the clock is trusted; looks at the evidence at most every 10 s. */
export function createOwnClockTrust(clock: Clock, mark = SYNCHRONIZED_MARK): () => boolean {
  let isTrusted = false;
  let lookAgainAtMs = Number.NEGATIVE_INFINITY;
  return () => {
    const nowMs = clock.monotonicMs();
    if (nowMs >= lookAgainAtMs) {
      isTrusted = existsSync(mark);
      lookAgainAtMs = nowMs + LOOK_PERIOD_MS;
    }
    return isTrusted;
  };
}
