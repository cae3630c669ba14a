/**
 * Everything outside `storage/` sees the database through this interface, in domain words and
 * behind promises, so that another engine can take its place. No SQL and no row type leaves here.
 * Reading is done in short steps with other work between them, however much is asked for.
 * Every method may throw `AppError` with code `storage-write-failed` or `storage-damaged`, except
 * `append`, whose outcomes say `failed` instead.
 */

import type { EpochMs } from "#base/epoch.ts";
import type { ApiClient, NewClient } from "#domain/client.ts";
import type { Command, CommandKind, DeviceCommand } from "#domain/command.ts";
import type { Completeness, LateQuery } from "#domain/completeness.ts";
import type { Condition, ConditionChange } from "#domain/condition.ts";
import type { Device, DirectionPolicy } from "#domain/device.ts";
import type { DeviceId, FeedPosition, PunchId, UserId } from "#domain/identifiers.ts";
import type { Outcome, RawPunch, ReceivedIntake } from "#domain/intake.ts";
import type { RecoveryCounts } from "#domain/log-recovery.ts";
import type { Direction, Punch } from "#domain/punch.ts";
import type { SiteDate } from "#domain/site-day.ts";
import type { Enrollment, KnownUser, SyncedUser, SyncOutcome } from "#domain/user.ts";
import type { EndpointId } from "#domain/webhook-endpoint.ts";
import type { AuditStorage } from "./audit.ts";
import type { EndpointOutbox, LedgerLimits } from "./endpoint-outbox.ts";
import type { EndpointStorage } from "./endpoint-storage.ts";
import type { EventStorage } from "./event-storage.ts";
import type { Importer } from "./import/importer.ts";
import type { PurgeStorage } from "./purge-storage.ts";
import type { QuarantineStorage } from "./quarantine-storage.ts";
import type { ChangeableRules } from "./rules.ts";

/** Which punches a reader wants. Absent means any. */
export interface PunchFilter {
  readonly deviceId?: DeviceId | undefined;
  readonly userId?: UserId | undefined;
  /** Instant of the punch, inclusive. */
  readonly fromMs?: EpochMs | undefined;
  /** Instant of the punch, exclusive. */
  readonly beforeMs?: EpochMs | undefined;
  readonly direction?: Direction | undefined;
}

/** A place between two log rows: the last row of the page before. */
export interface LogCursor {
  readonly wallTime: string;
  readonly id: PunchId;
}

/** Which of the filtered logs are wanted. */
export interface LogSlice {
  readonly limit: number;
  /** Rows to skip first; 0 with a cursor. */
  readonly offset: number;
  /** Only rows behind this one. */
  readonly before: LogCursor | undefined;
}

/** A stretch of time; undefined: open on that side. */
export type LogPeriod = Pick<PunchFilter, "fromMs" | "beforeMs">;

/** How often a user punched. */
export interface UserLogs {
  readonly userId: UserId;
  readonly logCount: number;
  /** Of these, the ones out; all others count as in. */
  readonly outCount: number;
}

/** A stretch of the feed. */
export interface FeedPage {
  /**
   * Fewer than asked for, or none, also while more is stored: a filter is looked for in a bounded
   * part of the feed.
   */
  readonly punches: readonly Punch[];
  /** Where the next page starts; equal to the given position when nothing came after it. */
  readonly nextAfter: FeedPosition;
  /** Whether more is stored behind this page now. */
  readonly hasMore: boolean;
}

/** A history of the feed that ended when a backup took its place. */
export interface EndedFeedEpoch {
  readonly epoch: string;
  readonly endedAtMs: EpochMs;
  /** Punches from this instant on may not be those that were told before. */
  readonly rereadFromMs: EpochMs;
}

