/**
 * The sender of a request: its row, made on first contact, kept up to date by what it tells of
 * itself; or the reason why it gets no answer.
 */

import type { EpochMs } from "#base/epoch.ts";
import { type AllowedAddress, parseAllowedAddress } from "#domain/allowed-address.ts";
import { MANUAL_DRIVER } from "#domain/device.ts";
import { findTwin, NO_TRACE, type TwinTrace, withContact } from "#domain/device-twins.ts";
import type { DeviceId } from "#domain/identifiers.ts";
import type { PollIntake, ReceivedIntake, RefusalCode } from "#domain/intake.ts";
import { holdAtFirst } from "#domain/restore-hold.ts";
import type { Box } from "./box.ts";
import type { DeviceClocks, OwnClockView } from "./device-clocks.ts";
import { type DeviceRow, NEVER_MS, newDeviceRow } from "./devices.ts";
import type { StorageEvents } from "./events.ts";
import type { HoldingRoom } from "./holding-room.ts";
import type { StorageRules } from "./rules.ts";
import type { WriteParts } from "./write-parts.ts";

const ADDRESS_RULES_MAX = 2_000;
const NOWHERE: Pick<AllowedAddress, "allows"> = { allows: () => false };

export class DeviceContacts {
  readonly #parts: WriteParts;
  readonly #box: Box;
  readonly #rules: StorageRules;
  readonly #room: HoldingRoom;
  readonly #events: StorageEvents;
  readonly #clocks: DeviceClocks;
  readonly #ownClock: OwnClockView;
  /** By device; as many as there may be. */
  readonly #twins = new Map<string, { trace: TwinTrace; toldAtMs: number }>();
  /** Rules in use, read once. */
  readonly #addressRules = new Map<string, Pick<AllowedAddress, "allows">>();

  constructor(options: {
    readonly parts: WriteParts;
    readonly box: Box;
    readonly rules: StorageRules;
    readonly room: HoldingRoom;
    readonly events: StorageEvents;
    readonly clocks: DeviceClocks;
    readonly ownClock: OwnClockView;
  }) {
    this.#parts = options.parts;
    this.#box = options.box;
    this.#rules = options.rules;
    this.#room = options.room;
    this.#events = options.events;
    this.#clocks = options.clocks;
    this.#ownClock = options.ownClock;
  }

  /** The sender's row, made on first contact; or why the terminal gets no answer. */
  contact(id: DeviceId, received: ReceivedIntake): DeviceRow | RefusalCode {
    const known = this.#parts.devices.find(id);
    if (known === undefined) return this.#register(id, received);
    if (known.driver === MANUAL_DRIVER) return "id-reserved";
    if (known.status === "blocked") return "device-blocked";
    if (!this.#mayComeFrom(known.allowedAddress, received.remoteAddress)) {
      return "address-not-allowed";
    }
    if (known.status === "retired") return this.#admit(known, received);
    const row: DeviceRow = { ...known, ...contactOf(received) };
    if (known.lastContactMs !== NEVER_MS) this.#parts.devices.note(row);
    else this.#parts.devices.put(this.#begun(row, received.receivedAtMs));
    if (received.intake.kind !== "poll") this.#watchTwins(row, received, undefined);
    return this.#parts.devices.get(id);
  }

  /** A terminal that was known before it came starts with its first contact, unless told otherwise. */
  #begun(row: DeviceRow, receivedAtMs: EpochMs): DeviceRow {
    const receivedHoldMs = row.receivedHoldMs ?? this.#holdAtFirst(receivedAtMs);
    const begun = { ...row, receivedHoldMs };
    return row.isStartGiven ? begun : { ...begun, startAtMs: receivedAtMs - this.#rules.historyMs };
  }

  #holdAtFirst(atMs: EpochMs): number | null {
    return holdAtFirst(this.#box.restoredAtMs, { atMs, historyMs: this.#rules.historyMs });
  }

  #register(id: DeviceId, received: ReceivedIntake): DeviceRow | RefusalCode {
    if (this.#room.isFull()) return "devices-full";
    const made = newDeviceRow({
      id,
      status: "pending",
      firstContactMs: received.receivedAtMs,
      historyMs: this.#rules.historyMs,
    });
    const receivedHoldMs = this.#holdAtFirst(received.receivedAtMs);
    return this.#admit({ ...made, receivedHoldMs }, received);
  }

