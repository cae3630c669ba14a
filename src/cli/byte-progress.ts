/** How far a file is, on a terminal: a bar on standard error. Elsewhere nothing is shown. */

import { shownBytes } from "#platform/disk-space.ts";
import type { CliEnvironment } from "./environment.ts";

export interface ByteProgress {
  show(bytes: number, bytesMax: number): void;
  stop(): void;
}

/** Loads what draws the bar only where one is drawn. */
export async function createByteProgress(
  label: string,
  { isTerminal }: Pick<CliEnvironment, "isTerminal">,
): Promise<ByteProgress> {
  if (!isTerminal) return { show: () => {}, stop: () => {} };
  const { SingleBar } = await import("cli-progress");
  const bar = new SingleBar({
    format: `${label} [{bar}] {percentage}% of {size}`,
    hideCursor: false,
    clearOnComplete: true,
  });
  let isStarted = false;
  return {
    show(bytes, bytesMax) {
      const size = { size: shownBytes(bytesMax) };
      if (!isStarted) bar.start(bytesMax, bytes, size);
      isStarted = true;
      bar.update(Math.min(bytes, bytesMax), size);
    },
    stop: () => bar.stop(),
  };
}
