/**
 * The answer to "are all punches here?". What terminals show is noted without a flush of the disk of
 * its own, so what is about to be told is written first: nobody is told what a power cut takes back.
 */

import type { Database } from "bun:sqlite";
import { type EpochMs, epochMs } from "#base/epoch.ts";
import {
  type Completeness,
  type DeviceCompleteness,
  deviceThrough,
  holdReason,
  type LatePunch,
  QUARANTINED_COUNTED_MAX,
  type ShownThrough,
  siteThrough,
  type VerifiedEvidence,
} from "#domain/completeness.ts";
import { isOnline } from "#domain/device.ts";
import { type DeviceId, deviceId, punchId, userId } from "#domain/identifiers.ts";
import type { PunchOrigin } from "#domain/punch.ts";
import { holdEnd } from "#domain/restore-hold.ts";
import type { Clock } from "#platform/clock.ts";
import type { Log } from "#platform/log.ts";
import { ReadingTurns } from "#platform/reading-turns.ts";
import { receivedEvidenceOf } from "./completeness-book.ts";
import type { OwnClockView } from "./device-clocks.ts";
import { type DeviceRow, deviceFromRow } from "./devices.ts";
import { engineCode, engineHint, isEngineFailure } from "./engine-error.ts";
import { ReadingPace } from "./reading-pace.ts";
import type { StorageRules } from "./rules.ts";
import type { Storage } from "./storage.ts";
import type { WriteParts } from "./write-parts.ts";

/** However often it is asked, the disk is written at most so often for it. */
const WRITE_PACE_MS = 5_000;

interface CompletenessOptions {
  readonly parts: WriteParts;
  readonly reader: Database;
  readonly rules: StorageRules;
  readonly ownClock: Pick<OwnClockView, "isTrusted">;
  readonly clock: Clock;
  readonly log: Log;
}

/** The part of `Storage` that tells how complete the punches are. */
export function completenessStorage(
  options: CompletenessOptions,
): Pick<Storage, "readCompleteness"> {
  const teller = new Teller(options);
  const reader = new CompletenessReader(options.reader);
  const turns = new ReadingTurns();
  return {
    async readCompleteness({ lateAfter, lateLimit }) {
      const told = teller.tell();
      const pace = new ReadingPace(turns, options.clock);
      const devices: DeviceCompleteness[] = [];
      for (const row of told.rows) {
        devices.push(reader.describe(row, options.rules.siteTimeZone));
        await pace.keep();
      }
      const { counters, devices: book } = options.parts;
      return {
        throughMs: told.throughMs,
        heldBack: told.heldBack,
        devices,
        pendingDeviceCount: book.pendingCount,
        heldCount: counters.values.heldCount,
        quarantinedCount: counters.values.quarantineCount,
        // Looked at last: what is late against this answer has a higher revision, or is in it.
        ...reader.listLate(lateAfter, lateLimit),
      };
    },
  };
}

/** Decides what may be told, and brings it to the disk. */
class Teller {
  readonly #options: CompletenessOptions;
  #writtenAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: CompletenessOptions) {
    this.#options = options;
  }

  /** The site's value, and the rows of the terminals that it waits for, as they are on disk. */
  tell(): Pick<Completeness, "throughMs" | "heldBack"> & { readonly rows: readonly DeviceRow[] } {
    const { parts, clock, ownClock } = this.#options;
    if (ownClock.isTrusted() && clock.monotonicMs() - this.#writtenAtMs >= WRITE_PACE_MS) {
      this.#write();
    }
    const rows = this.#waitedFor().map(
      (row) => parts.devices.findStored(deviceId(row.id)) ?? { ...row, ...NOTHING_SHOWN },
    );
    const { least } = siteThrough(rows.map(shownOf), undefined, clock.nowMs());
    const heldBack = least === undefined ? undefined : this.#heldBack(deviceId(least.id));
    return { throughMs: parts.completeness.toldMs, heldBack, rows };
  }

  #waitedFor(): readonly DeviceRow[] {
    return this.#options.parts.devices
      .list()
      .filter(({ status }) => status === "approved")
      .toSorted((left, right) => (left.id < right.id ? -1 : 1));
  }

  #heldBack(id: DeviceId): Completeness["heldBack"] {
    const { parts, clock, ownClock } = this.#options;
    const row = parts.devices.get(id);
    const device = deviceFromRow(row, 0);
    const reason = holdReason({
      isOwnClockTrusted: ownClock.isTrusted(),
      heldCount: row.heldCount,
      waitsFor: device.waitsFor,
      driver: row.driver,
      isOnline: isOnline(device, clock.nowMs()),
      lastPoll: parts.completeness.lastPollOf(id),
    });
    return { deviceId: id, reason };
  }

  /** On a disk that takes nothing, what it has is told. */
  #write(): void {
    const { parts, clock, log } = this.#options;
    const { completeness, devices } = parts;
    const { toldMs } = completeness;
    const { throughMs } = siteThrough(this.#waitedFor().map(shownOf), toldMs, clock.nowMs());
    const isMoved = throughMs !== undefined && throughMs !== toldMs;
    if (!isMoved && !devices.hasUnsavedEvidence()) return;
    try {
      parts.transaction(() => {
        devices.saveAll();
        if (isMoved) completeness.writeTold(throughMs);
        parts.noteWrite();
      });
    } catch (error) {
      if (!isEngineFailure(error)) throw error;
      const code = engineCode(error);
      log.error("completeness.unwritten", { code, hint: engineHint(error) }, { per: String(code) });
      return;
    }
    if (isMoved) completeness.told(throughMs);
    this.#writtenAtMs = clock.monotonicMs();
  }
}

