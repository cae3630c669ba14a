/**
 * The terminals of an imported database: made as they were there, and never against what somebody
 * decided here.
 */

import type { EpochMs } from "#base/epoch.ts";
import type { DeviceId } from "#domain/identifiers.ts";
import { readImportedDevice } from "#domain/imported-device.ts";
import type { ImportFlag, OriginalRow } from "#domain/original-row.ts";
import { type DeviceRow, NEVER_MS, newDeviceRow } from "../devices.ts";
import { HoldingRoom } from "../holding-room.ts";
import type { StorageRules } from "../rules.ts";
import type { WriteParts } from "../write-parts.ts";
import { KNOWN, type RowResult, refused } from "./import-report.ts";

export class DeviceImport {
  readonly #parts: WriteParts;
  readonly #rules: StorageRules;
  readonly #room: HoldingRoom;

  constructor(parts: WriteParts, rules: StorageRules) {
    this.#parts = parts;
    this.#rules = rules;
    this.#room = new HoldingRoom(parts, rules);
  }

  /** Inside the caller's transaction. */
  apply(
    row: OriginalRow,
    context: { readonly hostTimeZone: string; readonly nowMs: EpochMs },
  ): RowResult {
    const read = readImportedDevice(row, context);
    if (!read.ok) return { kind: "refused", refusal: read.error };
    const { id, name, status, createdAtMs, lastContactMs, flags } = read.value;
    const known = this.#parts.devices.find(id);
    if (known !== undefined) return this.#complete(known, { name, status, flags });
    const refusal = this.refuseNew();
    if (refusal !== undefined) return refusal;
    this.#parts.devices.put({
      ...this.newRow(id, context.nowMs),
      name: name ?? null,
      status,
      firstContactMs: createdAtMs ?? lastContactMs ?? context.nowMs,
      lastContactMs: lastContactMs ?? NEVER_MS,
    });
    return { kind: "imported", flags };
  }

  /**
   * The row of a terminal that only punches tell of: its operator had removed it, or it never was
   * one. Its punches stay, and nobody waits for it.
   */
  newRow(id: DeviceId, nowMs: EpochMs): DeviceRow {
    const { historyMs } = this.#rules;
    return newDeviceRow({ id, status: "retired", firstContactMs: nowMs, historyMs });
  }

  /** Why no further terminal can be known; undefined when one can. */
  refuseNew(): RowResult | undefined {
    if (!this.#room.isFull()) return undefined;
    const reason = `${this.#rules.devicesMax} terminals are known already: raise DEVICES_MAX`;
    return refused("devices-full", reason);
  }

  /** A terminal that waits for a decision gets the one of the file; a name is only added. */
  #complete(
    known: DeviceRow,
    told: {
      readonly name: string | undefined;
      readonly status: "approved" | "blocked";
      readonly flags: readonly ImportFlag[];
    },
  ): RowResult {
    const status = known.status === "pending" ? told.status : known.status;
    const name = known.name ?? told.name ?? null;
    if (status === known.status && name === known.name) return KNOWN;
    this.#parts.devices.put({ ...known, status, name });
    return { kind: "imported", flags: told.flags };
  }
}
