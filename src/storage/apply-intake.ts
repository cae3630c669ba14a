/**
 * Applies one intake inside the running transaction: the sender's row, then its punches, notice or
 * raw bytes. Decides nothing that the rules of `domain/` decide.
 */

import { assert, assertDefined } from "#base/assert.ts";
import type { EpochMs } from "#base/epoch.ts";
import { MANUAL_DEVICE_ID, MANUAL_DRIVER } from "#domain/device.ts";
import { type DeviceId, punchId } from "#domain/identifiers.ts";
import type {
  ManualIntake,
  NoticeIntake,
  Outcome,
  PollIntake,
  PunchIntake,
  RawPunch,
  ReceivedIntake,
} from "#domain/intake.ts";
import type { RecordFate } from "#domain/log-recovery.ts";
import type { AcceptedPunch } from "#domain/punch.ts";
import type { Enrollment } from "#domain/user.ts";
import { type WallTime, wallTimeAt } from "#domain/wall-time.ts";
import { announceResend } from "./announce-punch.ts";
import type { Box } from "./box.ts";
import { showsAnotherReset } from "./clock-resets.ts";
import { CommandDesk } from "./command-desk.ts";
import type { DeviceClocks, OwnClockView } from "./device-clocks.ts";
import { DeviceContacts } from "./device-contact.ts";
import type { DeviceRow } from "./devices.ts";
import { EnrollmentKeeper } from "./enrollment-keeper.ts";
import type { StorageEvents } from "./events.ts";
import { HoldingRoom } from "./holding-room.ts";
import type { PunchPlacer } from "./place-punch.ts";
import { PunchEntry, sameSecond } from "./punch-entry.ts";
import { isKnownPunch } from "./punches.ts";
import type { QuarantineReason } from "./quarantine.ts";
import { QuarantineKeeper } from "./quarantine-keeper.ts";
import { withRecord } from "./record-numbers.ts";
import type { StorageRules } from "./rules.ts";
import type { RecoveredRecord } from "./storage.ts";
import type { WriteParts } from "./write-parts.ts";

/** A record of a terminal's own log, with what the log came with. */
export interface LogRecordIntake {
  /** Its `raw` is the record. */
  readonly received: ReceivedIntake;
  readonly record: RecoveredRecord;
  /** The time from which a person asked for all there is; undefined where nobody did. */
  readonly askedFrom: WallTime | undefined;
}

export class IntakeApplier {
  readonly #parts: WriteParts;
  readonly #rules: StorageRules;
  readonly #ownClock: OwnClockView;
  readonly #clocks: DeviceClocks;
  readonly #events: StorageEvents;
  readonly #room: HoldingRoom;
  readonly #entry: PunchEntry;
  readonly #contacts: DeviceContacts;
  readonly #enrollments: EnrollmentKeeper;
  readonly #commands: CommandDesk;
  readonly #quarantine: QuarantineKeeper;
  /** How many events came before the intake at hand. */
  #eventsBefore = 0;

  constructor(options: {
    readonly parts: WriteParts;
    readonly placer: PunchPlacer;
    readonly box: Box;
    readonly rules: StorageRules;
    readonly ownClock: OwnClockView;
    readonly clocks: DeviceClocks;
    /** Filled with what the log is to be told once the commit is on disk. */
    readonly events: StorageEvents;
  }) {
    this.#parts = options.parts;
    this.#rules = options.rules;
    this.#ownClock = options.ownClock;
    this.#clocks = options.clocks;
    this.#events = options.events;
    const room = new HoldingRoom(options.parts, options.rules);
    this.#room = room;
    this.#entry = new PunchEntry({ ...options, room });
    this.#contacts = new DeviceContacts({ ...options, room });
    this.#quarantine = new QuarantineKeeper({ ...options, room });
    this.#enrollments = new EnrollmentKeeper({ ...options, room });
    this.#commands = new CommandDesk({ ...options, enrollments: this.#enrollments });
  }

  /** Never answers `failed`. A `refused` outcome means that nothing of it may stay. */
  apply(received: ReceivedIntake): Outcome {
    const { intake } = received;
    this.#eventsBefore = this.#events.count;
    if (intake.deviceId === undefined) {
      assert(intake.kind === "unreadable", "A request that can be read names no terminal");
      return this.#quarantine.keep(received, intake.raw, intake);
    }
    if (intake.kind === "manual") return this.#applyManual(received, intake);
    const contacted = this.#contacts.contact(intake.deviceId, received);
    if (typeof contacted === "string") return { kind: "refused", code: contacted };
    switch (intake.kind) {
      case "poll":
        return this.#applyPoll(received, intake, contacted);
      case "punches":
        return this.#applyPunches(received, intake);
      case "notice":
        this.#addNotice(intake, received.receivedAtMs);
        if (intake.enrollment !== undefined) {
          this.#keepEnrollment(received, intake.deviceId, intake.enrollment);
        }
        return { kind: "stored" };
      case "unreadable":
        return this.#quarantine.keep(received, intake.raw, intake);
      case "command-result":
        this.#commands.takeResult(received, intake);
        return { kind: "stored" };
    }
  }

