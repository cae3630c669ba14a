/**
 * Watches what comes to the terminal port and what the terminals' rows say, and tells what is wrong:
 * once in the log and as an event when it begins, once when it is over. What it is told costs the
 * terminal port a look into a map; all else is done every 5 s.
 *
 * States: made (counts); started (looks every 5 s); stopped.
 */

import {
  type Condition,
  type ConditionChange,
  type ConditionType,
  conditionFix,
} from "#domain/condition.ts";
import { type BookTime, ConditionBook, type Sighting } from "#domain/condition-book.ts";
import { type ContactPace, oddSilenceMs, withContactAt } from "#domain/condition-contact.ts";
import type { Device } from "#domain/device.ts";
import { isClockOff } from "#domain/device-clock.ts";
import type { DeviceId } from "#domain/identifiers.ts";
import type { Outcome, ReceivedIntake } from "#domain/intake.ts";
import { shownDuration } from "#domain/time-text.ts";
import type { Clock, Timer } from "#platform/clock.ts";
import type { Log } from "#platform/log.ts";
import type { HandleIntake } from "./connection-host.ts";
import { QueueWatch } from "./queue-watch.ts";
import type { RequestWatch } from "./request-trail.ts";
import type { PortSighting } from "./terminal-watch-sighting.ts";

const LOOK_PERIOD_MS = 5_000;
/** Two sendings of one record further apart than this are no storm. */
const RESEND_WITHIN_MS = 10_000;
/** A terminal that was in contact so shortly before the start is expected within this time. */
const EXPECTED_CONTACT_MS = 86_400_000;
const EXPECTED_WITHIN_MS = 3_600_000;
/** Terminals whose contacts are remembered. */
const PACES_MAX = 4_000;

/** What the watch works on. */
export interface TerminalWatchOptions {
  readonly storage: {
    listDevices(): Promise<readonly Device[]>;
    listConditions(): Promise<readonly Condition[]>;
    recordConditions(changes: readonly ConditionChange[]): Promise<void>;
  };
  readonly clock: Clock;
  readonly log: Log;
}

/** Sees more at each look; `isOpen`: whether what it saw before is still told. */
export type FurtherWatch = (
  isOpen: (type: ConditionType, subject: string) => boolean,
) => Promise<readonly Sighting[]>;

interface Resend {
  readonly recordHash: number | bigint;
  readonly atMs: number;
}

/** What the rows told at the last look. */
interface Known {
  readonly clockEpisode: number;
  readonly missingRecordCount: number;
  readonly quarantineBytes: number;
}

export class TerminalWatch {
  readonly #options: TerminalWatchOptions;
  #book: ConditionBook;
  readonly #queues: QueueWatch;
  readonly #paces = new Map<DeviceId, ContactPace>();
  readonly #resends = new Map<DeviceId, Resend>();
  readonly #further: FurtherWatch[] = [];
  #known = new Map<DeviceId, Known>();
  /** Terminals that may be expected without having been in contact since the start. */
  #expected: ReadonlySet<DeviceId> = new Set();
  #startedAtMs = 0;
  /** What is told and not in the database yet. */
  #unsaved: readonly ConditionChange[] = [];
  #timer: Timer | undefined;
  #looking: Promise<void> | undefined;

  constructor(options: TerminalWatchOptions) {
    this.#options = options;
    this.#queues = new QueueWatch(options.clock);
    this.#book = new ConditionBook([], options.clock.monotonicMs());
  }

