/**
 * Collects the intakes that wait while the loop turns and hands them to storage as one batch, so
 * that many punches share one flush of the disk. Bounded: beyond its limits it answers `failed`,
 * and the terminals keep their records.
 *
 * States: idle; scheduled (a flush runs in the next turn); flushing (one batch is with storage, the
 * next collects); stopped (everything new is answered `failed`).
 */

import { heldBytes, type Outcome, type ReceivedIntake } from "#domain/intake.ts";
import type { Log } from "#platform/log.ts";

export interface CommitQueueLimits {
  /** Intakes that may wait. */
  readonly depthMax: number;
  /** Raw bytes of all that wait. */
  readonly bytesMax: number;
  /** Intakes per transaction: keeps one commit short. */
  readonly batchMax: number;
}

interface WaitingIntake {
  readonly received: ReceivedIntake;
  readonly resolve: (outcome: Outcome) => void;
}

const FAILED: Outcome = { kind: "failed" };

export class CommitQueue {
  readonly #append: (batch: readonly ReceivedIntake[]) => Promise<readonly Outcome[]>;
  readonly #afterCommit: () => void;
  readonly #limits: CommitQueueLimits;
  readonly #log: Log;
  #waiting: WaitingIntake[] = [];
  #waitingBytes = 0;
  #state: "idle" | "scheduled" | "flushing" = "idle";
  #isStopped = false;
  #submitted = 0;
  #settled = 0;
  #drained: (() => void)[] = [];

  constructor(options: {
    readonly append: (batch: readonly ReceivedIntake[]) => Promise<readonly Outcome[]>;
    /** Called after a batch, once its replies have been handed to the sockets. */
    readonly afterCommit: () => void;
    readonly limits: CommitQueueLimits;
    readonly log: Log;
  }) {
    this.#append = options.append;
    this.#afterCommit = options.afterCommit;
    this.#limits = options.limits;
    this.#log = options.log;
  }

  /** Intakes that wait for a batch. */
  get depth(): number {
    return this.#waiting.length;
  }

  /** Intakes taken in since the start, and those of them that have their outcome: the oldest. */
  get counts(): { readonly submitted: number; readonly settled: number } {
    return { submitted: this.#submitted, settled: this.#settled };
  }

  /** Resolves after the commit that holds the intake. Never rejects. */
  submit(received: ReceivedIntake): Promise<Outcome> {
    const bytes = heldBytes(received.intake);
    if (this.#isStopped) return Promise.resolve(FAILED);
    if (
      this.#waiting.length >= this.#limits.depthMax ||
      this.#waitingBytes + bytes > this.#limits.bytesMax
    ) {
      this.#log.error(
        "commit-queue.full",
        { waiting: this.#waiting.length, bytes: this.#waitingBytes },
        { per: "commit-queue" },
      );
      return Promise.resolve(FAILED);
    }
    this.#waitingBytes += bytes;
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    this.#waiting.push({ received, resolve });
    this.#submitted += 1;
    this.#schedule();
    return promise;
  }

  /** Takes nothing new and resolves when everything that waits has its outcome. */
  stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#state === "idle") return Promise.resolve();
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  #schedule(): void {
    if (this.#state !== "idle") return;
    this.#state = "scheduled";
    setImmediate(() => void this.#flush());
  }

  async #flush(): Promise<void> {
    this.#state = "flushing";
    const batch = this.#takeBatch();
    let outcomes: readonly Outcome[] = [];
    try {
      outcomes = await this.#append(batch.map((waiting) => waiting.received));
    } catch (error) {
      // It does not by contract; were it to, nothing of the batch may be acknowledged.
      this.#log.error("storage.failed", { intakes: batch.length, cause: String(error) });
    } finally {
      for (const [index, waiting] of batch.entries()) waiting.resolve(outcomes[index] ?? FAILED);
      this.#settled += batch.length;
      setImmediate(this.#afterCommit);
      this.#state = "idle";
      if (this.#waiting.length > 0) this.#schedule();
      else for (const resolve of this.#drained.splice(0)) resolve();
    }
  }

  #takeBatch(): readonly WaitingIntake[] {
    const batch = this.#waiting.slice(0, this.#limits.batchMax);
    this.#waiting = this.#waiting.slice(batch.length);
    for (const { received } of batch) this.#waitingBytes -= heldBytes(received.intake);
    return batch;
  }
}
