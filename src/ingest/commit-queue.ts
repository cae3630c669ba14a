/**
 * Collects the intakes that wait while the loop turns and hands them to storage as one batch, so
 * that many punches share one flush of the disk. Bounded: beyond its limits it answers `failed`,
 * and the terminals keep their records.
 *
 * States: idle; scheduled (a flush runs in the next turn); flushing (one batch is with storage, the
 * next collects); stopped (everything new is answered `failed`).
 */

import { BucketCounts, type BucketFigures } from "#base/bucket-counts.ts";
import { heldBytes, type Outcome, type ReceivedIntake } from "#domain/intake.ts";
import type { Clock } from "#platform/clock.ts";
import type { Log } from "#platform/log.ts";

export interface CommitQueueLimits {
  /** Intakes that may wait. */
  readonly depthMax: number;
  /** Raw bytes of all that wait. */
  readonly bytesMax: number;
  /** Intakes per transaction: keeps one commit short. */
  readonly batchMax: number;
}

/** How the queue is, and what it did since the start of the process. */
export interface CommitFigures {
  /** Intakes that wait for a batch, and their raw bytes. */
  readonly depth: number;
  readonly waitingBytes: number;
  /** How much of both may wait. */
  readonly depthMax: number;
  readonly bytesMax: number;
  /** Intakes that found the queue full. */
  readonly refusedCount: number;
  /** Batches of which storage kept nothing. */
  readonly failedBatchCount: number;
  /** Intakes of each batch. */
  readonly batchSizes: BucketFigures;
  /** What each batch took, in seconds. */
  readonly durations: BucketFigures;
}

const BATCH_SIZE_BOUNDS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];
const DURATION_BOUNDS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 60];

interface WaitingIntake {
  readonly received: ReceivedIntake;
  readonly resolve: (outcome: Outcome) => void;
}

const FAILED: Outcome = { kind: "failed" };

export class CommitQueue {
  readonly #append: (batch: readonly ReceivedIntake[]) => Promise<readonly Outcome[]>;
  readonly #afterCommit: () => void;
  #limits: CommitQueueLimits;
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #log: Log;
  readonly #batchSizes = new BucketCounts(BATCH_SIZE_BOUNDS);
  readonly #durations = new BucketCounts(DURATION_BOUNDS_SECONDS);
  #refusedCount = 0;
  #failedBatchCount = 0;
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
    readonly clock: Pick<Clock, "monotonicMs">;
    readonly log: Log;
  }) {
    this.#append = options.append;
    this.#afterCommit = options.afterCommit;
    this.#limits = options.limits;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  get figures(): CommitFigures {
    return {
      depth: this.#waiting.length,
      waitingBytes: this.#waitingBytes,
      depthMax: this.#limits.depthMax,
      bytesMax: this.#limits.bytesMax,
      refusedCount: this.#refusedCount,
      failedBatchCount: this.#failedBatchCount,
      batchSizes: this.#batchSizes.figures,
      durations: this.#durations.figures,
    };
  }

  /** Changes the limits; what waits already stays. */
  setLimits(limits: CommitQueueLimits): void {
    this.#limits = limits;
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
      this.#refusedCount += 1;
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
    const startedMs = this.#clock.monotonicMs();
    let outcomes: readonly Outcome[] = [];
    try {
      outcomes = await this.#append(batch.map((waiting) => waiting.received));
    } catch (error) {
      // It does not by contract; were it to, nothing of the batch may be acknowledged.
      const fields = { intakes: batch.length, cause: String(error) };
      this.#log.error("storage.failed", fields, { per: "commit-queue" });
    } finally {
      for (const [index, waiting] of batch.entries()) waiting.resolve(outcomes[index] ?? FAILED);
      this.#settled += batch.length;
      this.#noteBatch(batch, outcomes, startedMs);
      setImmediate(this.#afterCommit);
      this.#state = "idle";
      if (this.#waiting.length > 0) this.#schedule();
      else for (const resolve of this.#drained.splice(0)) resolve();
    }
  }

  /** Where storage fails, it fails for the whole batch. */
  #noteBatch(batch: readonly unknown[], outcomes: readonly Outcome[], startedMs: number): void {
    const [first = FAILED] = outcomes;
    if (first.kind === "failed") this.#failedBatchCount += 1;
    this.#batchSizes.note(batch.length);
    this.#durations.note((this.#clock.monotonicMs() - startedMs) / 1000);
  }

  #takeBatch(): readonly WaitingIntake[] {
    const batch = this.#waiting.slice(0, this.#limits.batchMax);
    this.#waiting = this.#waiting.slice(batch.length);
    for (const { received } of batch) this.#waitingBytes -= heldBytes(received.intake);
    return batch;
  }
}
