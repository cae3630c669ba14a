/**
 * The `Storage` of SQLite: opens the file, wires the writer's parts, and answers readers on their
 * own connection. One writer, on the main thread; everything is behind promises so that another
 * engine may take its place.
 */

import { desc } from "drizzle-orm";
import { type BunSQLiteDatabase, drizzle } from "drizzle-orm/bun-sqlite";
import type { AppError } from "#base/app-error.ts";
import { type EpochMs, epochMs } from "#base/epoch.ts";
import { deviceId, feedPosition } from "#domain/identifiers.ts";
import type { Clock } from "#platform/clock.ts";
import { fileBytes } from "#platform/files.ts";
import type { Log } from "#platform/log.ts";
import { appendBatch } from "./append.ts";
import { IntakeApplier } from "./apply-intake.ts";
import { auditReading } from "./audit.ts";
import { BackgroundWork } from "./background-work.ts";
import { Box } from "./box.ts";
import { Checkpointer } from "./checkpointer.ts";
import { clientStorage } from "./clients.ts";
import { commandMethods } from "./command-methods.ts";
import { completenessStorage } from "./completeness.ts";
import { conditionStorage } from "./conditions.ts";
import { closeDatabase, openDatabase } from "./database.ts";
import { deliveryStorage } from "./delivery-storage.ts";
import { deviceChanges, ensureManualDevice } from "./device-changes.ts";
import { DeviceClocks, type OwnClockView } from "./device-clocks.ts";
import { type DeviceRow, deviceFromRow } from "./devices.ts";
import { DiskFull, type DiskGuard } from "./disk-guard.ts";
import { endpointChanges } from "./endpoint-changes.ts";
import { engineCode, engineHint, guardEngine, isEngineFailure } from "./engine-error.ts";
import { eventStorage } from "./event-reader.ts";
import { StorageEvents } from "./events.ts";
import { FileIdentity } from "./file-identity.ts";
import { historyStorage } from "./history-sends.ts";
import { createImporter } from "./import/importer.ts";
import { lockInstance } from "./instance-lock.ts";
import { PunchPlacer } from "./place-punch.ts";
import { punchReading } from "./punch-reading.ts";
import { purgeMethods } from "./purge-methods.ts";
import { quarantineDecisions } from "./quarantine-decisions.ts";
import { quarantineReading } from "./quarantine-reader.ts";
import { recoveryMethods } from "./recovery.ts";
import { ruleChanges } from "./rule-changes.ts";
import type { StorageRules } from "./rules.ts";
import { punches } from "./schema.ts";
import type { Storage, StorageFigures } from "./storage.ts";
import { userMethods } from "./user-methods.ts";
import { healthMethods, WriteHealth } from "./write-health.ts";
import { type CommitWatch, WriteParts } from "./write-parts.ts";

export interface StorageOptions {
  /** The database file; its folder must exist. */
  readonly path: string;
  readonly rules: StorageRules;
  readonly ownClock: OwnClockView;
  readonly clock: Clock;
  readonly log: Log;
  /**
   * Told once, with code `storage-lost`, when the disk leaves unknown what the database file holds;
   * everything is in the log beside it. The process must then end without closing the database: not
   * by `process.exit`, which closes it. `close` leaves it open.
   */
  readonly onLost: (error: AppError) => void;
  /** Says when the disk is full or low; without it only the engine does. */
  readonly disk?: Pick<DiskGuard, "state" | "assertRoom" | "noteFailure" | "isLow">;
  /** Told once a batch is on disk, however often: two terminals show that they use one id. */
  readonly onTwins?: (device: string, detail: string) => void;
  /** Told once they are on disk: there are new events, and messages of them for whoever wants any. */
  readonly onEvents?: () => void;
}

/**
 * Opens the database for this process alone and brings its schema up to date.
 * @throws AppError `storage-open-failed`, `storage-too-new` or `storage-damaged`.
 */
