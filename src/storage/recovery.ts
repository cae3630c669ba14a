/**
 * Records of terminals' own logs on their way into storage: compared step by step, a transaction each,
 * with the count of what is done in the same transaction, so that a restart goes on where it ended.
 */

import { assertDefined } from "#base/assert.ts";
import { brand } from "#base/brand.ts";
import { type EpochMs, epochMs } from "#base/epoch.ts";
import { slowClockAt } from "#domain/completeness.ts";
import { type DeviceId, deviceId } from "#domain/identifiers.ts";
import type { ReceivedIntake } from "#domain/intake.ts";
import {
  type LogReadings,
  leavesGap,
  nextReadingFrom,
  parseProgress,
  type RecordFate,
  readThrough,
  reportOf,
  withProgress,
} from "#domain/log-recovery.ts";
import { holdAfterReading } from "#domain/restore-hold.ts";
import { resolveInstant, type WallTime } from "#domain/wall-time.ts";
import type { Log } from "#platform/log.ts";
import { tellEvents } from "./append.ts";
import type { IntakeApplier, LogRecordIntake } from "./apply-intake.ts";
import { commandFromRow } from "./command-rows.ts";
import type { CommandRow } from "./commands.ts";
import type { OwnClockView } from "./device-clocks.ts";
import type { DeviceRow } from "./devices.ts";
import { guardEngine, isEngineFailure } from "./engine-error.ts";
import type { StorageEvents } from "./events.ts";
import type { StorageRules } from "./rules.ts";
import type { RecoveredRecord, SettledLog, Storage } from "./storage.ts";
import type { WriteParts } from "./write-parts.ts";

/** Who asks for a reading that no person asked for. */
const SERVER = "server";

interface RecoveryOptions {
  readonly parts: WriteParts;
  readonly applier: IntakeApplier;
  readonly events: StorageEvents;
  readonly rules: StorageRules;
  readonly ownClock: Pick<OwnClockView, "isTrusted">;
  readonly log: Log;
}

/** The part of `Storage` that compares terminals' logs with what is stored. */
export function recoveryMethods(
  options: RecoveryOptions,
): Pick<Storage, "queueLogReadings" | "recoverRecords" | "settleLog"> {
  const recovery = new Recovery(options);
  return {
    queueLogReadings: async (ids, nowMs, deadlineMs) =>
      guardEngine("queue the reading of logs", () => recovery.queue(ids, { nowMs, deadlineMs })),
    recoverRecords: async (commandId, records) =>
      guardEngine("store recovered punches", () => recovery.recover(commandId, records)),
    settleLog: async (settled) =>
      guardEngine("note a log that was read", () => recovery.settle(settled)),
  };
}

class Recovery {
  readonly #options: RecoveryOptions;

  constructor(options: RecoveryOptions) {
    this.#options = options;
  }

  queue(
    ids: readonly DeviceId[],
    times: { readonly nowMs: EpochMs; readonly deadlineMs: EpochMs },
  ): readonly DeviceId[] {
    const asked = ids.filter((id) => this.#mayAsk(id));
    if (asked.length === 0) return asked;
    const { parts, rules } = this.#options;
    parts.transaction(() => {
      for (const id of asked) {
        const readings = readingsOf(parts.devices.get(id), rules, times.nowMs);
        const fromWallTime = nextReadingFrom(readings);
        const command = { kind: "read-log", fromWallTime } as const;
        const origin = { requestedBy: SERVER, requestKey: undefined };
        parts.commands.add({ deviceId: id, command, ...origin, ...times });
        parts.commands.prune(id);
      }
    });
    return asked;
  }

  recover(commandId: number, records: readonly RecoveredRecord[]): void {
    const { parts, events, log } = this.#options;
    try {
      parts.transaction(() => {
        const row = getRow(parts, commandId);
        const counts: Record<RecordFate, number> = {
          ...parseProgress(row.resultText ?? undefined),
        };
        for (const record of records) counts[this.#recoverOne(row, record)] += 1;
        const resultText = withProgress(row.resultText ?? undefined, counts);
        parts.commands.amend(commandId, { resultText });
        parts.noteWrite();
      });
    } catch (error) {
      events.dropBehind(0);
      throw error;
    }
    tellEvents(events.take(), log);
  }

  settle({ commandId, announcedCount, problem, nowMs }: SettledLog): SettledLogReport {
    const { parts, ownClock } = this.#options;
    const row = getRow(parts, commandId);
    const counts = parseProgress(row.resultText ?? undefined);
    const isWhole = problem === undefined && counts.refused === 0;
    const noted = problem ?? (counts.refused === 0 ? row.problem : NO_ROOM);
    parts.transaction(() => {
      const movedToMs =
        isWhole && ownClock.isTrusted() ? this.#moveReadThrough(row, nowMs) : undefined;
      const report = {
        announced_count: announcedCount ?? null,
        read_through: movedToMs === undefined ? null : new Date(movedToMs).toISOString(),
        ...reportOf(counts),
      };
      parts.commands.amend(commandId, {
        resultText: JSON.stringify(report),
        resultBytes: null,
        isResultPending: false,
        problem: noted,
      });
      parts.noteWrite();
    });
    return { counts, problem: noted ?? undefined };
  }

  #mayAsk(id: DeviceId): boolean {
    const { commands, devices } = this.#options.parts;
    if (devices.find(id)?.status !== "approved" || commands.roomOf(id) === 0) return false;
    return commands.findReading(id) === undefined;
  }

  #recoverOne(row: CommandRow, record: RecoveredRecord): RecordFate {
    const { applier, parts, log } = this.#options;
    const { fromWallTime } = askedRange(row);
    const intake: LogRecordIntake = {
      received: receivedRecord(row, parts.devices.get(deviceId(row.deviceId)), record),
      record,
      // What the server asked for by itself nobody typed.
      askedFrom: row.requestedBy === SERVER ? undefined : fromWallTime,
    };
    try {
      return parts.savepoint(
        () => applier.applyRecovered(intake),
        (fate) => fate !== "refused",
      );
    } catch (error) {
      if (isEngineFailure(error)) throw error;
      const fields = { device: row.deviceId, command: row.id, cause: String(error) };
      log.error("recovery.bug", fields, { per: String(error) });
      const kept = applier.quarantineBug(intake.received, error);
      return kept.kind === "refused" ? "refused" : "unreadable";
    }
  }

