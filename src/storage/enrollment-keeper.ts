/**
 * Keeps what terminals tell of users, as far as there is room. Everything runs inside the caller's
 * transaction.
 */

import type { EpochMs } from "#base/epoch.ts";
import type { DeviceId } from "#domain/identifiers.ts";
import { canonicalUserId } from "#domain/punch-identity.ts";
import type { Enrollment } from "#domain/user.ts";
import { ENROLLMENT_ROW_BYTES } from "./enrollments.ts";
import type { HoldingRoom } from "./holding-room.ts";
import type { StorageRules } from "./rules.ts";
import type { WriteParts } from "./write-parts.ts";

export class EnrollmentKeeper {
  readonly #parts: WriteParts;
  readonly #rules: Pick<StorageRules, "leadingZeros">;
  readonly #room: HoldingRoom;

  constructor(options: {
    readonly parts: WriteParts;
    readonly rules: Pick<StorageRules, "leadingZeros">;
    readonly room: HoldingRoom;
  }) {
    this.#parts = options.parts;
    this.#rules = options.rules;
    this.#room = options.room;
  }

  /** Keeps what a terminal told of a user; returns false where there is no room for one more. */
  keep(deviceId: DeviceId, told: Enrollment, nowMs: EpochMs): boolean {
    const { devices, enrollments } = this.#parts;
    const userId = canonicalUserId(told.userIdText, this.#rules.leadingZeros);
    if (!enrollments.has({ userId, deviceId })) {
      const device = devices.get(deviceId);
      if (!this.#room.hasEnrollmentRoom(device)) return false;
      // Only while it is pending has a terminal a room of its own.
      if (device.status === "pending") {
        devices.put({ ...device, heldBytes: device.heldBytes + ENROLLMENT_ROW_BYTES });
      }
    }
    enrollments.keep({ userId, deviceId }, told, nowMs);
    return true;
  }
}
