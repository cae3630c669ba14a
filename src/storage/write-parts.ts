/**
 * The one writer's tables and in-memory books, and a transaction over all of them: what the engine
 * rolls back on disk, the books take back in memory.
 */

import type { Database } from "bun:sqlite";
import { drizzle } from "drizzle-orm/bun-sqlite";
import { Audit } from "./audit.ts";
import { CommandBook } from "./commands.ts";
import { CompletenessBook } from "./completeness-book.ts";
import { Counters, type CounterValues } from "./counters.ts";
import { DeviceBook } from "./devices.ts";
import { EndpointFill } from "./endpoint-fill.ts";
import { EndpointRemoval } from "./endpoint-removal.ts";
import { type BookedEndpoint, EndpointBook } from "./endpoints.ts";
import { EnrollmentTable } from "./enrollments.ts";
import { EventLog, type EventLogOptions } from "./event-log.ts";
import { HistorySends } from "./history-sends.ts";
import { Ledger } from "./ledger.ts";
import { LedgerTrim } from "./ledger-trim.ts";
import { Notices } from "./notices.ts";
import { Outbox } from "./outbox.ts";
import { PunchRecords } from "./punch-records.ts";
import { PunchTable } from "./punches.ts";
import { Quarantine } from "./quarantine.ts";
import { QuarantineNews, type QuarantineNewsState } from "./quarantine-news.ts";
import { Redelivery } from "./redelivery.ts";
import { SuggestedTimes } from "./suggested-times.ts";
import { SyncNotes } from "./sync-notes.ts";
import { Timeline } from "./timeline.ts";
import { ToldHistory } from "./told-history.ts";
import { UserTable } from "./users.ts";

/** A point inside a transaction to go back to. */
export interface Mark {
  readonly counters: CounterValues;
  readonly devices: number;
  readonly hasWritten: boolean;
  readonly commands: number;
  readonly endpoints: readonly BookedEndpoint[];
  readonly quarantineNews: QuarantineNewsState;
}

/** Told of every transaction. */
export interface CommitWatch {
  /** Before it begins. A throw fails it. */
  starting(): void;
  /** `hasWritten` is false when perhaps nothing was written: such a commit succeeds on a dead disk. */
  committed(hasWritten: boolean): void;
  /** After `committed`: there are new events. */
  recorded(): void;
  failed(error: unknown): void;
  /** Whether what can be done without is not to be written. */
  isDiskLow(): boolean;
}

export class WriteParts {
  readonly counters: Counters;
  readonly devices: DeviceBook;
  readonly completeness: CompletenessBook;
  readonly commands: CommandBook;
  readonly punches: PunchTable;
  readonly punchRecords: PunchRecords;
  readonly suggestedTimes: SuggestedTimes;
  readonly timeline: Timeline;
  readonly endpoints: EndpointBook;
  readonly endpointFill: EndpointFill;
  readonly endpointRemoval: EndpointRemoval;
  readonly toldHistory: ToldHistory;
  readonly outbox: Outbox;
  readonly ledger: Ledger;
  readonly ledgerTrim: LedgerTrim;
  readonly redelivery: Redelivery;
  readonly eventLog: EventLog;
  readonly historySends: HistorySends;
  readonly quarantine: Quarantine;
  readonly audit: Audit;
  readonly quarantineNews = new QuarantineNews();
  readonly notices: Notices;
  readonly enrollments: EnrollmentTable;
  readonly users: UserTable;
  readonly syncNotes: SyncNotes;
  readonly #database: Database;
  readonly #watch: CommitWatch;
  /** Whether the running transaction has written beside the books, which know it of themselves. */
  #hasWritten = false;
  readonly #begin;
  readonly #commit;
  readonly #rollback;
  readonly #savepoint;
  readonly #rollbackToSavepoint;
  readonly #releaseSavepoint;