const NOTHING_SHOWN = { receivedThroughMs: null, receivedEvidence: null, logReadThroughMs: null };

function shownOf(row: DeviceRow): ShownThrough {
  return { id: row.id, throughMs: deviceThrough(row), isBeingReleased: row.heldCount > 0 };
}

/** What stands beside the values, read from the tables. */
class CompletenessReader {
  readonly #countQuarantined;
  readonly #findReading;
  readonly #lastRevision;
  readonly #listLate;

  constructor(reader: Database) {
    this.#countQuarantined = reader.prepare<{ count: number }, [string, number]>(
      `SELECT count(*) AS count FROM
         (SELECT 1 FROM quarantine WHERE device_id = ? AND status = 'waiting' LIMIT ?)`,
    );
    this.#findReading = reader.prepare<{ id: number; atMs: number }, [string]>(
      `SELECT id, finished_at_ms AS atMs FROM commands
       WHERE device_id = ? AND kind = 'read-log' AND is_result_pending = 0
         AND json_extract(iif(json_valid(result_text), result_text, '{}'), '$.read_through')
           IS NOT NULL
       ORDER BY id DESC LIMIT 1`,
    );
    this.#lastRevision = reader.prepare<{ revision: number | null }, []>(
      "SELECT max(revision) AS revision FROM late_punches",
    );
    this.#listLate = reader.prepare<LateRow, [number, number]>(
      `SELECT late.revision, late.punch_id AS punchId, late.device_id AS deviceId,
         punches.user_id AS userId, late.instant_ms AS instantMs, punches.time_zone AS timeZone,
         late.landed_at_ms AS landedAtMs, late.complete_through_ms AS completeThroughMs,
         punches.origin
       FROM late_punches AS late JOIN punches ON punches.id = late.punch_id
       WHERE late.revision > ? ORDER BY late.revision LIMIT ?`,
    );
  }

  describe(row: DeviceRow, siteTimeZone: string): DeviceCompleteness {
    const { receivedThroughMs: received, logReadThroughMs: verified } = row;
    const counted = this.#countQuarantined;
    return {
      deviceId: deviceId(row.id),
      name: row.name ?? row.reportedName ?? undefined,
      timeZone: row.timeZone ?? siteTimeZone,
      fromMs: epochMs(row.startAtMs),
      throughMs: deviceThrough(row),
      receivedThroughMs: received === null ? undefined : epochMs(received),
      receivedEvidence: receivedEvidenceOf(row),
      verifiedThroughMs: verified === null ? undefined : epochMs(verified),
      verifiedEvidence: verified === null ? undefined : this.#verifiedEvidence(row.id),
      waitsFor: holdEnd(row.receivedHoldMs, row.driver),
      heldCount: row.heldCount,
      quarantinedCount:
        row.quarantineBytes === 0 ? 0 : (counted.get(row.id, QUARANTINED_COUNTED_MAX)?.count ?? 0),
      missingRecordCount: row.missingRecordCount,
    };
  }

  listLate(
    after: number,
    limit: number,
  ): Pick<Completeness, "late" | "hasMoreLate" | "lateRevision"> {
    const rows = this.#listLate.all(after, limit + 1);
    return {
      lateRevision: this.#lastRevision.get()?.revision ?? 0,
      late: rows.slice(0, limit).map(lateFromRow),
      hasMoreLate: rows.length > limit,
    };
  }

  #verifiedEvidence(id: string): VerifiedEvidence | undefined {
    const found = this.#findReading.get(id);
    return found === null ? undefined : { commandId: found.id, atMs: epochMs(found.atMs) };
  }
}

interface LateRow {
  readonly revision: number;
  readonly punchId: number;
  readonly deviceId: string;
  readonly userId: string;
  readonly instantMs: number;
  readonly timeZone: string;
  readonly landedAtMs: number;
  readonly completeThroughMs: number;
  readonly origin: PunchOrigin;
}

function lateFromRow(row: LateRow): LatePunch {
  const instant = (ms: number): EpochMs => epochMs(ms);
  return {
    ...row,
    punchId: punchId(row.punchId),
    deviceId: deviceId(row.deviceId),
    userId: userId(row.userId),
    instantMs: instant(row.instantMs),
    landedAtMs: instant(row.landedAtMs),
    completeThroughMs: instant(row.completeThroughMs),
  };
}
