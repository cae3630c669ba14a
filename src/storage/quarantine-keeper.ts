/**
 * Puts what could not be understood into quarantine, if there is room for it, and has the operator
 * and receivers told.
 */

import type { Outcome, ReceivedIntake } from "#domain/intake.ts";
import type { DeviceRow } from "./devices.ts";
import type { StorageEvents } from "./events.ts";
import type { HoldingRoom } from "./holding-room.ts";
import { digestOf, type QuarantineReason, quarantinedBytes } from "./quarantine.ts";
import type { WriteParts } from "./write-parts.ts";

export class QuarantineKeeper {
  readonly #parts: WriteParts;
  readonly #room: HoldingRoom;
  readonly #events: StorageEvents;

  constructor(options: {
    readonly parts: WriteParts;
    readonly room: HoldingRoom;
    readonly events: StorageEvents;
  }) {
    this.#parts = options.parts;
    this.#room = options.room;
    this.#events = options.events;
  }

  /** Keeps bytes of an intake; `refused` where there is no room. What is kept already needs none. */
  keep(received: ReceivedIntake, bytes: Uint8Array, why: QuarantineReason): Outcome {
    const { counters, devices, quarantine } = this.#parts;
    const { deviceId } = received.intake;
    // Its resend must not block the terminal.
    const record = { bytes, sha256: digestOf(bytes) };
    if (quarantine.isKept(deviceId, record.sha256)) return { kind: "quarantined" };
    const device = deviceId === undefined ? undefined : devices.find(deviceId);
    const taken = quarantinedBytes(bytes.byteLength);
    const refusal = this.#room.refuseQuarantine(device, taken);
    if (refusal !== undefined) return { kind: "refused", code: refusal };
    quarantine.keep(received, record, why);
    counters.add({ quarantineCount: 1, quarantineBytes: taken });
    if (device === undefined) counters.add({ quarantineUnattributedBytes: taken });
    else devices.put({ ...device, quarantineBytes: device.quarantineBytes + taken });
    this.#tell(received, why, device);
    return { kind: "quarantined" };
  }

  #tell(
    { intake, remoteAddress: address, receivedAtMs }: ReceivedIntake,
    { code, reason }: QuarantineReason,
    row: DeviceRow | undefined,
  ): void {
    const device = intake.deviceId ?? "";
    this.#events.push({ event: "quarantine.added", device, address, detail: `${code}: ${reason}` });
    const name = row?.name ?? row?.reportedName ?? null;
    const { quarantineNews, eventLog } = this.#parts;
    const thing = { deviceId: device, name, address, code, reason };
    for (const event of quarantineNews.note(thing, receivedAtMs)) eventLog.add(event);
  }
}
