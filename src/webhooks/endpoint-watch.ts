/**
 * Sees which receivers take nothing: told once one was paused for a minute on end, so that a hiccup
 * is no news, and until it takes a message again. Has no timer of its own: it is asked every few
 * seconds.
 */

import type { ConditionType } from "#domain/condition.ts";
import type { Sighting } from "#domain/condition-book.ts";
import type { EndpointId } from "#domain/webhook-endpoint.ts";
import type { Clock } from "#platform/clock.ts";
import type { Storage } from "#storage/storage.ts";
import type { DeliveryFigures } from "./dispatcher-options.ts";

/** What the watch looks at. */
export interface EndpointWatchOptions {
  readonly storage: Pick<Storage, "listEndpoints">;
  /** Those that deliver; undefined where none does. */
  readonly dispatchers: {
    find(id: EndpointId): { figures(): WatchedFigures } | undefined;
  };
  readonly clock: Clock;
}

type WatchedFigures = Pick<
  DeliveryFigures,
  "state" | "lastResult" | "deliveredCount" | "refusedCount"
>;

/** A pause in which nothing was answered. */
interface Silence {
  /** By the monotonic clock. */
  readonly sinceMs: number;
  readonly answeredCount: number;
}

/** Pauses that are shorter are not told. */
export const TOLD_AFTER_MS = 60_000;

/**
 * Makes a look: which receivers take nothing now. `isOpen`: whether a condition of that type and
 * subject, which is a receiver's name, is told already.
 */
export function watchEndpoints({ storage, dispatchers, clock }: EndpointWatchOptions) {
  let silences = new Map<EndpointId, Silence>();
  return async (
    isOpen: (type: ConditionType, subject: string) => boolean,
  ): Promise<readonly Sighting[]> => {
    const before = silences;
    silences = new Map();
    const sightings: Sighting[] = [];
    for (const { id, name, isEnabled } of await storage.listEndpoints()) {
      const figures = isEnabled ? dispatchers.find(id)?.figures() : undefined;
      if (figures === undefined) continue;
      const nowMs = clock.monotonicMs();
      const silence = silenceOf(figures, before.get(id), nowMs);
      if (silence !== undefined) silences.set(id, silence);
      const isLong = silence !== undefined && nowMs - silence.sinceMs >= TOLD_AFTER_MS;
      // What was told before the start holds until there is an answer.
      const isUntried = silence === undefined && answeredCountOf(figures) === 0;
      const goesOn = isOpen("endpoint-paused", name) && (silence !== undefined || isUntried);
      if (!isLong && !goesOn) continue;
      const detail = `It takes nothing: ${figures.lastResult ?? "not tried since the start"}`;
      sightings.push({ type: "endpoint-paused", subject: name, detail });
    }
    return sightings;
  };
}

/** A pause that was interrupted by an answer between two looks is another one. */
function silenceOf(
  figures: WatchedFigures,
  before: Silence | undefined,
  nowMs: number,
): Silence | undefined {
  if (figures.state !== "paused") return undefined;
  const answeredCount = answeredCountOf(figures);
  return before?.answeredCount === answeredCount ? before : { sinceMs: nowMs, answeredCount };
}

function answeredCountOf({ deliveredCount, refusedCount }: WatchedFigures): number {
  return deliveredCount + refusedCount;
}