  #applyPoll(received: ReceivedIntake, intake: PollIntake, contacted: DeviceRow): Outcome {
    this.#contacts.report(contacted, intake, received);
    const device = this.#parts.devices.get(intake.deviceId);
    const command = this.#commands.handOut({ received, intake, device });
    return command === undefined ? { kind: "stored" } : { kind: "stored", command };
  }

  /** Keeps the bytes of an intake that tripped a bug of ours. */
  quarantineBug(received: ReceivedIntake, error: unknown): Outcome {
    const { intake } = received;
    this.#events.dropBehind(this.#eventsBefore);
    return this.#quarantine.keep(received, intake.raw, {
      code: "rule-failed",
      // What can be made of the bytes later depends on what they were read as.
      reason: `${intake.kind}: ${String(error)}`,
    });
  }

  /** Counts a refusal of a known device, outside the savepoint that was taken back. */
  noteRefusal(received: ReceivedIntake): void {
    this.#events.dropBehind(this.#eventsBefore);
    const { deviceId } = received.intake;
    const row = deviceId === undefined ? undefined : this.#parts.devices.find(deviceId);
    if (row === undefined || row.driver === MANUAL_DRIVER) return;
    this.#parts.devices.note({
      ...row,
      lastContactMs: received.receivedAtMs,
      lastAddress: received.remoteAddress,
      refusedCount: row.refusedCount + 1,
    });
  }

  #addNotice(notice: NoticeIntake, receivedAtMs: EpochMs): void {
    const { counters, notices } = this.#parts;
    const bytes = Buffer.byteLength(notice.text);
    const hasKept = notices.add(notice, receivedAtMs, this.#room.hasNoticeRoom(bytes));
    this.#parts.noteWrite();
    if (hasKept) counters.add({ noticeTextBytes: bytes });
  }

  /** Without room for it an enrollment is only counted, as any notice is. */
  #keepEnrollment(received: ReceivedIntake, deviceId: DeviceId, told: Enrollment): void {
    if (this.#enrollments.keep(deviceId, told, received.receivedAtMs)) return;
    this.#noteDropped(received, deviceId);
  }

  #noteDropped(received: ReceivedIntake, deviceId: DeviceId): void {
    this.#events.push({
      event: "enrollment.dropped",
      device: deviceId,
      address: received.remoteAddress,
      detail: "There is no room for what the terminal tells of one more user",
    });
  }

  #applyPunches(received: ReceivedIntake, intake: PunchIntake): Outcome {
    let best: Outcome = { kind: "duplicate" };
    for (const raw of intake.punches) {
      const outcome = this.#applyPunch(received, raw, {
        deviceId: intake.deviceId,
        bytes: intake.punches.length === 1 ? intake.raw : new TextEncoder().encode(raw.rawText),
      });
      if (outcome.kind === "refused") return outcome;
      this.#noteRecord(received, intake.deviceId, { raw, isNew: outcome.kind === "stored" });
      if (outcome.kind === "stored" || best.kind === "duplicate") best = outcome;
    }
    return best;
  }

  /** Written with the punch: were it older than that, the next one would seem to miss some. */
  #noteRecord(
    { receivedAtMs }: ReceivedIntake,
    id: DeviceId,
    { raw, isNew }: { readonly raw: RawPunch; readonly isNew: boolean },
  ): void {
    const row = this.#parts.devices.get(id);
    const noted = withRecord(row, {
      punch: raw,
      isNew,
      receivedAtMs,
      siteTimeZone: this.#rules.siteTimeZone,
      isOwnClockTrusted: this.#ownClock.isTrusted(),
    });
    if (noted !== row) this.#parts.devices.put(noted);
  }

  /** No contact of the terminal it was entered for; and never historic, since a person asked for it. */
  #applyManual(received: ReceivedIntake, { deviceId, punch }: ManualIntake): Outcome {
    const { devices, punches } = this.#parts;
    const named = devices.find(deviceId);
    const device = named?.status === "approved" ? named : devices.get(MANUAL_DEVICE_ID);
    const { receivedAtMs } = received;
    const timeZone = device.timeZone ?? this.#rules.siteTimeZone;
    const wallTimeText = punch.wallTimeText ?? wallTimeAt(receivedAtMs, timeZone);
    const withoutStart = { ...device, startAtMs: 0 };
    const accepted = this.#entry.read({ ...punch, wallTimeText }, withoutStart, receivedAtMs);
    assert(accepted.ok, "A manual punch came that nobody had looked at");
    const known = punches.findKnown(device.id, accepted.value);
    if (known === undefined) {
      const arrival = { device, origin: "manual", receivedAtMs, landedAtMs: receivedAtMs } as const;
      return this.#entry.insert(accepted.value, arrival);
    }
    announceResend(this.#parts, this.#rules, { deviceId: device.id, punch: known, receivedAtMs });
    return { kind: "duplicate", punchId: punchId(known.id) };
  }

  #applyPunch(
    received: ReceivedIntake,
    raw: RawPunch,
    record: { readonly deviceId: DeviceId; readonly bytes: Uint8Array },
  ): Outcome {
    const device = this.#parts.devices.get(record.deviceId);
    const { receivedAtMs } = received;
    const accepted = this.#entry.read(raw, device, receivedAtMs);
    if (!accepted.ok) return this.#quarantine.keep(received, record.bytes, accepted.error);
    const { punches } = this.#parts;
    const known = punches.findKnown(device.id, accepted.value);
    const context = { device, known, receivedAtMs, punches, clocks: this.#clocks };
    if (showsAnotherReset(accepted.value, context)) {
      const reset = this.#clocks.beginEpisode(device, accepted.value);
      this.#parts.devices.put(reset);
      return this.#insertLive(received, { ...accepted.value, clockEpisode: reset.clockEpisode });
    }
    if (known === undefined) return this.#insertLive(received, accepted.value);
    if (isKnownPunch(known, raw)) {
      this.#parts.devices.note({ ...device, duplicateCount: device.duplicateCount + 1 });
      const resend = { deviceId: device.id, punch: known, receivedAtMs };
      announceResend(this.#parts, this.#rules, resend);
      return { kind: "duplicate" };
    }
    return this.#quarantine.keep(received, record.bytes, sameSecond(known));
  }

  /**
   * Applies a record of a terminal's own log: no contact of the terminal, no resend of what is stored,
   * and no word of its clock. Of a `refused` one nothing may stay.
   */
  applyRecovered({ received, record, askedFrom }: LogRecordIntake): RecordFate {
    this.#eventsBefore = this.#events.count;
    const { intake, receivedAtMs } = received;
    const keep = (fate: RecordFate, why: QuarantineReason): RecordFate =>
      this.#quarantine.keep(received, intake.raw, why).kind === "refused" ? "refused" : fate;
    if (record.kind === "unreadable") {
      return keep("unreadable", { code: "log-record", reason: record.reason });
    }
    const id = assertDefined(intake.deviceId, "A log came of no terminal");
    const device = this.#parts.devices.get(id);
    const accepted = this.#entry.read(record.punch, device, receivedAtMs);
    if (!accepted.ok) return keep("unreadable", accepted.error);
    const punch = accepted.value;
    const stored = this.#parts.punches.listSameSecond(id, punch);
    if (stored.some((known) => isKnownPunch(known, record.punch, true))) return "known";
    const [known] = stored;
    if (known !== undefined) return keep("conflicting", sameSecond(known));
    const isAsked = askedFrom !== undefined && punch.wallTime >= askedFrom;
    // A time that is not believed may be of long before the start date, too.
    if ((punch.isHistoric || punch.doubtfulTime !== undefined) && !isAsked) return "left-out";
    const arrival = {
      device,
      origin: "recovered",
      receivedAtMs,
      landedAtMs: receivedAtMs,
    } as const;
    return this.#entry.insert(punch, arrival).kind === "refused" ? "refused" : "added";
  }

  /** A punch that the terminal sends by itself, and by which it may tell its clock. */
  #insertLive(received: ReceivedIntake, punch: AcceptedPunch): Outcome {
    const { devices } = this.#parts;
    const { receivedAtMs } = received;
    const id = assertDefined(received.intake.deviceId, "A punch came of no terminal");
    const device = devices.get(id);
    const arrival = { device, origin: "live", receivedAtMs, landedAtMs: receivedAtMs } as const;
    const entered = this.#entry.insert(punch, arrival);
    if (entered.kind === "refused") return entered;
    const row = devices.get(id);
    const noted = this.#clocks.notePunch(row, punch, receivedAtMs);
    if (noted !== row) devices.note(noted);
    return { kind: "stored" };
  }
}
