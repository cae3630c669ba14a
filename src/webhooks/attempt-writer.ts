/**
 * Collects the results of tries and writes them together, because each transaction costs a flush
 * of the disk. A result that is lost with the process means one more delivery, never one less.
 */

import type { Clock, Timer } from "#platform/clock.ts";
import type { Log } from "#platform/log.ts";
import type { AttemptRecord, EndpointOutbox } from "#storage/endpoint-outbox.ts";
import type { DeliveryPace } from "./delivery-pace.ts";
import { failureFields } from "./failure-fields.ts";

const RETRY_DELAY_MS = 1000;
const BATCH_RECORDS_MAX = 200;
/** With so many results unwritten no new try begins, so memory and later doubles stay bounded. */
const UNWRITTEN_RECORDS_MAX = 2000;

export interface AttemptWriterOptions {
  readonly outbox: Pick<EndpointOutbox, "recordAttempts">;
  readonly clock: Clock;
  readonly log: Log;
  /** Called after each write that got through. */
  readonly onWritten: () => void;
  readonly pace: Pick<DeliveryPace, "writeDelayMs">;
}

/** Holds results until they are on disk, through any failure of storage. */
export class AttemptWriter {
  readonly #options: AttemptWriterOptions;
  readonly #unwritten: AttemptRecord[] = [];
  #timer: Timer | undefined;
  #addedCount = 0;
  #writtenCount = 0;
  #writing: Promise<boolean> | undefined;

  constructor(options: AttemptWriterOptions) {
    this.#options = options;
  }

  get #isEmpty(): boolean {
    return this.#unwritten.length === 0;
  }

  get isFull(): boolean {
    return this.#unwritten.length >= UNWRITTEN_RECORDS_MAX;
  }

  /**
   * Takes a result; it is written soon, with those that come meanwhile, or at once with 200 others.
   * Returns its number, from 1.
   */
  add(record: AttemptRecord): number {
    this.#unwritten.push(record);
    this.#addedCount += 1;
    this.#plan();
    return this.#addedCount;
  }

  /** Whether the result with this number, and so every earlier one, is on disk. */
  isWritten(number: number): boolean {
    return number <= this.#writtenCount;
  }

  /** Writes what is left, with one try for each batch, and stops. No `add` may follow. */
  async close(): Promise<void> {
    await this.#writing;
    while (!this.#isEmpty && (await this.#write())) {}
    this.#timer?.stop();
  }

  #plan(): void {
    if (this.#writing !== undefined) return;
    const isBatch = this.#unwritten.length === BATCH_RECORDS_MAX;
    if (!isBatch && this.#timer !== undefined) return;
    this.#writeIn(isBatch ? 0 : this.#options.pace.writeDelayMs);
  }

  #writeIn(delayMs: number): void {
    this.#timer?.stop();
    this.#timer = this.#options.clock.after(delayMs, () => void this.#write());
  }

  /** Writes one batch and plans what follows. Returns whether it got through. */
  async #write(): Promise<boolean> {
    this.#timer?.stop();
    this.#timer = undefined;
    const batch = this.#unwritten.slice(0, BATCH_RECORDS_MAX);
    this.#writing = this.#record(batch);
    const written = await this.#writing;
    this.#writing = undefined;
    if (written) {
      this.#unwritten.splice(0, batch.length);
      this.#writtenCount += batch.length;
      this.#options.onWritten();
    }
    if (!written) this.#writeIn(RETRY_DELAY_MS);
    else if (this.#unwritten.length >= BATCH_RECORDS_MAX) this.#writeIn(0);
    else if (!this.#isEmpty) this.#writeIn(this.#options.pace.writeDelayMs);
    return written;
  }

  async #record(batch: readonly AttemptRecord[]): Promise<boolean> {
    try {
      await this.#options.outbox.recordAttempts(batch);
      return true;
    } catch (error) {
      const fields = { ...failureFields(error), unwritten: this.#unwritten.length };
      this.#options.log.warn("webhook.unrecorded", fields, { per: "storage" });
      return false;
    }
  }
}
