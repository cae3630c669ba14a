/**
 * What deliveries need beside being sent: once a day parked messages are tried again and what is too
 * old leaves the ledger, and whatever is too much of it goes soon. Sends nothing itself.
 */

import { type EpochMs, epochMs } from "#base/epoch.ts";
import type { EndpointId } from "#domain/webhook-endpoint.ts";
import type { Clock } from "#platform/clock.ts";
import type { Log } from "#platform/log.ts";
import type { Storage } from "#storage/storage.ts";
import { DailyTime } from "./jobs.ts";
import type { StepLoop } from "./recovery.ts";

/** How much of the ledger is kept. */
export interface KeptLedger {
  /** Age of what was delivered. */
  readonly days: number;
  readonly bytesMax: number;
}

/** The running care. */
export interface RunningDeliveryCare {
  /** Changes how much is kept. */
  setKept(kept: KeptLedger): void;
  /** Resolves when what is under way is over. */
  stop(): Promise<void>;
}

export interface DeliveryCareOptions {
  readonly storage: Pick<Storage, "figures" | "listEndpoints" | "outboxOf" | "trimLedger">;
  readonly ownClock: { isTrusted(): boolean };
  /** Told which messages wait again; an endpoint that is not enabled has nobody to tell. */
  readonly dispatchers: {
    find(id: EndpointId): { noteRequeued(count: number): void } | undefined;
  };
  readonly siteTimeZone: string;
  readonly kept: KeptLedger;
  readonly clock: Clock;
  readonly log: Log;
  readonly loopOver: (step: () => Promise<boolean>) => StepLoop;
}

const LOOK_PERIOD_MS = 10_000;
const DAY_MS = 86_400_000;
/** Of the site: before the first shift. */
const DAILY_TIME = "05:00";
/** So few at a time, that what is new waits behind no more of those that are refused once more. */
const RETRIED_MAX = 100;

/** Looks every 10 s. */
export function startDeliveryCare(options: DeliveryCareOptions): RunningDeliveryCare {
  const care = new DeliveryCare(options);
  let looking = Promise.resolve();
  const timer = options.clock.every(LOOK_PERIOD_MS, () => {
    looking = looking.then(() => care.look());
  });
  return {
    setKept: (kept) => {
      care.kept = kept;
    },
    async stop() {
      timer.stop();
      await looking;
      await care.stop();
    },
  };
}

class DeliveryCare {
  kept: KeptLedger;
  readonly #options: DeliveryCareOptions;
  readonly #daily: DailyTime;
  readonly #trimming: StepLoop;
  /** Endpoints whose parked messages are being tried again, and behind which one it goes on. */
  readonly #retried = new Map<EndpointId, number>();
  /** Whether all of them are to be tried again from the first. */
  #isRetryDue = false;
  /** Whether the ledger is to be looked through for what is too old. */
  #isAgeDue = false;

  constructor(options: DeliveryCareOptions) {
    this.kept = options.kept;
    this.#options = options;
    this.#daily = new DailyTime(DAILY_TIME, options);
    this.#trimming = options.loopOver(() => this.#trim());
  }

  stop(): Promise<void> {
    return this.#trimming.stop();
  }

  /** Never rejects: what fails is tried again at the next look. */
  async look(): Promise<void> {
    const { storage, log } = this.#options;
    try {
      if (this.#daily.takeDue()) {
        this.#isRetryDue = true;
        this.#isAgeDue = true;
      }
      await this.#retryParked();
      const { ledgerBytes } = await storage.figures();
      if (ledgerBytes > this.kept.bytesMax || this.#isAgeDue) this.#trimming.wake();
    } catch (error) {
      log.error("deliveries.uncared", { cause: String(error) }, { per: "deliveries" });
    }
  }

  async #retryParked(): Promise<void> {
    if (!this.#isRetryDue && this.#retried.size === 0) return;
    const { storage, dispatchers } = this.#options;
    const endpoints = await storage.listEndpoints();
    if (this.#isRetryDue) for (const { id } of endpoints) this.#retried.set(id, 0);
    this.#isRetryDue = false;
    for (const [id, afterId] of [...this.#retried]) {
      const endpoint = endpoints.find((one) => one.id === id);
      // The others wait for these: while the endpoint is away, nothing more is put before them.
      if (endpoint !== undefined && endpoint.waitingCount >= RETRIED_MAX) continue;
      this.#retried.delete(id);
      if (endpoint === undefined || !endpoint.isEnabled || endpoint.parkedCount === 0) continue;
      const step = await storage.outboxOf(id).requeueParkedDeliveries(RETRIED_MAX, afterId);
      if (step.hasMore) this.#retried.set(id, step.lastId);
      if (step.requeuedCount > 0) dispatchers.find(id)?.noteRequeued(step.requeuedCount);
    }
  }

  /** Returns whether there is more to be done. */
  async #trim(): Promise<boolean> {
    const { storage } = this.#options;
    const beforeMs = this.#findOldest();
    const hasMore = await storage.trimLedger({
      bytesMax: this.kept.bytesMax,
      beforeMs,
    });
    if (!hasMore && beforeMs !== undefined) this.#isAgeDue = false;
    return hasMore;
  }

  /** Nothing is too old by a clock that cannot be believed. */
  #findOldest(): EpochMs | undefined {
    const { clock, ownClock } = this.#options;
    if (!this.#isAgeDue || !ownClock.isTrusted()) return undefined;
    return epochMs(clock.nowMs() - this.kept.days * DAY_MS);
  }
}