  /** Meets a terminal as one that nobody knows: it is approved at once, waits, or is refused. */
  #admit(met: DeviceRow, received: ReceivedIntake): DeviceRow | RefusalCode {
    const { receivedAtMs, remoteAddress } = received;
    const isOpen = this.#rules.enrollment === "open" || this.#isPairing(receivedAtMs);
    if (!isOpen && this.#room.isPendingFull()) return "pending-devices-full";
    const status = isOpen ? "approved" : "pending";
    const row: DeviceRow = { ...met, ...contactOf(received), status };
    this.#parts.devices.put(row);
    if (!isOpen) this.#recordPending(row, received);
    this.#events.push({
      event: isOpen ? "device.approved" : "device.pending",
      device: row.id,
      address: remoteAddress,
      detail: isOpen
        ? "A new terminal, taken into use at once"
        : 'A new terminal, its punches are held: "biometric-server devices approve ID" releases them',
    });
    return row;
  }

  #recordPending({ id, name, reportedName }: DeviceRow, received: ReceivedIntake): void {
    const { receivedAtMs: atMs, remoteAddress: address } = received;
    const data = { device_id: id, name: name ?? reportedName, address };
    this.#parts.eventLog.add({ type: "device.pending", deviceId: id, atMs, data });
  }

  /** A rule that cannot be read lets nobody in: only a person may widen it. */
  #mayComeFrom(ruleText: string | null, address: string): boolean {
    if (ruleText === null) return true;
    let rule = this.#addressRules.get(ruleText);
    if (rule === undefined) {
      const parsed = parseAllowedAddress(ruleText);
      rule = parsed.ok ? parsed.value : NOWHERE;
      if (this.#addressRules.size >= ADDRESS_RULES_MAX) this.#addressRules.clear();
      this.#addressRules.set(ruleText, rule);
    }
    return rule.allows(address);
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
  report(row: DeviceRow, { report, queue }: PollIntake, received: ReceivedIntake): void {
    const { receivedAtMs } = received;
    const { clock, skewMs } = this.#clocks.report(row, report.clockText, receivedAtMs);
    const isShared = this.#watchTwins(row, received, skewMs);
    const told = {
      reportedName: report.name ?? row.reportedName,
      firmware: report.firmware ?? row.firmware,
      codeLibrary: report.codeLibrary ?? row.codeLibrary,
      detailsText: report.detailsText ?? row.detailsText,
    };
    const reported: DeviceRow = { ...row, ...told, ...clock };
    const next = this.#parts.completeness.withPoll(reported, {
      queue,
      receivedAtMs,
      skewMs: skewMs ?? reported.clockSkewMs ?? undefined,
      timeZone: row.timeZone ?? this.#rules.siteTimeZone,
      isOwnClockTrusted: this.#ownClock.isTrusted(),
      isShared,
    });
    const isNews =
      told.reportedName !== row.reportedName ||
      told.firmware !== row.firmware ||
      told.codeLibrary !== row.codeLibrary ||
      told.detailsText !== row.detailsText ||
      clock.clockEpisode !== row.clockEpisode;
    if (isNews) this.#parts.devices.put(next);
    else this.#parts.devices.note(next);
  }

  /** Returns whether two terminals show at this moment that they use one id. */
  #watchTwins(row: DeviceRow, received: ReceivedIntake, skewMs: number | undefined): boolean {
    const { receivedAtMs: atMs, remoteAddress: address } = received;
    const before = this.#twins.get(row.id);
    const { intake } = received;
    const serial = intake.kind === "punches" ? intake.serialText : undefined;
    const trace = withContact(before?.trace ?? NO_TRACE, { address, atMs, skewMs, serial });
    const toldAtMs = before?.toldAtMs ?? Number.NEGATIVE_INFINITY;
    const sign = findTwin(trace);
    // While it goes on it counts as told.
    this.#twins.set(row.id, { trace, toldAtMs: sign === undefined ? toldAtMs : atMs });
    if (sign === undefined) return false;
    const isRepeat = Math.abs(atMs - toldAtMs) < TWINS_TOLD_MS;
    const detail = TWINS[sign];
    this.#events.push({ event: "device.twins", device: row.id, address, detail, isRepeat });
    return true;
  }
}

/** So long after the last sign of them, twins are told anew. */
const TWINS_TOLD_MS = 3_600_000;

const TWINS = {
  addresses:
    "Two terminals use this id, from two addresses in turns: give one of them another id in its menu",
  clocks:
    "Two terminals use this id, their clocks disagree in turns: give one of them another id in its menu",
  serials:
    "Two terminals use this id, of two serial numbers in turns: give one of them another id in its menu",
} as const;

function contactOf(received: ReceivedIntake) {
  return {
    driver: received.driver,
    lastContactMs: received.receivedAtMs,
    lastAddress: received.remoteAddress,
  };
}
