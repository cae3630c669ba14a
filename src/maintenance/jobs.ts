/**
 * What is done by the clock: every terminal's own log is read at night, that of one which was silent for
 * long when it is back, and that of one which waits for it since a restore, again and again until then. Looks at the time often instead of waiting for long, since the
 * clock may be set meanwhile.
 */

import { Cron } from "croner";
import { type EpochMs, epochMs } from "#base/epoch.ts";
import type { Device } from "#domain/device.ts";
import type { DeviceId } from "#domain/identifiers.ts";
import type { Clock, Timer } from "#platform/clock.ts";
import type { Log } from "#platform/log.ts";
import type { Storage } from "#storage/storage.ts";

/** What the jobs are done with. */
export interface JobsOptions {
  readonly storage: Pick<Storage, "listDevices" | "queueLogReadings">;
  readonly clock: Clock;
  readonly log: Log;
  /** `HH:MM`, local to the site; undefined: logs are not read at night. */
  readonly recoveryTime: string | undefined;
  readonly siteTimeZone: string;
}

const LOOK_PERIOD_MS = 10_000;
/** A terminal that was silent for longer may have lost something. */
const OUTAGE_MS = 3_600_000;
/** One that waits for its log is asked for it so often. */
const ASKED_AGAIN_MS = 3_600_000;
/** A terminal that does not come for so long is asked anew when it is back. */
const READING_DEADLINE_MS = 86_400_000;
/** A time further ahead than this was planned by a clock that was set since. */
const PLANNED_AHEAD_MAX_MS = 49 * 3_600_000;
/** The driver whose terminals can be asked for their log. */
const DRIVER = "fkweb";

export class Jobs {
  readonly #options: JobsOptions;
  readonly #nightly: DailyTime;
  #timer: Timer | undefined;
  #looking: Promise<void> | undefined;
  /** When each terminal came last, as of the look before; undefined before the first one. */
  #contacts: ReadonlyMap<DeviceId, EpochMs> | undefined;
  /** When each that waits for its log was asked last, by the monotonic clock. */
  readonly #askedAtMs = new Map<DeviceId, number>();

  constructor(options: JobsOptions) {
    this.#options = options;
    this.#nightly = new DailyTime(options.recoveryTime, options);
  }

  start(): void {
    const look = () => {
      this.#looking ??= this.#look().finally(() => {
        this.#looking = undefined;
      });
    };
    this.#timer = this.#options.clock.every(LOOK_PERIOD_MS, look);
    look();
  }

  /** Changes when logs are read at night: as in `JobsOptions`. */
  setRecoveryTime(time: string | undefined): void {
    this.#nightly.setTime(time);
  }

  /** Resolves when the look at hand is over. */
  async stop(): Promise<void> {
    this.#timer?.stop();
    await this.#looking;
  }

  /** Never rejects: what fails is tried again, at the next look or the next night. */
  async #look(): Promise<void> {
    const { storage, log } = this.#options;
    try {
      const devices = (await storage.listDevices()).filter(({ driver }) => driver === DRIVER);
      const back = this.#findReturned(devices);
      const isDue = this.#nightly.takeDue();
      await this.#ask(this.#findWaiting(devices), "restored");
      if (isDue) await this.#ask(devices.map(idOf), "nightly");
      else await this.#ask(back, "back after an outage");
    } catch (error) {
      log.error("jobs.failed", { cause: String(error) }, { per: "jobs" });
    }
  }

  async #ask(ids: readonly DeviceId[], reason: string): Promise<void> {
    if (ids.length === 0) return;
    const { storage, clock, log } = this.#options;
    const nowMs = clock.nowMs();
    const deadlineMs = epochMs(nowMs + READING_DEADLINE_MS);
    const asked = await storage.queueLogReadings(ids, nowMs, deadlineMs);
    for (const id of asked) this.#askedAtMs.set(id, clock.monotonicMs());
    if (asked.length > 0) log.info("log.asked", { devices: asked.length, reason });
  }

  /** Those that wait for their log; a reading may have failed, or have come too early. */
  #findWaiting(devices: readonly Device[]): readonly DeviceId[] {
    const dueMs = this.#options.clock.monotonicMs() - ASKED_AGAIN_MS;
    return devices
      .filter(({ waitsFor }) => waitsFor === "log")
      .map(idOf)
      .filter((id) => (this.#askedAtMs.get(id) ?? Number.NEGATIVE_INFINITY) <= dueMs);
  }

  /** The terminals that came since the look before, for the first time after a long silence. */
  #findReturned(devices: readonly Device[]): readonly DeviceId[] {
    const before = this.#contacts;
    this.#contacts = new Map(
      devices.flatMap(({ id, lastContactMs: atMs }) => (atMs === undefined ? [] : [[id, atMs]])),
    );
    if (before === undefined) return [];
    return devices
      .filter(({ id, lastContactMs }) => {
        const silentMs = (lastContactMs ?? 0) - (before.get(id) ?? Number.POSITIVE_INFINITY);
        return silentMs > OUTAGE_MS;
      })
      .map(idOf);
  }
}

function idOf({ id }: Device): DeviceId {
  return id;
}

/** A time of day that comes again and again. */
export class DailyTime {
  readonly #clock: Clock;
  readonly #siteTimeZone: string;
  #time: string | undefined;
  #cron: Cron | undefined;
  #dueMs: EpochMs | undefined;

  /** `time` is `HH:MM`, local to the site; undefined never comes. */
  constructor(
    time: string | undefined,
    { clock, siteTimeZone }: { readonly clock: Clock; readonly siteTimeZone: string },
  ) {
    this.#clock = clock;
    this.#siteTimeZone = siteTimeZone;
    this.setTime(time);
  }

  /** Changes the time; the same one stays due if it is. */
  setTime(time: string | undefined): void {
    if (time === this.#time) return;
    this.#time = time;
    this.#cron = time === undefined ? undefined : dailyCron(time, this.#siteTimeZone);
    this.#dueMs = this.#nextDueMs();
  }

  /** Whether the time has come since it did last. */
  takeDue(): boolean {
    const nowMs = this.#clock.nowMs();
    const dueMs = this.#dueMs;
    const isDue = dueMs !== undefined && nowMs >= dueMs;
    if (isDue || (dueMs ?? 0) - nowMs > PLANNED_AHEAD_MAX_MS) this.#dueMs = this.#nextDueMs();
    return isDue;
  }

  #nextDueMs(): EpochMs | undefined {
    const next = this.#cron?.nextRun(new Date(this.#clock.nowMs()));
    return next === undefined || next === null ? undefined : epochMs(next.getTime());
  }
}

/** It only tells when; without a function it runs nothing. */
function dailyCron(time: string, timezone: string): Cron {
  const [hour = "", minute = ""] = time.split(":");
  return new Cron(`${Number(minute)} ${Number(hour)} * * *`, { timezone, paused: true });
}
