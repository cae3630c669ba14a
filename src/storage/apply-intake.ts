/**
 * Applies one intake inside the running transaction: the sender's row, then its punches, notice or
 * raw bytes. Decides nothing that the rules of `domain/` decide.
 */

import { type EpochMs, epochMs } from "#base/epoch.ts";
import { acceptPunch } from "#domain/accept-punch.ts";
import { clockSkewMs, nextClockEpisode } from "#domain/device-clock.ts";
import type { DeviceId } from "#domain/identifiers.ts";
import type {
  DeviceReport,
  Outcome,
  PunchIntake,
  RawPunch,
  ReceivedIntake,
  RefusalCode,
} from "#domain/intake.ts";
import type { AcceptedPunch } from "#domain/punch.ts";
import { hasSameContent } from "#domain/punch-identity.ts";
import type { Box } from "./box.ts";
import type { DeviceRow } from "./devices.ts";
import type { PunchPlacer } from "./place-punch.ts";
import type { KnownPunch } from "./punches.ts";
import type { QuarantineReason } from "./quarantine.ts";
import type { StorageRules } from "./rules.ts";
import type { WriteParts } from "./write-parts.ts";

/** What the log is told once the commit is on disk. */
export interface StorageEvent {
  readonly event: "device.pending" | "device.approved" | "quarantine.added";
  /** Empty when even the sender is unknown. */
  readonly device: string;
  /** The peer's IP address. */
  readonly address: string;
  readonly detail: string;
}

/** Bytes a held punch takes beside its own text: the row and its places in five indexes. */
const HELD_ROW_BYTES = 400;

export class IntakeApplier {
  readonly #parts: WriteParts;
  readonly #placer: PunchPlacer;
  readonly #box: Box;
  readonly #rules: StorageRules;
  readonly #isOwnClockTrusted: () => boolean;
  #events: StorageEvent[] = [];
  /** How many of them came before the intake at hand. */
  #eventsBefore = 0;

  constructor(options: {
    readonly parts: WriteParts;
    readonly placer: PunchPlacer;
    readonly box: Box;
    readonly rules: StorageRules;
    readonly isOwnClockTrusted: () => boolean;
  }) {
    this.#parts = options.parts;
    this.#placer = options.placer;
    this.#box = options.box;
    this.#rules = options.rules;
    this.#isOwnClockTrusted = options.isOwnClockTrusted;
  }

