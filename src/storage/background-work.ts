/**
 * What approval and late punches put off, in steps small enough not to hold up a terminal: held
 * punches enter the feed in the order they came, and long corrections go on.
 */

import { epochMs } from "#base/epoch.ts";
import { deviceId } from "#domain/identifiers.ts";
import type { Log } from "#platform/log.ts";
import { announcePunch } from "./announce-punch.ts";
import type { DeviceRow } from "./devices.ts";
import { isEngineFailure } from "./engine-error.ts";
import { type PunchPlacer, UNDECIDED } from "./place-punch.ts";
import type { PlacedDirection, PunchRow } from "./punches.ts";
import type { StorageRules } from "./rules.ts";
import type { WriteParts } from "./write-parts.ts";

/** Held punches released in one transaction. */
const RELEASES_PER_STEP = 100;

export class BackgroundWork {
  readonly #parts: WriteParts;
  readonly #placer: PunchPlacer;
  readonly #rules: StorageRules;
  readonly #log: Log;

  constructor(options: {
    readonly parts: WriteParts;
    readonly placer: PunchPlacer;
    readonly rules: StorageRules;
    readonly log: Log;
  }) {
    this.#log = options.log;
    this.#parts = options.parts;
    this.#placer = options.placer;
    this.#rules = options.rules;
  }

  /** One transaction's worth; returns whether more is waiting. */
  step(): boolean {
    return this.#parts.transaction(() => {
      const device = this.#findDeviceToRelease();
      if (device !== undefined) this.#release(device);
      else this.#placer.continueCorrection();
      return this.#findDeviceToRelease() !== undefined || this.#parts.timeline.hasDeferred();
    });
  }

  #findDeviceToRelease(): DeviceRow | undefined {
    return this.#parts.devices.list().find((row) => row.heldCount > 0 && row.status === "approved");
  }

  #release(device: DeviceRow): void {
    const held = this.#parts.punches.listHeld(device.id, RELEASES_PER_STEP);
    for (const row of held) this.#releaseSafely(device, row);
    const heldCount = held.length < RELEASES_PER_STEP ? 0 : device.heldCount - held.length;
    this.#parts.counters.add({ heldCount: heldCount - device.heldCount });
    this.#parts.devices.put({
      ...this.#parts.devices.get(deviceId(device.id)),
      heldCount,
      heldBytes: heldCount === 0 ? 0 : device.heldBytes,
    });
  }

  /** A bug of ours in one row must not hold up the rows and devices behind it. */
  #releaseSafely(device: DeviceRow, row: PunchRow): void {
    try {
      this.#parts.savepoint(
        () => this.#releaseOne(device, row),
        () => true,
      );
    } catch (error) {
      if (isEngineFailure(error)) throw error;
      const fields = { device: row.deviceId, punch: row.id, cause: String(error) };
      this.#log.error("release.bug", fields, { per: String(error) });
      this.#enterFeed(row, UNDECIDED);
    }
  }

  #releaseOne(device: DeviceRow, row: PunchRow): void {
    const place = {
      userId: row.userId,
      instantMs: epochMs(row.instantMs),
      deviceId: row.deviceId,
      punchId: row.id,
    };
    const policy = device.directionPolicy ?? this.#rules.directionPolicy;
    const isDoubtful = row.doubtfulTime !== null;
    this.#enterFeed(row, this.#placer.resolve(place, policy, isDoubtful));
    if (!isDoubtful) this.#placer.correctBehind(place, epochMs(row.receivedAtMs));
  }

  #enterFeed(row: PunchRow, placed: PlacedDirection): void {
    const { counters, punches } = this.#parts;
    punches.release({ id: row.id, feedPosition: counters.nextFeedPosition(), ...placed });
    announcePunch(this.#parts, this.#rules, { ...row, punchId: row.id });
  }
}
