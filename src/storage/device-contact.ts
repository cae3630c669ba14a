/**
 * The sender of a request: its row, made on first contact, kept up to date by what it tells of
 * itself; or the reason why it gets no answer.
 */

import type { EpochMs } from "#base/epoch.ts";
import { clockSkewMs, nextClockEpisode } from "#domain/device-clock.ts";
import type { DeviceId } from "#domain/identifiers.ts";
import type { DeviceReport, ReceivedIntake, RefusalCode } from "#domain/intake.ts";
import type { Box } from "./box.ts";
import type { DeviceRow } from "./devices.ts";
import type { StorageEvents } from "./events.ts";
import type { HoldingRoom } from "./holding-room.ts";
import type { StorageRules } from "./rules.ts";
import type { WriteParts } from "./write-parts.ts";

export class DeviceContacts {
  readonly #parts: WriteParts;
  readonly #box: Box;
  readonly #rules: StorageRules;
  readonly #room: HoldingRoom;
  readonly #events: StorageEvents;

  constructor(options: {
    readonly parts: WriteParts;
    readonly box: Box;
    readonly rules: StorageRules;
    readonly room: HoldingRoom;
    readonly events: StorageEvents;
  }) {
    this.#parts = options.parts;
    this.#box = options.box;
    this.#rules = options.rules;
    this.#room = options.room;
    this.#events = options.events;
  }

  /** The sender's row, made on first contact; or why the terminal gets no answer. */
  contact(id: DeviceId, received: ReceivedIntake): DeviceRow | RefusalCode {
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
    const isOpen = this.#rules.enrollment === "open" || this.#isPairing(receivedAtMs);
    const refusal = this.#room.refuseDevice(isOpen);
    if (refusal !== undefined) return refusal;
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
      quarantineBytes: 0,
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

  /** Whether a new terminal is approved now: the window is open, and has not approved too many. */
  #isPairing(nowMs: EpochMs): boolean {
    const window = this.#box.findPairingWindow(nowMs);
    if (window === undefined) return false;
    const paired = this.#parts.devices
      .list()
      .filter((row) => row.status === "approved" && row.firstContactMs >= window.fromMs);
    return paired.length < this.#rules.pendingDevicesMax;
  }

  /** Takes over what a terminal told of itself. */
  report(row: DeviceRow, report: DeviceReport, receivedAtMs: EpochMs): void {
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
}
