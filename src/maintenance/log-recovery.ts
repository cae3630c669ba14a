/**
 * Compares terminals' own logs, as `read-log` brings them, with what is stored: some records at each
 * step, one log after the other. How far a log is read is in storage, so that a restart goes on there.
 */

import {
  decodeLogRecords,
  type LogBatch,
  type LogRecord,
  readLogBatch,
} from "#devices/fkweb/log-records.ts";
import type { Command } from "#domain/command.ts";
import { parseProgress, readCount, reportOf } from "#domain/log-recovery.ts";
import type { Clock } from "#platform/clock.ts";
import type { Log } from "#platform/log.ts";
import type { PendingResult, RecoveredRecord, Storage } from "#storage/storage.ts";

/** Records compared in one transaction. */
const RECORDS_PER_STEP = 200;

/** What it works on. */
export interface LogRecoveryOptions {
  readonly storage: Pick<
    Storage,
    "listPendingResults" | "findDevice" | "recoverRecords" | "settleLog"
  >;
  readonly clock: Clock;
  readonly log: Log;
  /** Called after each transaction: punches may be new in the feed and the outbox. */
  readonly afterStep: () => void;
}

/** The log at hand, behind what was compared already. */
interface Reading {
  readonly command: Command;
  readonly announcedCount: number | undefined;
  readonly records: Iterator<LogRecord, void>;
  /** Why it cannot be the whole log. */
  readonly problem: string | undefined;
}

export class LogRecovery {
  readonly #options: LogRecoveryOptions;
  #reading: Reading | undefined;

  constructor(options: LogRecoveryOptions) {
    this.#options = options;
  }

  /** Does one step; returns whether more may be waiting. Not to be called while a step goes on. */
  async step(): Promise<boolean> {
    const reading = this.#reading ?? (await this.#begin());
    // Kept again once the step is on disk: one that fails begins anew from what storage has.
    this.#reading = undefined;
    if (reading === undefined) return false;
    const records = takeRecords(reading.records);
    const { storage, afterStep } = this.#options;
    if (records.length > 0) {
      await storage.recoverRecords(reading.command.id, records);
      afterStep();
    }
    if (records.length === RECORDS_PER_STEP) this.#reading = reading;
    else await this.#settle(reading);
    return true;
  }

  async #begin(): Promise<Reading | undefined> {
    const { storage } = this.#options;
    const [pending] = await storage.listPendingResults("read-log", 1);
    if (pending === undefined) return undefined;
    const device = await storage.findDevice(pending.command.deviceId);
    return openLog(pending, device?.codeLibrary);
  }

  async #settle({ command, announcedCount, problem }: Reading): Promise<void> {
    const { storage, clock, log } = this.#options;
    const settled = await storage.settleLog({
      commandId: command.id,
      announcedCount,
      problem,
      nowMs: clock.nowMs(),
    });
    const { read_count: read, ...others } = reportOf(settled.counts);
    const fields = { command: command.id, device: command.deviceId, read, ...others };
    if (settled.problem === undefined) log.info("log.recovered", fields);
    else log.warn("log.recovered", { ...fields, problem: settled.problem });
  }
}

function openLog({ command, bytes }: PendingResult, codeLibrary: string | undefined): Reading {
  const result = { text: command.resultText ?? "", binaries: bytes.length === 0 ? [] : [bytes] };
  const batch = readLogBatch(result, codeLibrary);
  if (!batch.ok) {
    const problem = `The log cannot be read: ${batch.error.reason}`;
    return { command, announcedCount: undefined, records: [][Symbol.iterator](), problem };
  }
  const { announcedCount, recordCount } = batch.value;
  const records = decodeLogRecords(batch.value);
  const doneCount = Math.min(readCount(parseProgress(command.resultText)), recordCount);
  for (let count = 0; count < doneCount; count += 1) records.next();
  return { command, announcedCount, records, problem: findCut(batch.value) };
}

/** Why the records cannot be all that the terminal has. A torn one is none. */
function findCut({ announcedCount, recordCount, bytes, layout }: LogBatch): string | undefined {
  const wholeCount = Math.floor(bytes.length / layout.recordBytes);
  if (announcedCount === undefined) {
    if (recordCount === 0) return "The terminal neither counted its records nor sent any";
    return wholeCount < recordCount ? "The last record is cut short" : undefined;
  }
  return announcedCount > wholeCount
    ? `The terminal announced ${announcedCount} records and sent ${wholeCount}`
    : undefined;
}

function takeRecords(records: Iterator<LogRecord, void>): readonly RecoveredRecord[] {
  const taken: RecoveredRecord[] = [];
  while (taken.length < RECORDS_PER_STEP) {
    const { done, value } = records.next();
    if (done === true || value === undefined) break;
    taken.push(
      value.kind === "punch"
        ? { kind: "punch", punch: value.punch }
        : { kind: "unreadable", reason: value.reason, bytes: Uint8Array.fromHex(value.rawHex) },
    );
  }
  return taken;
}
