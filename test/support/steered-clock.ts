/**
 * Stands in for the machine's clock in builds for tests: its time plus what the file
 * `clock-offset-ms` in the working directory says, read again at every look. All of time moves by
 * it, the wall clock, durations and timers alike, as if the machine had simply run for so long. So
 * a test steers a process from outside.
 */

import { readFileSync } from "node:fs";
import { type EpochMs, epochMs } from "#base/epoch.ts";
import type { Clock, Timer } from "#platform/clock.ts";

const OFFSET_FILE = "clock-offset-ms";
/** How late a timer may be, in real time. */
const TICK_MS = 4;

interface PlannedTask {
  dueMs: number;
  readonly periodMs: number | undefined;
  readonly task: () => void;
}

const planned = new Set<PlannedTask>();
let ticker: ReturnType<typeof setInterval> | undefined;

/** Named as the clock that it stands in for. */
export const systemClock: Clock = {
  nowMs,
  monotonicMs,
  after: (delayMs, task) =>
    plan({ dueMs: monotonicMs() + Math.max(0, delayMs), periodMs: undefined, task }),
  every: (periodMs, task) => plan({ dueMs: monotonicMs() + periodMs, periodMs, task }),
};

function nowMs(): EpochMs {
  return epochMs(Date.now() + offsetMs());
}

/** The machine's own duration counter starts anew with each process, and so does what is added. */
function monotonicMs(): number {
  return performance.now() + offsetMs() - offsetAtStartMs;
}

function offsetMs(): number {
  try {
    return Number(readFileSync(OFFSET_FILE, "utf8"));
  } catch {
    return 0;
  }
}

const offsetAtStartMs = offsetMs();

function plan(entry: PlannedTask): Timer {
  planned.add(entry);
  ticker ??= setInterval(runDue, TICK_MS);
  return {
    stop: () => {
      planned.delete(entry);
      if (planned.size === 0) stopTicking();
    },
  };
}

function runDue(): void {
  const reachedMs = monotonicMs();
  const due = [...planned].filter(({ dueMs }) => dueMs <= reachedMs);
  due.sort((one, other) => one.dueMs - other.dueMs);
  for (const entry of due) {
    // An earlier task may have stopped this one.
    if (!planned.has(entry)) continue;
    // Of the periods that passed at one go, one counts: a machine that slept is as late.
    if (entry.periodMs === undefined) planned.delete(entry);
    else entry.dueMs = reachedMs + entry.periodMs;
    entry.task();
  }
  if (planned.size === 0) stopTicking();
}

function stopTicking(): void {
  clearInterval(ticker);
  ticker = undefined;
}