export function openStorage(options: StorageOptions): Storage {
  const { path, clock, log, ownClock } = options;
  const rules = { ...options.rules };
  const lock = lockInstance(`${path}.lock`);
  const opened = openDatabase(path, clock.nowMs());
  const checkpointer = new Checkpointer({ opened, clock, log, onLost: options.onLost });
  const health = new WriteHealth();
  const files = new FileIdentity([path, `${path}-wal`]);
  const { disk, onTwins = () => undefined, onEvents = () => undefined } = options;
  const watch = watchCommits({ files, health, checkpointer, clock, disk, onEvents });
  const parts = new WriteParts(opened.writer, watch, { ...rules, ownClock });
  const box = new Box(drizzle(opened.writer));
  const placer = new PunchPlacer(parts, rules);
  const events = new StorageEvents();
  const clocks = new DeviceClocks({ parts, rules, ownClock });
  const applier = new IntakeApplier({ parts, placer, box, rules, ownClock, clocks, events });
  const writer = { parts, applier, clocks, events, log, onTwins };
  const background = new BackgroundWork({ parts, placer, rules, clock, log });
  const reader = drizzle(opened.reader);
  ensureManualDevice(parts, clock.nowMs());
  guardEngine("set up the endpoint", () =>
    parts.endpoints.applySettings(rules.endpoint, clock.nowMs()),
  );
  ownClock.noteArrival(newestArrivalMs(reader, parts));

  return {
    feedEpoch: box.feedEpoch,
    endedFeedEpochs: box.endedFeedEpochs,
    append: async (batch) => appendBatch(batch, writer),
    continueBackgroundWork: async () =>
      guardEngine("go on with background work", () => background.step()),

    ...punchReading(opened.reader, clock),
    ...userMethods(parts, reader),

    ...deviceReading(parts),
    ...deviceChanges({ parts, background, rules, clock, log }),
    ...historyStorage(parts),
    ...ruleChanges(parts, rules, clock),

    ...commandMethods(parts, reader, rules),
    ...recoveryMethods({ parts, applier, events, rules, ownClock, log }),
    ...quarantineReading(reader, clock),
    ...quarantineDecisions({ parts, placer, rules, ownClock, clocks, events, log }),
    ...completenessStorage({ ...options, rules, parts, reader: opened.reader }),
    ...clientStorage(opened.writer, parts),
    ...conditionStorage(opened.writer, parts),
    ...eventStorage({ parts, reader: opened.reader, box }),

    markStarted: async (nowMs) => guardEngine("note the start", () => box.markStarted(nowMs)),
    findPairingWindow: async (nowMs) => box.findPairingWindow(nowMs)?.untilMs,
    openPairingWindow: async (fromMs, untilMs) =>
      guardEngine("open the pairing window", () => box.openPairingWindow({ fromMs, untilMs })),

    ...deliveryStorage({ parts, reader, clock, boxId: box.id }),
    ...endpointChanges(parts),
    ...auditReading(reader),
    ...purgeMethods({ parts, database: opened.writer, rules }),

    importer: createImporter({ database: opened.writer, parts, placer, rules }),
    figures: async () => figuresOf({ parts, path, rules, checkpointer }),
    ...healthMethods({ opened, health, parts, box, clock }),
    close: async () => {
      noteUnfinished(log, () => parts.transaction(() => parts.saveAll()));
      if (checkpointer.isLost) return;
      noteUnfinished(log, () => closeDatabase(opened));
      lock.release();
    },
  };
}

function deviceReading(parts: WriteParts): Pick<Storage, "listDevices" | "findDevice"> {
  const deviceOf = (row: DeviceRow) =>
    deviceFromRow(
      row,
      parts.commands.openOf(deviceId(row.id)).length,
      parts.devices.findStored(deviceId(row.id)),
    );
  return {
    listDevices: async () => parts.devices.list().map(deviceOf),
    findDevice: async (id) => {
      const row = parts.devices.find(id);
      return row === undefined ? undefined : deviceOf(row);
    },
  };
}

/** When something stored last arrived, as far as it can be known without looking at every punch. */
function newestArrivalMs(reader: BunSQLiteDatabase, parts: WriteParts): EpochMs {
  const { receivedAtMs } = punches;
  const last = reader
    .select({ receivedAtMs })
    .from(punches)
    .orderBy(desc(punches.id))
    .limit(1)
    .get();
  const contacts = parts.devices.list().map((row) => row.lastContactMs);
  return epochMs(Math.max(last?.receivedAtMs ?? 0, ...contacts));
}

function watchCommits(parts: {
  readonly files: FileIdentity;
  readonly health: WriteHealth;
  readonly checkpointer: Checkpointer;
  readonly clock: Clock;
  readonly disk: StorageOptions["disk"];
  readonly onEvents: () => void;
}): CommitWatch {
  const { files, health, checkpointer, clock, disk, onEvents } = parts;
  if (disk?.state.kind === "full") health.noteFailure(new DiskFull(), clock.nowMs());
  return {
    starting() {
      files.assertInPlace();
      disk?.assertRoom();
    },
    committed(hasWritten) {
      if (hasWritten) health.noteStored();
      checkpointer.afterCommit();
    },
    recorded: onEvents,
    failed(error) {
      health.noteFailure(error, clock.nowMs());
      disk?.noteFailure(error);
    },
    isDiskLow: () => disk?.isLow ?? false,
  };
}

/**
 * Runs a last write. On a full or failing disk the server must be able to end all the same: what is
 * acknowledged is in the write-ahead log, and contact times are only older than they might be.
 */
function noteUnfinished(log: Log, write: () => void): void {
  try {
    write();
  } catch (error) {
    if (!isEngineFailure(error)) throw error;
    log.warn("storage.unfinished", { code: engineCode(error), hint: engineHint(error) });
  }
}

function figuresOf({
  parts,
  path,
  rules,
  checkpointer,
}: {
  readonly parts: WriteParts;
  readonly path: string;
  readonly rules: StorageRules;
  readonly checkpointer: Checkpointer;
}): StorageFigures {
  const { values } = parts.counters;
  const { done, failed } = checkpointer.counts;
  return {
    punchCount: values.punchCount,
    lastFeedPosition: feedPosition(values.lastFeedPosition),
    lastPunchId: values.lastPunchId,
    heldCount: values.heldCount,
    quarantineCount: values.quarantineCount,
    quarantineBytes: values.quarantineBytes,
    quarantineBytesMax: rules.quarantineBytesMax,
    deliveriesWaiting: values.deliveriesWaiting,
    deliveriesParked: values.deliveriesParked,
    ledgerBytes: values.ledgerBytes,
    databaseBytes: fileBytes(path),
    walBytes: fileBytes(`${path}-wal`),
    checkpointCount: done,
    checkpointFailedCount: failed,
  };
}
