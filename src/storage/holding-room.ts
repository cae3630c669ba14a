/**
 * How much may be kept of whom: the caps that keep strangers from filling the disk, or the room that
 * known terminals need. Reads the books and decides nothing else.
 */

import type { RefusalCode } from "#domain/intake.ts";
import type { DeviceRow } from "./devices.ts";
import { ENROLLMENT_ROW_BYTES } from "./enrollments.ts";
import type { StorageRules } from "./rules.ts";
import type { WriteParts } from "./write-parts.ts";

/** Part of the quarantine that senders nobody approved may fill together. */
const STRANGERS_SHARE = 0.5;
/** Enrollments of all terminals together. */
const ENROLLMENTS_MAX = 100_000;

export class HoldingRoom {
  readonly #parts: WriteParts;
  readonly #rules: StorageRules;

  constructor(parts: WriteParts, rules: StorageRules) {
    this.#parts = parts;
    this.#rules = rules;
  }

  /** Whether no further terminal may be known. */
  isFull(): boolean {
    return this.#parts.devices.count >= this.#rules.devicesMax;
  }

  /** Whether no further terminal may wait for approval. */
  isPendingFull(): boolean {
    return this.#parts.devices.pendingCount >= this.#rules.pendingDevicesMax;
  }

  /** Why a pending device's punch of so many bytes may not be held; undefined when it may. */
  refusePunch(device: DeviceRow, bytes: number): RefusalCode | undefined {
    if (device.status !== "pending") return undefined;
    const isFull = device.heldCount >= this.#rules.pendingPunchesMax;
    return isFull || !this.#hasPendingRoom(device, bytes) ? "pending-punches-full" : undefined;
  }

  /** Why what takes so many bytes may not be kept; undefined when they may. No device: nobody knows whose. */
  refuseQuarantine(device: DeviceRow | undefined, bytes: number): RefusalCode | undefined {
    const { quarantineBytesMax } = this.#rules;
    const total = this.#parts.counters.values.quarantineBytes + bytes;
    if (total > quarantineBytesMax) return "quarantine-full";
    if (device !== undefined && device.status !== "pending") return undefined;
    if (device !== undefined && !this.#hasPendingRoom(device, bytes)) return "pending-punches-full";
    const isFull = this.#strangersBytes() + bytes > quarantineBytesMax * STRANGERS_SHARE;
    return isFull ? "quarantine-full" : undefined;
  }

  /** Whether a text of so many bytes may be kept, or is only counted. */
  hasNoticeRoom(bytes: number): boolean {
    const { noticeTextBytes } = this.#parts.counters.values;
    return noticeTextBytes + bytes <= this.#rules.noticeTextBytesMax;
  }

  /** Whether one more enrollment of a device may be kept; an imported one is of no device. */
  hasEnrollmentRoom(device: DeviceRow | undefined): boolean {
    if (this.#parts.enrollments.count >= ENROLLMENTS_MAX) return false;
    return device?.status !== "pending" || this.#hasPendingRoom(device, ENROLLMENT_ROW_BYTES);
  }

  #hasPendingRoom(device: DeviceRow, bytes: number): boolean {
    return device.heldBytes + device.quarantineBytes + bytes <= this.#rules.pendingBytesMax;
  }

  #strangersBytes(): number {
    let bytes = this.#parts.counters.values.quarantineUnattributedBytes;
    for (const row of this.#parts.devices.list()) {
      if (row.status === "pending") bytes += row.quarantineBytes;
    }
    return bytes;
  }
}