  /** Up to when the log is compared by this whole reading; undefined where it was before. */
  #moveReadThrough(row: CommandRow, nowMs: EpochMs): EpochMs | undefined {
    const { parts, rules } = this.#options;
    const id = deviceId(row.deviceId);
    const device = parts.devices.find(id);
    if (device === undefined) return undefined;
    const readings = readingsOf(device, rules, nowMs);
    const instantOf = (wallTime: WallTime | undefined) =>
      wallTime === undefined ? undefined : resolveInstant(wallTime, readings.timeZone).instantMs;
    const { fromWallTime, untilWallTime } = askedRange(row);
    const handedOutMs = epochMs(row.lastSentAtMs ?? row.createdAtMs);
    const sentAtMs = slowClockAt(handedOutMs, device.clockSkewMs ?? undefined);
    const [fromMs, untilMs] = [instantOf(fromWallTime), instantOf(untilWallTime)];
    if (!leavesGap(readings, fromMs)) {
      const whole = { handedOutMs, untilMs, nowMs };
      const receivedHoldMs = holdAfterReading(device.receivedHoldMs, whole);
      parts.devices.put({ ...device, receivedHoldMs });
    }
    const throughMs = readThrough(readings, { fromMs, untilMs, sentAtMs, nowMs });
    if (throughMs === undefined || throughMs <= (readings.readThroughMs ?? 0)) return undefined;
    parts.devices.put({ ...parts.devices.get(id), logReadThroughMs: throughMs });
    return throughMs;
  }
}

type SettledLogReport = Awaited<ReturnType<Storage["settleLog"]>>;

const NO_ROOM =
  "There is no room for some of the records; they stay in the terminal, for the next reading";

/** Nothing was read up to a time to come: so said a clock of ours that has been set back since. */
function readingsOf(device: DeviceRow, rules: StorageRules, nowMs: EpochMs): LogReadings {
  const { logReadThroughMs: throughMs } = device;
  return {
    readThroughMs: throughMs === null || throughMs > nowMs ? undefined : epochMs(throughMs),
    startAtMs: epochMs(device.startAtMs),
    timeZone: device.timeZone ?? rules.siteTimeZone,
  };
}

/** As the command was queued, whose parameters were read when it was. */
function askedRange(row: CommandRow) {
  const { from, until } = commandFromRow(row).parameters;
  return {
    fromWallTime: typeof from === "string" ? brand<WallTime>(from) : undefined,
    untilWallTime: typeof until === "string" ? brand<WallTime>(until) : undefined,
  };
}

/** A record as if it had come by itself, with the result that it came with. */
function receivedRecord(
  row: CommandRow,
  device: DeviceRow,
  record: RecoveredRecord,
): ReceivedIntake {
  const raw =
    record.kind === "punch" ? new TextEncoder().encode(record.punch.rawText) : record.bytes;
  const id = deviceId(row.deviceId);
  const { driver, lastAddress: remoteAddress } = device;
  const receivedAtMs = epochMs(row.finishedAtMs ?? row.createdAtMs);
  const intake: ReceivedIntake["intake"] =
    record.kind === "punch"
      ? { kind: "punches", deviceId: id, punches: [record.punch], raw }
      : { kind: "unreadable", deviceId: id, code: "log-record", reason: record.reason, raw };
  return { intake, driver, remoteAddress, receivedAtMs };
}

function getRow(parts: WriteParts, id: number): CommandRow {
  return assertDefined(parts.commands.find(id), `No row of command ${id}`);
}