  /** What happened since the last call, for the log. */
  takeEvents(): readonly StorageEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** Never answers `failed`. A `refused` outcome means that nothing of it may stay. */
  apply(received: ReceivedIntake): Outcome {
    const { intake } = received;
    this.#eventsBefore = this.#events.length;
    if (intake.deviceId === undefined) {
      return this.#quarantine(received, intake.raw, {
        code: "no-device-id",
        reason: "No device id",
      });
    }
    const contacted = this.#contact(intake.deviceId, received);
    if (typeof contacted === "string") return { kind: "refused", code: contacted };
    switch (intake.kind) {
      case "poll":
        this.#report(contacted, intake.report, received.receivedAtMs);
        return { kind: "stored" };
      case "punches":
        return this.#applyPunches(received, intake);
      case "notice":
        this.#parts.notices.add(intake, received.receivedAtMs);
        return { kind: "stored" };
      case "unreadable":
        return this.#quarantine(received, intake.raw, intake);
    }
  }

  /** Keeps the bytes of an intake that tripped a bug of ours. */
  quarantineBug(received: ReceivedIntake, error: unknown): Outcome {
    const { intake } = received;
    this.#events.length = this.#eventsBefore;
    return this.#quarantine(received, intake.raw, { code: "rule-failed", reason: String(error) });
  }

  /** Counts a refusal of a known device, outside the savepoint that was taken back. */
  noteRefusal(received: ReceivedIntake): void {
    this.#events.length = this.#eventsBefore;
    const { deviceId } = received.intake;
    const row = deviceId === undefined ? undefined : this.#parts.devices.find(deviceId);
    if (row !== undefined) {
      this.#parts.devices.note({ ...row, refusedCount: row.refusedCount + 1 });
    }
  }

  /** The sender's row, made on first contact; or why the terminal gets no answer. */
  #contact(id: DeviceId, received: ReceivedIntake): DeviceRow | RefusalCode {
    const known = this.#parts.devices.find(id);
    if (known === undefined) return this.#register(id, received);
    if (known.status === "blocked") return "device-blocked";
    if (known.allowedAddress !== null && known.allowedAddress !== received.remoteAddress) {
      return "address-not-allowed";
    }
    const row: DeviceRow = {
      ...known,
      driver: received.driver,
      lastContactMs: received.receivedAtMs,
      lastAddress: received.remoteAddress,
    };
    this.#parts.devices.note(row);
    return row;
  }

  #register(id: DeviceId, received: ReceivedIntake): DeviceRow | RefusalCode {
    const { receivedAtMs, remoteAddress } = received;
    const isOpen =
      this.#rules.enrollment === "open" || this.#box.findPairingWindow(receivedAtMs) !== undefined;
    if (!isOpen && this.#parts.devices.pendingCount >= this.#rules.pendingDevicesMax) {
      return "pending-devices-full";
    }
    const row: DeviceRow = {
      id,
      name: null,
      status: isOpen ? "approved" : "pending",
      driver: received.driver,
      firstContactMs: receivedAtMs,
      lastContactMs: receivedAtMs,
      lastAddress: remoteAddress,
      reportedName: null,
      firmware: null,
      codeLibrary: null,
      detailsText: null,
      clockText: null,
      clockSkewMs: null,
      clockEpisode: 0,
      startAtMs: receivedAtMs - this.#rules.historyMs,
      timeZone: null,
      directionPolicy: null,
      allowedAddress: null,
      heldCount: 0,
      heldBytes: 0,
      duplicateCount: 0,
      refusedCount: 0,
    };
    this.#parts.devices.put(row);
    this.#events.push({
      event: isOpen ? "device.approved" : "device.pending",
      device: id,
      address: remoteAddress,
      detail: isOpen
        ? "A new terminal, taken into use at once"
        : 'A new terminal, its punches are held: "biometric-server devices approve ID" releases them',
    });
    return row;
  }

  #report(row: DeviceRow, report: DeviceReport, receivedAtMs: EpochMs): void {
    const told = {
      reportedName: report.name ?? row.reportedName,
      firmware: report.firmware ?? row.firmware,
      codeLibrary: report.codeLibrary ?? row.codeLibrary,
      detailsText: report.detailsText ?? row.detailsText,
      clockEpisode: nextClockEpisode({
        episode: row.clockEpisode,
        previousClockText: row.clockText ?? undefined,
        clockText: report.clockText,
      }),
    };
    const zone = row.timeZone ?? this.#rules.siteTimeZone;
    const next: DeviceRow = {
      ...row,
      ...told,
      clockText: report.clockText ?? row.clockText,
      clockSkewMs: clockSkewMs(report.clockText, zone, receivedAtMs) ?? row.clockSkewMs,
    };
    const isNews =
      told.reportedName !== row.reportedName ||
      told.firmware !== row.firmware ||
      told.codeLibrary !== row.codeLibrary ||
      told.detailsText !== row.detailsText ||
      told.clockEpisode !== row.clockEpisode;
    if (isNews) this.#parts.devices.put(next);
    else this.#parts.devices.note(next);
  }

  #applyPunches(received: ReceivedIntake, intake: PunchIntake): Outcome {
    let best: Outcome = { kind: "duplicate" };
    for (const raw of intake.punches) {
      const outcome = this.#applyPunch(received, raw, {
        deviceId: intake.deviceId,
        bytes: intake.punches.length === 1 ? intake.raw : new TextEncoder().encode(raw.rawText),
      });
      if (outcome.kind === "refused") return outcome;
      if (outcome.kind === "stored" || best.kind === "duplicate") best = outcome;
    }
    return best;
  }

  #applyPunch(
    received: ReceivedIntake,
    raw: RawPunch,
    record: { readonly deviceId: DeviceId; readonly bytes: Uint8Array },
  ): Outcome {
    const device = this.#parts.devices.get(record.deviceId);
    const accepted = acceptPunch(raw, {
      timeZone: device.timeZone ?? this.#rules.siteTimeZone,
      leadingZeros: this.#rules.leadingZeros,
      receivedAtMs: received.receivedAtMs,
      ownClockTrusted: this.#isOwnClockTrusted(),
      deviceStartAtMs: epochMs(device.startAtMs),
      clockEpisode: device.clockEpisode,
    });
    if (!accepted.ok) return this.#quarantine(received, record.bytes, accepted.error);
    const known = this.#parts.punches.findKnown(device.id, accepted.value);
    if (known === undefined) return this.#insert(received, accepted.value, device);
    if (hasSameContent(contentOf(known), raw)) {
      this.#parts.devices.note({ ...device, duplicateCount: device.duplicateCount + 1 });
      return { kind: "duplicate" };
    }
    return this.#quarantine(received, record.bytes, {
      code: "same-second",
      reason: `Punch ${known.id} has the same user and second and other codes`,
    });
  }

  #insert(received: ReceivedIntake, punch: AcceptedPunch, device: DeviceRow): Outcome {
    const isHeld = device.status === "pending" || device.heldCount > 0;
    const heldBytes = punch.raw.rawText.length + HELD_ROW_BYTES;
    if (device.status === "pending" && !this.#hasRoom(device, heldBytes)) {
      return { kind: "refused", code: "pending-punches-full" };
    }
    const { counters } = this.#parts;
    const place = {
      userId: punch.userId,
      instantMs: punch.instantMs,
      deviceId: device.id,
      punchId: counters.nextPunchId(),
    };
    const isDoubtful = punch.doubtfulTime !== undefined;
    const policy = device.directionPolicy ?? this.#rules.directionPolicy;
    this.#parts.punches.insertAccepted(punch, {
      id: place.punchId,
      deviceId: device.id,
      receivedAtMs: received.receivedAtMs,
      feedPosition: isHeld ? null : counters.nextFeedPosition(),
      placed: isHeld ? undefined : this.#placer.resolve(place, policy, isDoubtful),
    });
    if (isHeld) {
      counters.add({ heldCount: 1 });
      this.#parts.devices.put({
        ...device,
        heldCount: device.heldCount + 1,
        heldBytes: device.heldBytes + heldBytes,
      });
      return { kind: "stored" };
    }
    counters.add({ punchCount: 1 });
    if (!isDoubtful) this.#placer.correctBehind(place, received.receivedAtMs);
    if (this.#rules.hasEndpoint && !punch.isHistoric) {
      this.#parts.outbox.enqueue({
        deviceId: device.id,
        punchId: place.punchId,
        revision: 1,
        eventAtMs: received.receivedAtMs,
      });
    }
    return { kind: "stored" };
  }

  #hasRoom(device: DeviceRow, bytes: number): boolean {
    return (
      device.heldCount < this.#rules.pendingPunchesMax &&
      device.heldBytes + bytes <= this.#rules.pendingBytesMax
    );
  }

  #quarantine(received: ReceivedIntake, bytes: Uint8Array, why: QuarantineReason): Outcome {
    const { counters, devices, quarantine } = this.#parts;
    if (counters.values.quarantineBytes + bytes.byteLength > this.#rules.quarantineBytesMax) {
      return { kind: "refused", code: "quarantine-full" };
    }
    const { deviceId } = received.intake;
    const device = deviceId === undefined ? undefined : devices.find(deviceId);
    const isPending = device?.status === "pending";
    if (isPending && !this.#hasRoom(device, bytes.byteLength)) {
      return { kind: "refused", code: "pending-punches-full" };
    }
    if (quarantine.keep(received, bytes, why)) {
      if (isPending) devices.put({ ...device, heldBytes: device.heldBytes + bytes.byteLength });
      this.#events.push({
        event: "quarantine.added",
        device: deviceId ?? "",
        address: received.remoteAddress,
        detail: `${why.code}: ${why.reason}`,
      });
    }
    return { kind: "quarantined" };
  }
}

function contentOf(known: KnownPunch) {
  return {
    directionCode: known.directionCode ?? undefined,
    verifyModeCode: known.verifyModeCode ?? undefined,
    workCode: known.workCode ?? undefined,
  };
}