/** One webhook message that waits. */
export interface WaitingDelivery {
  readonly id: number;
  /** Empty where it is about no terminal. */
  readonly deviceId: DeviceId;
  /** An `EventType`, or one that only a newer version knows. */
  readonly type: string;
  /** Stable over all tries: the receiver's key for idempotency. */
  readonly eventId: string;
  /** When the event was made (UTC); unchanged over all tries. */
  readonly eventAtMs: EpochMs;
  /** Refused tries so far. Failures of the endpoint do not count. */
  readonly attemptCount: number;
  /** Not before this instant; 0 for at once. */
  readonly nextAttemptAtMs: EpochMs;
  /** As it stands now; undefined where the message tells of no punch, and then has its body. */
  readonly punch: Punch | undefined;
  /** What is sent; undefined: what the format makes of the punch. */
  readonly bodyText: string | undefined;
  /** Whether it tells of a resend of a punch that was stored before. */
  readonly isDuplicate: boolean;
}

/** That the HRIS sent users. */
export interface SyncAttempt {
  readonly atMs: EpochMs;
  readonly siteDay: SiteDate;
  /** What was refused before storage heard of it: the whole request, or some of its users. */
  readonly errorCount: number;
}

/** What became of the HRIS's syncs; what was refused lately is lost with the process. */
export interface SyncFigures {
  readonly lastAttemptMs: EpochMs | undefined;
  /** Of an attempt of which a user was taken, or nothing was refused. */
  readonly lastSuccessMs: EpochMs | undefined;
  /** Requests and users refused on the day that was asked for. */
  readonly errorCount: number;
}

/** Users that the HRIS has and did not disable. */
export interface UserFigures {
  readonly activeCount: number;
  /** Those of them who are enrolled on a terminal in use, or have punched. */
  readonly biometricCount: number;
}

/** Counts for status, readiness and the log. */
export interface StorageFigures {
  /** Punches in the feed. */
  readonly punchCount: number;
  /** The end of the feed, and the highest id of a punch; 0 for none. */
  readonly lastFeedPosition: FeedPosition;
  readonly lastPunchId: number;
  /** Punches held with pending devices or on their way into the feed. */
  readonly heldCount: number;
  /** Of what waits there for a person. */
  readonly quarantineCount: number;
  /** With what each row takes beside its bytes. */
  readonly quarantineBytes: number;
  readonly quarantineBytesMax: number;
  readonly deliveriesWaiting: number;
  readonly deliveriesParked: number;
  /** What `LedgerLimits` limits. */
  readonly ledgerBytes: number;
  /** Bytes of the database file and of its write-ahead log. */
  readonly databaseBytes: number;
  readonly walBytes: number;
  /** Copies of the log into the file since the start of the process, and those that failed. */
  readonly checkpointCount: number;
  readonly checkpointFailedCount: number;
}

/**
 * The result of a change to a device that may not exist. `built-in-device`: what was asked for is
 * not to be had of the device of manual punches, which is always approved.
 */
export type DeviceChange = "done" | "unchanged" | "unknown-device" | "built-in-device";

/** What a person changes of a device. Absent leaves it as it is. */
export interface DeviceEdit {
  /** Null: as the terminal calls itself. */
  readonly name?: string | null;
  readonly status?: "approved" | "blocked";
  /** As `parseAllowedAddress` gives it; null: from any address. */
  readonly allowedAddress?: string | null;
  /** Punches before this are historic, of those that come or are released from then on. */
  readonly startAtMs?: EpochMs;
  /** IANA zone of punches that come or are released from then on; null: the site's. */
  readonly timeZone?: string | null;
  /** For punches that come or are released from then on; null: the site's. */
  readonly directionPolicy?: DirectionPolicy | null;
  /** As `parseDirectionCodes` spells it; null: by library. */
  readonly directionCodes?: string | null;
}

/** What a terminal is to be told to do. */
export interface CommandOrder {
  readonly deviceId: DeviceId;
  /** Handed out in this order, one at each poll; at least one. */
  readonly commands: readonly DeviceCommand[];
  /** Who asks: `client` and an API client's name, `operator`, or `server`. */
  readonly requestedBy: string;
  readonly nowMs: EpochMs;
  /** Nothing of it is handed out from here on. */
  readonly deadlineMs: EpochMs;
  /**
   * Names the request, which then is for one command: the same again within 24 h asks for nothing
   * more.
   */
  readonly requestKey?: string | undefined;
}

