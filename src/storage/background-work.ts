/**
 * What approval, late punches and a person put off, in steps small enough not to hold up a terminal:
 * held punches enter the feed in the order they came, long corrections go on, what of the feed was
 * asked for enters the outbox, and what is left of removed endpoints goes.
 */

import { brand } from "#base/brand.ts";
import { epochMs } from "#base/epoch.ts";
import { deviceId } from "#domain/identifiers.ts";
import { resolveInstant, type WallTime } from "#domain/wall-time.ts";
import type { Clock } from "#platform/clock.ts";
import type { Log } from "#platform/log.ts";
import { announcePunch } from "./announce-punch.ts";
import type { DeviceRow } from "./devices.ts";
import type { BookedEndpoint } from "./endpoints.ts";
import { isEngineFailure } from "./engine-error.ts";
import type { HistoryStep } from "./history-sends.ts";
import { type PunchPlacer, terminalDirection, UNDECIDED } from "./place-punch.ts";
import type { PlacedDirection, PunchRow, ReleasedTime } from "./punches.ts";
import type { StorageRules } from "./rules.ts";
import type { WriteParts } from "./write-parts.ts";

/** Held punches released in one transaction. */
const RELEASES_PER_STEP = 100;

/** What of a step is told. */
interface Done {
  readonly history?: HistoryStep | undefined;
  /** An endpoint that has caught up. */
  readonly filled?: BookedEndpoint | undefined;
}

export class BackgroundWork {
  readonly #parts: WriteParts;
  readonly #placer: PunchPlacer;
  readonly #rules: StorageRules;
  readonly #clock: Clock;
  readonly #log: Log;

  constructor(options: {
    readonly parts: WriteParts;
    readonly placer: PunchPlacer;
    readonly rules: StorageRules;
    readonly clock: Clock;
    readonly log: Log;
  }) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#parts = options.parts;
    this.#placer = options.placer;
    this.#rules = options.rules;
  }

  /** One transaction's worth; returns whether more is waiting. */
  step(): boolean {
    const { timeline, historySends, endpointFill, endpointRemoval } = this.#parts;
    const { done, hasMore } = this.#parts.transaction(() => ({
      done: this.#doOne(),
      hasMore:
        this.#findDeviceToRelease() !== undefined ||
        timeline.hasDeferred() ||
        historySends.isDue(this.#parts) ||
        endpointFill.isDue(this.#parts) ||
        endpointRemoval.isDue(this.#parts),
    }));
    this.#tell(done);
    return hasMore;
  }

  #doOne(): Done {
    const device = this.#findDeviceToRelease();
    if (device !== undefined) {
      this.#release(device);
      return {};
    }
    const nowMs = this.#clock.nowMs();
    if (this.#placer.continueCorrection(nowMs)) return {};
    const { historySends, endpointFill, endpointRemoval } = this.#parts;
    if (historySends.isDue(this.#parts)) return { history: historySends.step(this.#parts, nowMs) };
    if (endpointFill.isDue(this.#parts)) return { filled: endpointFill.step(this.#parts, nowMs) };
    endpointRemoval.step(this.#parts);
    return {};
  }

  #tell({ history, filled }: Done): void {
    if (history?.isDone === true) {
      this.#log.info("history.queued", { device: history.deviceId, punches: history.sentCount });
    }
    if (filled !== undefined) this.#log.info("webhook.filled", { endpoint: filled.name });
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
      this.#enterFeed(row, row, UNDECIDED);
    }
  }

  #releaseOne(device: DeviceRow, row: PunchRow): void {
    const time = this.#readTime(device, row);
    const place = {
      userId: row.userId,
      instantMs: epochMs(time.instantMs),
      deviceId: row.deviceId,
      punchId: row.id,
    };
    const told = { code: row.directionCode ?? undefined, library: row.codeLibrary ?? undefined };
    const isDoubtful = row.doubtfulTime !== null;
    const direction = terminalDirection(device, told, this.#rules);
    this.#enterFeed(row, time, this.#placer.resolve(place, { ...direction, isDoubtful }));
    if (!isDoubtful) this.#placer.correctBehind(place, epochMs(row.receivedAtMs));
  }

  /** By the zone and the start date that the terminal has by now; a person may have set them. */
  #readTime(device: DeviceRow, row: PunchRow): ReleasedTime {
    const timeZone = device.timeZone ?? this.#rules.siteTimeZone;
    const resolved = resolveInstant(brand<WallTime>(row.wallTime), timeZone);
    return {
      timeZone,
      instantMs: resolved.instantMs,
      localTimeFlag: resolved.localTimeFlag ?? null,
      isHistoric: row.doubtfulTime === null && resolved.instantMs < device.startAtMs,
    };
  }

  #enterFeed(row: PunchRow, time: ReleasedTime, placed: PlacedDirection): void {
    const { counters, punches } = this.#parts;
    const { id } = row;
    punches.release({
      id,
      feedPosition: counters.nextFeedPosition(),
      timeZone: time.timeZone,
      instantMs: time.instantMs,
      localTimeFlag: time.localTimeFlag,
      isHistoric: time.isHistoric,
      ...placed,
    });
    announcePunch(this.#parts, {
      ...row,
      punchId: id,
      landedAtMs: this.#clock.nowMs(),
      instantMs: time.instantMs,
      isHistoric: time.isHistoric,
      isDoubtful: row.doubtfulTime !== null,
    });
  }
}
