/** How regularly a terminal is in contact, and when its silence is odd. Pure; times are monotonic. */

/** What is remembered of a terminal's contacts. Immutable. */
export interface ContactPace {
  readonly lastContactMs: number;
  readonly lastPollMs: number | undefined;
  /** Between its last polls, newest last. */
  readonly intervalsMs: readonly number[];
}

const INTERVALS_MAX = 9;
/** Fewer say nothing of a terminal's habit. */
const INTERVALS_MIN = 3;
/** So many of its own intervals, and never less than this, make a silence odd. */
const INTERVALS_MISSED = 10;
const SILENCE_MIN_MS = 600_000;

/** The pace with one more contact; polls alone tell the habit. */
export function withContactAt(
  pace: ContactPace | undefined,
  atMs: number,
  isPoll: boolean,
): ContactPace {
  const { lastPollMs, intervalsMs = [] } = pace ?? {};
  if (!isPoll) return { lastContactMs: atMs, lastPollMs, intervalsMs };
  const next = lastPollMs === undefined ? [] : [atMs - lastPollMs];
  return {
    lastContactMs: atMs,
    lastPollMs: atMs,
    intervalsMs: [...intervalsMs, ...next].slice(-INTERVALS_MAX),
  };
}

/** Its usual time between two polls: the median; undefined while it has no habit. */
export function usualIntervalMs({ intervalsMs }: ContactPace): number | undefined {
  if (intervalsMs.length < INTERVALS_MIN) return undefined;
  return intervalsMs.toSorted((left, right) => left - right)[intervalsMs.length >> 1];
}

/** For how long it has been silent, if that is odd for it, in milliseconds. */
export function oddSilenceMs(pace: ContactPace, nowMs: number): number | undefined {
  const usualMs = usualIntervalMs(pace);
  if (usualMs === undefined) return undefined;
  const silenceMs = nowMs - pace.lastContactMs;
  return silenceMs > Math.max(SILENCE_MIN_MS, INTERVALS_MISSED * usualMs) ? silenceMs : undefined;
}