/**
 * What became of an order: all of it, or nothing. `known`: it was queued before under its key.
 * `key-reused`: the key belongs to another order. `queue-full`: the terminal, or all together, have
 * too many open commands. `log-being-read`: one reading of a terminal's log at a time, and that of
 * `commandId` is not at its end. `takes-no-commands`: the terminal's protocol has none.
 */
export type OrderOutcome =
  | { readonly kind: "queued"; readonly commands: readonly Command[] }
  | { readonly kind: "known"; readonly commands: readonly Command[] }
  | {
      readonly kind:
        | "key-reused"
        | "unknown-device"
        | "built-in-device"
        | "device-not-approved"
        | "takes-no-commands"
        | "queue-full";
    }
  | { readonly kind: "log-being-read"; readonly commandId: number };

/** Which commands a reader wants, newest first. Absent means any. */
export interface CommandFilter {
  readonly deviceId?: DeviceId | undefined;
  readonly kind?: CommandKind | undefined;
  /** Only those that are not finished. */
  readonly isOpen?: boolean | undefined;
  /** Only older ones than this. */
  readonly beforeId?: number | undefined;
}

/** The result of a command that somebody has to work on. */
export interface PendingResult {
  readonly command: Command;
  /** The terminal's records. */
  readonly bytes: Uint8Array;
}

/** A record of a terminal's own log. */
export type RecoveredRecord =
  | { readonly kind: "punch"; readonly punch: RawPunch }
  | { readonly kind: "unreadable"; readonly reason: string; readonly bytes: Uint8Array };

/** A terminal's log that was read to its end, or could not be read. */
export interface SettledLog {
  readonly commandId: number;
  /** As many records as the terminal said there are. */
  readonly announcedCount: number | undefined;
  /** Why it was not read, or not wholly. */
  readonly problem: string | undefined;
  readonly nowMs: EpochMs;
}

/** What a terminal's list of users came to. */
export interface SettledUserList {
  readonly commandId: number;
  /** Whom it tells of; empty where it could not be read. */
  readonly users: readonly Enrollment[];
  /** Takes the place of the terminal's own words: the text of a JSON object. */
  readonly resultText: string;
  /** Why it could not be read, or not wholly. */
  readonly problem: string | undefined;
  readonly nowMs: EpochMs;
}

