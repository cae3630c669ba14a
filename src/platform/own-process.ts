/** What the running process takes of the machine. */

import type { Clock } from "./clock.ts";

/** How long after the start its memory is given back. */
const START_SETTLED_MS = 1_000;

/** Physical memory that the process holds, in bytes. */
export function residentBytes(): number {
  return process.memoryUsage.rss();
}

/** Time that the process took on processors since its start, in seconds. */
export function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** How long the process has been running, in milliseconds. */
export function uptimeMs(): number {
  return process.uptime() * 1000;
}

/** The words that run this program once more, before its arguments. */
export function ownProgram(): readonly string[] {
  return Bun.isStandaloneExecutable ? [process.execPath] : [process.execPath, Bun.main];
}

/**
 * Gives back what only the start needed, about 3 MB, once it has settled. Blocks the loop then for
 * some milliseconds. Returns what gives it up.
 */
export function releaseStartMemoryLater(clock: Clock): () => Promise<void> {
  const timer = clock.after(START_SETTLED_MS, () => {
    Bun.gc(true);
    Bun.shrink();
  });
  return async () => timer.stop();
}
