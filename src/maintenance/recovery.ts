/** Recovery as one part: terminals' logs are asked for by the jobs, and compared when they come. */

import type { Clock } from "#platform/clock.ts";
import type { Log } from "#platform/log.ts";
import type { Storage } from "#storage/storage.ts";
import { Jobs } from "./jobs.ts";
import { LogRecovery } from "./log-recovery.ts";

/** Calls a step again and again while there is more, with pauses in which terminals are served. */
export interface StepLoop {
  noteCommit(): void;
  wake(): void;
  stop(): Promise<void>;
}

/** The running recovery. */
export interface RunningRecovery extends StepLoop {
  /** As `Jobs`. */
  setRecoveryTime(time: string | undefined): void;
}

/** Starts the jobs. The loop's first `wake` goes on with what an earlier run left. */
export function startRecovery(options: {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Log;
  /** As in `JobsOptions`. */
  readonly recoveryTime: string | undefined;
  readonly siteTimeZone: string;
  /** As in `LogRecoveryOptions`. */
  readonly afterStep: () => void;
  readonly loopOver: (step: () => Promise<boolean>) => StepLoop;
}): RunningRecovery {
  const recovery = new LogRecovery(options);
  const jobs = new Jobs(options);
  const loop = options.loopOver(() => recovery.step());
  jobs.start();
  return {
    noteCommit: () => loop.noteCommit(),
    wake: () => loop.wake(),
    setRecoveryTime: (time) => jobs.setRecoveryTime(time),
    async stop() {
      await jobs.stop();
      await loop.stop();
    },
  };
}
