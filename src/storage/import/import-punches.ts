/**
 * The punches of an imported database: each keeps its id and its direction and gets its place in the
 * feed, and none is put into the outbox. A punch that is stored already, whatever way it came, is
 * left as it is.
 */

import type { Database } from "bun:sqlite";
import { type EpochMs, epochMs } from "#base/epoch.ts";
import type { DeviceId } from "#domain/identifiers.ts";
import { type ImportedPunch, readImportedPunch } from "#domain/imported-punch.ts";
import { type ImportFlag, type OriginalRow, readDeviceId } from "#domain/original-row.ts";
import type { AcceptedPunch } from "#domain/punch.ts";
import type { DeviceRow } from "../devices.ts";
import { type PunchPlacer, UNDECIDED } from "../place-punch.ts";
import { isKnownPunch, type KnownPunch, type PlacedDirection } from "../punches.ts";
import type { StorageRules } from "../rules.ts";
import type { TimelinePlace } from "../timeline.ts";
import type { WriteParts } from "../write-parts.ts";
import type { DeviceImport } from "./import-devices.ts";
import { KNOWN, type RowResult, refused } from "./import-report.ts";

export class PunchImport {
  readonly #parts: WriteParts;
  readonly #placer: PunchPlacer;
  readonly #rules: StorageRules;
  readonly #devices: DeviceImport;
  readonly #findId;
  /** Asks the index alone: most rows of a file are new. */
  readonly #findSecond;
  /** Where punches of the running batch stand on their users' timelines. */
  #placed: TimelinePlace[] = [];

  constructor(options: {
    readonly database: Database;
    readonly parts: WriteParts;
    readonly placer: PunchPlacer;
    readonly rules: StorageRules;
    readonly devices: DeviceImport;
  }) {
    this.#parts = options.parts;
    this.#placer = options.placer;
    this.#rules = options.rules;
    this.#devices = options.devices;
    this.#findSecond = options.database.prepare<{ found: number }, [string, string, string]>(
      "SELECT 1 AS found FROM punches WHERE device_id = ? AND wall_time = ? AND user_id = ?",
    );
    this.#findId = options.database.prepare<{ id: number }, [number]>(
      "SELECT id FROM punches WHERE id = ?",
    );
  }

  /** Begins a batch. */
  begin(): void {
    this.#placed = [];
  }

  /** Applies one row, inside the caller's transaction. */
  apply(row: OriginalRow, nowMs: EpochMs): RowResult {
    const id = readDeviceId(row.device_id);
    if (typeof id !== "string") return { kind: "refused", refusal: id };
    const listed = this.#parts.devices.find(id);
    const device = listed ?? this.#devices.newRow(id, nowMs);
    const read = readImportedPunch(row, {
      timeZone: device.timeZone ?? this.#rules.siteTimeZone,
      leadingZeros: this.#rules.leadingZeros,
      deviceStartAtMs: epochMs(device.startAtMs),
    });
    if (!read.ok) return { kind: "refused", refusal: read.error };
    const { raw } = read.value.punch;
    const known = this.#findKnown(id, read.value.punch);
    if (known !== undefined) {
      if (isKnownPunch(known, raw)) return KNOWN;
      const reason = `Punch ${known.id} has the same user and second and other codes`;
      return refused("same-second", reason);
    }
    if (listed !== undefined) return this.#insert(read.value, { device, nowMs, flags: [] });
    const refusal = this.#devices.refuseNew();
    if (refusal !== undefined) return refusal;
    this.#parts.devices.put(device);
    return this.#insert(read.value, { device, nowMs, flags: ["device-not-listed"] });
  }

  #findKnown(id: DeviceId, punch: AcceptedPunch): KnownPunch | undefined {
    const isSecondTaken = this.#findSecond.get(id, punch.wallTime, punch.userId) !== null;
    return isSecondTaken ? this.#parts.punches.findKnown(id, punch) : undefined;
  }

  /** Ends the batch: the directions behind its punches are noted to be looked at. */
  finish(nowMs: EpochMs): void {
    for (const place of this.#placed) this.#placer.deferBehind(place, nowMs);
    this.#placed = [];
  }

  #insert(
    imported: ImportedPunch,
    {
      device,
      nowMs,
      flags,
    }: {
      readonly device: DeviceRow;
      readonly nowMs: EpochMs;
      /** What is told of the row for its device's sake. */
      readonly flags: readonly ImportFlag[];
    },
  ): RowResult {
    const { counters, punches, completeness } = this.#parts;
    const { punch, keptId, direction, receivedAtMs } = imported;
    const isFree = keptId !== undefined && this.#findId.get(keptId) === null;
    if (isFree) counters.raisePunchIds(keptId);
    const punchId = isFree ? keptId : counters.nextPunchId();
    punches.insertAccepted(punch, {
      id: punchId,
      deviceId: device.id,
      receivedAtMs,
      feedPosition: counters.nextFeedPosition(),
      placed: placedAs(direction),
      origin: "imported",
    });
    counters.add({ punchCount: 1 });
    completeness.noteEntered({
      deviceId: device.id,
      punchId,
      landedAtMs: nowMs,
      instantMs: punch.instantMs,
      isHistoric: punch.isHistoric,
      isDoubtful: punch.doubtfulTime !== undefined,
    });
    if (direction !== undefined && punch.doubtfulTime === undefined) {
      const { userId, instantMs } = punch;
      this.#placed.push({ userId, instantMs, deviceId: device.id, punchId });
    }
    const renumbered: readonly ImportFlag[] = isFree ? [] : ["renumbered"];
    return { kind: "imported", flags: [...imported.flags, ...flags, ...renumbered] };
  }
}

/** Kept for ever: no rule of ours ever touches a direction of this source. */
function placedAs(direction: ImportedPunch["direction"]): PlacedDirection {
  if (direction === undefined) return UNDECIDED;
  return { direction, directionSource: "imported", isRepeat: false };
}