  /** Reads what was open, and looks every 5 s from then on. Called before terminals are let in. */
  async start(): Promise<void> {
    const { storage, clock } = this.#options;
    const open = await storage.listConditions();
    this.#startedAtMs = clock.monotonicMs();
    this.#book = new ConditionBook(open, this.#startedAtMs);
    const devices = await storage.listDevices();
    this.#known = new Map(devices.map((device) => [device.id, device]));
    this.#queues.start(devices.map(({ id }) => id));
    const sinceMs = clock.nowMs() - EXPECTED_CONTACT_MS;
    const expected = devices.filter((device) => isPolling(device) && isSince(device, sinceMs));
    this.#expected = new Set(expected.map(({ id }) => id));
    this.#timer = clock.every(LOOK_PERIOD_MS, () => {
      this.#looking ??= this.#look().finally(() => {
        this.#looking = undefined;
      });
    });
  }

  /** Resolves when the look at hand is done. */
  async stop(): Promise<void> {
    this.#timer?.stop();
    await this.#looking;
  }

  /** What is wrong now. */
  conditions(): readonly Condition[] {
    return this.#book.list();
  }

  /** Has this one look, too. */
  lookWith(further: FurtherWatch): void {
    this.#further.push(further);
  }

  /** Told by the terminal port of a connection that came to nothing. */
  notePort({ type, address, detail }: PortSighting): void {
    this.#book.see({ type, subject: address, detail }, this.#now());
  }

  /** Told by the terminal port of what is under way. */
  get requests(): RequestWatch {
    return this.#queues;
  }

  /** Told by storage: two terminals show that they use one id. */
  noteTwins(id: string, detail: string): void {
    this.#book.see({ type: "shared-id", subject: id, detail }, this.#now());
  }

  /** `handleIntake`, with each request and its outcome noted, and polls doubted as `QueueWatch` does. */
  following(handleIntake: HandleIntake): HandleIntake {
    const handle = this.#queues.following(handleIntake);
    return async (received) => {
      const outcome = await handle(received);
      this.noteIntake(received, outcome);
      return outcome;
    };
  }

  /** Told of each request of a terminal, once its outcome is known. */
  noteIntake(received: ReceivedIntake, outcome: Outcome): void {
    const { deviceId, kind } = received.intake;
    if (outcome.kind === "failed") return;
    const { remoteAddress: address } = received;
    if (outcome.kind === "quarantined") this.#noteQuarantined(deviceId, address);
    if (outcome.kind === "refused" && outcome.code === "quarantine-full") this.#noteFull();
    if (deviceId === undefined) return;
    if (outcome.kind === "refused") {
      if (outcome.code !== "address-not-allowed") return;
      const detail = `It came from ${address}, which is not the address allowed for it`;
      this.#book.see({ type: "wrong-address", subject: deviceId, detail }, this.#now());
      return;
    }
    const { atMs } = this.#now();
    this.#book.hear("wrong-address", deviceId, atMs);
    this.#book.hear("local-mode", address, atMs);
    this.#book.hear("https-on", address, atMs);
    this.#book.hear("old-realsvr", address, atMs);
    this.#book.hear("unknown-protocol", address, atMs);
    const pace = this.#paces.get(deviceId);
    if (pace !== undefined || this.#paces.size < PACES_MAX) {
      this.#paces.set(deviceId, withContactAt(pace, atMs, kind === "poll"));
    }
    if (outcome.kind === "duplicate") this.#noteResend(deviceId, received);
  }

  /** One is told as `quarantine`, by the terminal's row; many within minutes are a storm. */
  #noteQuarantined(id: DeviceId | undefined, address: string): void {
    const time = this.#now();
    if (id !== undefined) {
      const detail = "It sends one thing after another that cannot be read";
      this.#book.see({ type: "quarantine-storm", subject: id, detail }, time);
      return;
    }
    const detail = "Something there sends what cannot be read, and names no terminal";
    this.#book.see({ type: "no-device-id", subject: address, detail }, time);
  }

  #noteFull(): void {
    const detail = "There is no room for what cannot be read; it gets no answer";
    this.#book.see({ type: "quarantine-full", subject: "quarantine", detail }, this.#now());
  }

  #noteResend(id: DeviceId, { intake }: ReceivedIntake): void {
    const time = this.#now();
    const record = intake.kind === "punches" ? intake.punches.at(-1)?.rawText : undefined;
    if (record === undefined) return;
    const recordHash = Bun.hash(record);
    const last = this.#resends.get(id);
    if (last === undefined && this.#resends.size >= PACES_MAX) this.#resends.clear();
    this.#resends.set(id, { recordHash, atMs: time.atMs });
    if (last?.recordHash !== recordHash || time.atMs - last.atMs > RESEND_WITHIN_MS) return;
    const detail = "It sends one record again and again, though it is acknowledged";
    this.#book.see({ type: "resend-storm", subject: id, detail }, time);
  }

  async #look(): Promise<void> {
    const { storage, log } = this.#options;
    try {
      const devices = await storage.listDevices();
      const time = this.#now();
      for (const device of devices) this.#lookAt(device, time);
      const isOpen: ConditionBook["isOpen"] = (type, subject) => this.#book.isOpen(type, subject);
      for (const further of this.#further) {
        for (const sighting of await further(isOpen)) this.#book.see(sighting, time);
      }
      this.#known = new Map(devices.map((device) => [device.id, device]));
      const changes = this.#book.settle(time);
      for (const change of changes) this.#tell(change);
      this.#unsaved = [...this.#unsaved, ...changes].slice(-UNSAVED_MAX);
      if (this.#unsaved.length === 0) return;
      await storage.recordConditions(this.#unsaved);
      this.#unsaved = [];
    } catch (error) {
      log.error("conditions.failed", { cause: String(error) }, { per: "conditions" });
    }
  }

  #lookAt(device: Device, time: BookTime): void {
    const { id: subject } = device;
    if (device.status === "pending") {
      const detail = `A new terminal at ${device.lastAddress} waits for approval, ${device.heldCount} punches are held`;
      this.#book.see({ type: "pending", subject, detail }, time);
    }
    if (device.status !== "pending" && device.status !== "approved") return;
    this.#lookAtClock(device, time);
    this.#lookAtCounts(device, time);
    const silence = device.status === "approved" ? this.#findSilence(device, time.atMs) : undefined;
    if (silence !== undefined) {
      const detail = `It was in contact regularly and is silent for ${silence}`;
      this.#book.see({ type: "no-contact", subject, detail }, time);
    }
  }

  #lookAtClock({ id: subject, clockSkewMs: skewMs, clockEpisode }: Device, time: BookTime): void {
    if (skewMs !== undefined && isClockOff(this.#book.isOpen("clock-off", subject), skewMs)) {
      const shown = `${shownDuration(Math.abs(skewMs))} ${skewMs < 0 ? "slow" : "fast"}`;
      this.#book.see({ type: "clock-off", subject, detail: `Its clock is ${shown}` }, time);
    }
    const isRight = skewMs !== undefined && !isClockOff(true, skewMs);
    if (isRight) this.#book.hear("clock-reset", subject, time.atMs);
    if (clockEpisode > (this.#known.get(subject)?.clockEpisode ?? 0)) {
      const detail = "Its clock went back, as after a loss of power";
      this.#book.see({ type: "clock-reset", subject, detail }, time);
    }
  }

  #lookAtCounts(device: Device, time: BookTime): void {
    const { id: subject, missingRecordCount, quarantineBytes } = device;
    const known = this.#known.get(subject);
    if (missingRecordCount > (known?.missingRecordCount ?? 0)) {
      const detail = `${missingRecordCount} of its numbered records never came so far`;
      this.#book.see({ type: "missing-records", subject, detail }, time);
    }
    if (quarantineBytes > (known?.quarantineBytes ?? 0)) {
      const detail = `${quarantineBytes} bytes are taken by what it sent and nobody can read`;
      this.#book.see({ type: "quarantine", subject, detail }, time);
    }
  }

  /** For how long a terminal has been silent, in words, if that is odd. */
  #findSilence(device: Device, nowMs: number): string | undefined {
    const pace = this.#paces.get(device.id);
    if (pace !== undefined) {
      const silenceMs = oddSilenceMs(pace, nowMs);
      return silenceMs === undefined ? undefined : shownDuration(silenceMs);
    }
    const sinceStartMs = nowMs - this.#startedAtMs;
    const isExpected = this.#expected.has(device.id) && sinceStartMs > EXPECTED_WITHIN_MS;
    if (!isExpected && !this.#book.isOpen("no-contact", device.id)) return undefined;
    return shownDuration(this.#options.clock.nowMs() - (device.lastContactMs ?? 0));
  }

  #tell({ kind, condition }: ConditionChange): void {
    const { log } = this.#options;
    const { type, subject, detail } = condition;
    if (TOLD_WHEN_NOTICED[kind].has(type)) return;
    if (kind === "cleared") log.info("condition.cleared", { type, subject });
    else log.warn("condition.raised", { type, subject, detail, hint: conditionFix(condition) });
  }

  #now(): BookTime {
    const { clock } = this.#options;
    return { atMs: clock.monotonicMs(), wallMs: clock.nowMs() };
  }
}

/** Storage, delivery and the port's refusals tell these themselves, when they are noticed. */
const TOLD_WHEN_NOTICED: Readonly<Record<ConditionChange["kind"], ReadonlySet<ConditionType>>> = {
  raised: new Set([
    ...(["pending", "shared-id", "clock-off", "wrong-address"] as const),
    ...(["endpoint-paused", "disk-low", "backup-failed"] as const),
  ]),
  cleared: new Set(["pending", "clock-off", "endpoint-paused", "disk-low", "backup-failed"]),
};

/** Changes that wait while the database takes none. */
const UNSAVED_MAX = 1_000;

/** Only a poll tells these; terminals that never poll are silent whenever nobody punches. */
function isPolling({ firmware, codeLibrary }: Device): boolean {
  return firmware !== undefined || codeLibrary !== undefined;
}

function isSince({ lastContactMs }: Device, sinceMs: number): boolean {
  return lastContactMs !== undefined && lastContactMs >= sinceMs;
}