  constructor(
    database: Database,
    watch: CommitWatch,
    site: Pick<EventLogOptions, "siteTimeZone" | "ownClock">,
  ) {
    const orm = drizzle(database);
    this.#database = database;
    this.#watch = watch;
    this.counters = new Counters(orm);
    this.devices = new DeviceBook(orm);
    this.completeness = new CompletenessBook(database, this.devices);
    this.commands = new CommandBook(orm);
    this.punches = new PunchTable(database);
    this.punchRecords = new PunchRecords(orm);
    this.suggestedTimes = new SuggestedTimes(database);
    this.timeline = new Timeline(database);
    this.endpoints = new EndpointBook(orm);
    this.endpointFill = new EndpointFill(database);
    this.endpointRemoval = new EndpointRemoval(database);
    this.toldHistory = new ToldHistory(database, this.endpoints);
    const isDiskLow = () => watch.isDiskLow();
    this.outbox = new Outbox(orm, this.counters, isDiskLow);
    this.ledger = new Ledger(database, this.counters, isDiskLow);
    this.ledgerTrim = new LedgerTrim(database, this.counters);
    this.redelivery = new Redelivery(database, this.counters);
    const { endpoints, outbox } = this;
    this.eventLog = new EventLog(database, { ...site, endpoints, outbox });
    this.historySends = new HistorySends(database);
    this.quarantine = new Quarantine(orm);
    this.audit = new Audit(database);
    this.notices = new Notices(orm);
    this.enrollments = new EnrollmentTable(orm);
    this.users = new UserTable(orm);
    this.syncNotes = new SyncNotes(orm);
    this.#begin = database.prepare("BEGIN IMMEDIATE");
    this.#commit = database.prepare("COMMIT");
    this.#rollback = database.prepare("ROLLBACK");
    this.#savepoint = database.prepare("SAVEPOINT intake");
    this.#rollbackToSavepoint = database.prepare("ROLLBACK TO intake");
    this.#releaseSavepoint = database.prepare("RELEASE intake");
  }

  /**
   * Runs `work` in one transaction. When it returns, the commit is on disk; when it throws,
   * neither disk nor memory kept anything of it. Blocks for the time of the commit.
   */
  transaction<Value>(work: () => Value): Value {
    const { value, hasWritten } = this.#commitOrUndo(work);
    const hasEvents = this.eventLog.takeNews();
    this.#watch.committed(hasWritten || hasEvents);
    if (hasEvents) this.#watch.recorded();
    return value;
  }

  /** Says that the running transaction has written rows of other tables than those of the books. */
  noteWrite(): void {
    this.#hasWritten = true;
  }

  /** Writes what could wait until now: called inside the last transaction. */
  saveAll(): void {
    this.devices.saveAll();
    this.syncNotes.writeUnwritten();
  }

  /**
   * Runs `work` in a savepoint of the running transaction. When it throws, or `keep` says no, only
   * what it did is taken back. The error, if any, is thrown on.
   */
  savepoint<Value>(work: () => Value, keep: (value: Value) => boolean): Value {
    const start = this.#mark();
    this.#savepoint.run();
    try {
      const value = work();
      if (!keep(value)) this.#takeBack(start);
      this.#releaseSavepoint.run();
      return value;
    } catch (error) {
      // Without a transaction the engine has rolled all of it back already.
      if (this.#database.inTransaction) {
        this.#takeBack(start);
        this.#releaseSavepoint.run();
      }
      throw error;
    }
  }

  #commitOrUndo<Value>(work: () => Value): { readonly value: Value; readonly hasWritten: boolean } {
    this.#hasWritten = false;
    const start = this.#mark();
    try {
      this.#watch.starting();
      this.#begin.run();
      const value = work();
      const hasWrittenDevice = this.devices.save();
      const hasWrittenCounters = this.counters.save();
      this.#commit.run();
      this.devices.committed();
      this.commands.committed();
      this.counters.committed();
      const hasWritten = this.#hasWritten || hasWrittenDevice || hasWrittenCounters;
      return { value, hasWritten };
    } catch (error) {
      this.#undoTo(start);
      // A full disk or an I/O error makes the engine roll back by itself.
      if (this.#database.inTransaction) this.#rollback.run();
      this.#watch.failed(error);
      throw error;
    }
  }

  #takeBack(start: Mark): void {
    this.#rollbackToSavepoint.run();
    this.#undoTo(start);
  }

  #mark(): Mark {
    const { counters, devices, commands, endpoints } = this;
    return {
      counters: counters.values,
      devices: devices.mark(),
      commands: commands.mark(),
      endpoints: endpoints.mark(),
      hasWritten: this.#hasWritten,
      quarantineNews: this.quarantineNews.state,
    };
  }

  #undoTo(mark: Mark): void {
    this.counters.restore(mark.counters);
    this.devices.undoTo(mark.devices);
    this.#hasWritten = mark.hasWritten;
    this.commands.undoTo(mark.commands);
    this.endpoints.undoTo(mark.endpoints);
    this.quarantineNews.restore(mark.quarantineNews);
  }
}