export interface Storage
  extends AuditStorage,
    EndpointStorage,
    EventStorage,
    PurgeStorage,
    QuarantineStorage {
  /**
   * Applies a batch in one transaction and returns an outcome per intake, in order, after the
   * commit is on disk. An intake that trips a bug of ours is quarantined alone. When the engine
   * fails, every outcome is `failed`. Never throws. Blocks the loop for the time of one commit.
   */
  append(batch: readonly ReceivedIntake[]): Promise<readonly Outcome[]>;

  /**
   * Does one bounded step of what was put off: releasing held punches of approved devices,
   * direction corrections beyond 200 rows, messages of what is stored already, and the messages of
   * removed endpoints. Returns whether more can be done at once.
   */
  continueBackgroundWork(): Promise<boolean>;

  /** Punches behind a place in the feed, in feed order. `limit` 1 to 1000. */
  listPunchesAfter(after: FeedPosition, limit: number, filter: PunchFilter): Promise<FeedPage>;
  /** Also a held punch, which has no place in the feed and is not for the HRIS. */
  findPunch(id: PunchId): Promise<Punch | undefined>;
  /** Released punches, latest wall time first, ties by id, latest first. `offset` before `limit`. */
  listLogs(filter: PunchFilter, page: LogSlice): Promise<readonly Punch[]>;
  /** How many released punches a filter lets through. */
  countLogs(filter: PunchFilter): Promise<number>;
  /** The users with a released punch in a period, ascending by text, and how often they punched. */
  summarizeLogs(period: LogPeriod): Promise<readonly UserLogs[]>;
  /**
   * The users with a released punch on a device, or on any device when it is undefined, ascending
   * by text. Answered by one index step per user, never by reading every punch.
   */
  listPunchedUsers(deviceId: DeviceId | undefined): Promise<readonly UserId[]>;
  /** Random text naming this history of the feed; a cursor of another epoch is refused. */
  readonly feedEpoch: string;
  /** The histories before this one, in the order in which they ended. */
  readonly endedFeedEpochs: readonly EndedFeedEpoch[];

  /**
   * Stores what the HRIS said and notes the attempt, all in one transaction; an outcome per user, in
   * order. No id may be given twice. An attempt of which nothing was taken is only counted.
   */
  syncUsers(users: readonly SyncedUser[], attempt: SyncAttempt): Promise<readonly SyncOutcome[]>;
  /**
   * Counts an attempt that was refused as a whole. It costs no flush of the disk and never fails:
   * it is on disk with the next attempt that is taken, or the end of the server.
   */
  noteRefusedSync(attempt: SyncAttempt): Promise<void>;
  readSyncFigures(siteDay: SiteDate): Promise<SyncFigures>;
  /**
   * Everybody that the HRIS or a terminal in use told of: whole numbers first, by value, then all
   * other ids by text. At most 150,000.
   */
  listUserIds(): Promise<readonly UserId[]>;
  /** What is known of at most 1000 users, in the order given; of whom nobody told is left out. */
  readUsers(ids: readonly UserId[]): Promise<readonly KnownUser[]>;
  readUserFigures(): Promise<UserFigures>;

  /** Every terminal, in no order. The built-in device of manual punches is none. */
  listDevices(): Promise<readonly Device[]>;
  /** A terminal, or the built-in device. */
  findDevice(id: DeviceId): Promise<Device | undefined>;
  /** Approves; what the device sent meanwhile is released by `continueBackgroundWork`. */
  approveDevice(id: DeviceId): Promise<DeviceChange>;
  blockDevice(id: DeviceId): Promise<DeviceChange>;
  /** All of the edit in one transaction, or nothing. */
  updateDevice(id: DeviceId, edit: DeviceEdit): Promise<DeviceChange>;
  /** Makes a terminal known before its first contact. `unchanged`: it was known. */
  addDevice(
    id: DeviceId,
    status: "approved" | "blocked",
    nowMs: EpochMs,
  ): Promise<"done" | "unchanged" | "devices-full">;
  /**
   * Takes a device out of use; its punches stay. What of an approved one is being released goes
   * into the feed first, which this waits for.
   */
  retireDevice(id: DeviceId): Promise<DeviceChange>;
  /** Waits no longer for what a restore lost of a device; `unchanged`: nothing was waited for. */
  giveUpLost(id: DeviceId): Promise<DeviceChange>;
  /**
   * Asks for the delivery of a device's historic punches from a day of its own calendar on, or of
   * all; `continueBackgroundWork` enqueues them. Imported punches are none of them. Asked again, it
   * begins anew, and what was delivered is delivered once more under the same event ids.
   */
  sendHistory(
    id: DeviceId,
    fromDate: SiteDate | undefined,
  ): Promise<"done" | "unknown-device" | "no-endpoint">;

  /** Puts commands behind those that wait for the terminal, all in one transaction, or none. */
  queueCommands(order: CommandOrder): Promise<OrderOutcome>;
  /** At most `limit` commands, newest first, without their long results. */
  listCommands(filter: CommandFilter, limit: number): Promise<readonly Command[]>;
  findCommand(id: number): Promise<Command | undefined>;
  /** Takes back a command that was not handed out. `not-waiting`: it was, or is finished. */
  cancelCommand(id: number, nowMs: EpochMs): Promise<"done" | "not-waiting" | "unknown-command">;
  /**
   * Ends every command whose deadline has passed, and returns them. Without one it costs a look into
   * memory.
   */
  expireCommands(nowMs: EpochMs): Promise<readonly Command[]>;
  /**
   * Who of at most 1000 users is enrolled on a terminal, with the name it told; undefined where it
   * told none.
   */
  readEnrolledNames(
    deviceId: DeviceId,
    userIds: readonly UserId[],
  ): Promise<ReadonlyMap<UserId, string | undefined>>;
  /** Results that somebody has to work on, oldest first. */
  listPendingResults(kind: CommandKind, limit: number): Promise<readonly PendingResult[]>;
  /** Takes over whom a terminal listed, step by step, and then lets go of its records. */
  settleUserList(settled: SettledUserList): Promise<void>;

  /**
   * Asks those of the terminals for their own log that may be asked and are not asked already: from
   * the last reading on, with a day of overlap. Returns whom it asked.
   */
  queueLogReadings(
    ids: readonly DeviceId[],
    nowMs: EpochMs,
    deadlineMs: EpochMs,
  ): Promise<readonly DeviceId[]>;
  /**
   * Stores which of these records are missing, and notes how far the command's log is read, all in
   * one transaction: the records behind those that `parseProgress` counts, in their order.
   */
  recoverRecords(commandId: number, records: readonly RecoveredRecord[]): Promise<void>;
  /** Lets go of the records of a log, and leaves the report in their place. */
  settleLog(settled: SettledLog): Promise<{
    readonly counts: RecoveryCounts;
    readonly problem: string | undefined;
  }>;

  /**
   * Up to when all punches are here, and the punches that came late behind a revision. What it tells
   * is on disk, and stays: on a disk that takes nothing it tells what was on it before.
   */
  readCompleteness(late: LateQuery): Promise<Completeness>;

  /** Answered from memory, without a query: every request of the API asks. */
  findClient(name: string): Promise<ApiClient | undefined>;
  /** Every client with a row, revoked ones too. */
  listClients(): Promise<readonly ApiClient[]>;
  /** Takes a new client, or a revoked one anew. `exists` when the name has a secret in force. */
  addClient(client: NewClient): Promise<"done" | "exists">;
  /** Takes a name out of use, also one without a row. `unchanged` when it is so already. */
  revokeClient(name: string, nowMs: EpochMs): Promise<"done" | "unchanged">;

  /** Notes that the server is up; returns whether it was for the first time on this data. */
  markStarted(nowMs: EpochMs): Promise<boolean>;

  /** Until when new terminals are approved at once; undefined when no window is open. */
  findPairingWindow(nowMs: EpochMs): Promise<EpochMs | undefined>;
  /** Opens a window from one instant (inclusive) to another (exclusive), in place of any other. */
  openPairingWindow(fromMs: EpochMs, untilMs: EpochMs): Promise<void>;

  /** The messages of one endpoint. */
  outboxOf(endpointId: EndpointId): EndpointOutbox;
  /**
   * One step, in a transaction of its own, towards these limits; returns whether more is to be done.
   * What waits or is parked never goes.
   */
  trimLedger(limits: LedgerLimits): Promise<boolean>;

  /** What was wrong with terminals when the last change was recorded. */
  listConditions(): Promise<readonly Condition[]>;
  /** Writes beginnings and ends, in their order, and their history, all in one transaction. */
  recordConditions(changes: readonly ConditionChange[]): Promise<void>;

  /** Brings the replaced server's database in. */
  readonly importer: Importer;

  /** Goes by other rules from here on; all of them, or none when the endpoint cannot be stored. */
  changeRules(rules: ChangeableRules): Promise<void>;

  figures(): Promise<StorageFigures>;
  /** While nothing could be stored since a write failed, tries one. */
  proveStoring(): Promise<void>;
  /**
   * One cheap read through the engine. @throws AppError when the database does not answer, and
   * `storage-write-failed` while nothing could be stored since a write failed.
   */
  probe(): Promise<void>;
  /** Finishes the write-ahead log and closes. No other call may follow. */
  close(): Promise<void>;
}
