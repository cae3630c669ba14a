/**
 * Keeps the service manager informed: ready, how the server is in one line, signs of life, when it
 * reads its settings again, and the end. A sign of life says that the loop turns and that every intake has had its outcome within a
 * minute; a disk that is known to fail gives outcomes, too, and is no reason to restart.
 *
 * States: not started; telling, every 20 s or more often where the watchdog wants it; stopped.
 */

import type { Clock, Timer } from "#platform/clock.ts";
import type { Log } from "#platform/log.ts";
import type { ServiceManager } from "#platform/service-manager.ts";

/** Intakes handed to the commit queue since its start; they get their outcomes in that order. */
export interface CommitCounts {
  readonly submitted: number;
  readonly settled: number;
}

export interface ServiceCareOptions {
  readonly manager: ServiceManager;
  readonly commits: () => CommitCounts;
  /** How the server is, in one line. Must not reject. */
  readonly describe: () => Promise<string>;
  readonly clock: Clock;
  readonly log: Log;
}

const PERIOD_MS = 20_000;
/** So many signs of life may be late or lost before the watchdog ends the process. */
const SIGNS_PER_WATCHDOG = 4;
/** An intake that waits for its outcome longer than this will not get any more. */
export const COMMIT_LIMIT_MS = 60_000;

export class ServiceCare {
  readonly #options: ServiceCareOptions;
  readonly #commits: CommitWatch;
  #timer: Timer | undefined;
  #telling: Promise<void> = Promise.resolve();
  #isTelling = false;

  constructor(options: ServiceCareOptions) {
    this.#options = options;
    this.#commits = new CommitWatch(options.commits);
  }

  /** Says that the server is ready, and resolves when that has been taken. */
  async start(): Promise<void> {
    const { manager, clock, describe } = this.#options;
    const period = Math.min(
      PERIOD_MS,
      (manager.watchdogMs ?? Number.POSITIVE_INFINITY) / SIGNS_PER_WATCHDOG,
    );
    await manager.notify("READY=1", statusOf(await describe()));
    this.#timer = clock.every(period, () => this.#tellNext());
  }

  /** Says that the settings are being read again. */
  async reloading(): Promise<void> {
    await this.#options.manager.notify("RELOADING=1", "STATUS=Reading the settings again");
  }

  /** Says that this is over, and how the server is. */
  async reloaded(): Promise<void> {
    await this.#options.manager.notify("READY=1", statusOf(await this.#options.describe()));
  }

  /** Says that the server is ending. The watchdog watches on until it has. */
  async stop(): Promise<void> {
    this.#timer?.stop();
    await this.#telling;
    await this.#options.manager.notify("STOPPING=1", "STATUS=Finishing what is in flight");
  }

  /** A manager that takes its time is told less often. */
  #tellNext(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    this.#telling = this.#tell().finally(() => {
      this.#isTelling = false;
    });
  }

  async #tell(): Promise<void> {
    const { manager, clock, describe, log } = this.#options;
    const stuckMs = this.#commits.stuckMs(clock.monotonicMs());
    if (stuckMs < COMMIT_LIMIT_MS) {
      await manager.notify("WATCHDOG=1", statusOf(await describe()));
      return;
    }
    const seconds = Math.round(stuckMs / 1000);
    log.error("watchdog.withheld", { commit_seconds: seconds }, { per: "watchdog" });
    await manager.notify(statusOf(`PROBLEM: a commit has not come back for ${seconds} s`));
  }
}

/** Tells from counts alone, looked at now and then, for how long an intake waits at least. */
class CommitWatch {
  readonly #counts: () => CommitCounts;
  /** What had been submitted at earlier looks, oldest first, as far as it is not settled. */
  #looks: readonly { readonly atMs: number; readonly submitted: number }[] = [];

  constructor(counts: () => CommitCounts) {
    this.#counts = counts;
  }

  stuckMs(nowMs: number): number {
    const { submitted, settled } = this.#counts();
    const isNew = submitted > (this.#looks.at(-1)?.submitted ?? 0);
    const looks = isNew ? [...this.#looks, { atMs: nowMs, submitted }] : this.#looks;
    this.#looks = looks.filter((look) => look.submitted > settled);
    const [oldest] = this.#looks;
    return oldest === undefined ? 0 : nowMs - oldest.atMs;
  }
}

/** One line, whatever the description holds. */
function statusOf(text: string): string {
  return `STATUS=${text.replace(/\p{C}+/gu, " ")}`;
}
