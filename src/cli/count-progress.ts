/** How many of a number are done, on a terminal: a bar on standard error. Elsewhere nothing is shown. */

import type { CliEnvironment } from "./environment.ts";

export interface CountProgress {
  show(count: number): void;
  stop(): void;
}

/** Loads what draws the bar only where one is drawn. `countMax` may turn out to be too small. */
export async function createCountProgress(
  countMax: number,
  { isTerminal }: Pick<CliEnvironment, "isTerminal">,
): Promise<CountProgress> {
  if (!isTerminal) return { show: () => {}, stop: () => {} };
  const { SingleBar } = await import("cli-progress");
  const bar = new SingleBar({
    format: "[{bar}] {value}/{total} {percentage}%",
    hideCursor: false,
    clearOnComplete: true,
  });
  bar.start(countMax, 0);
  return { show: (count) => bar.update(Math.min(count, countMax)), stop: () => bar.stop() };
}
