/**
 * The terminals' rows, kept in memory by the one writer. A contact alone is written at most every
 * five minutes, so that polling terminals do not wear out a flash card; all else is written with
 * the transaction that changed it.
 */

import { eq } from "drizzle-orm";
import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import { assertDefined } from "#base/assert.ts";
import { type EpochMs, epochMs } from "#base/epoch.ts";
import { deviceThrough } from "#domain/completeness.ts";
import { type Device, type DeviceStatus, MANUAL_DEVICE_ID, MANUAL_DRIVER } from "#domain/device.ts";
import { type DeviceId, deviceId } from "#domain/identifiers.ts";
import { holdEnd } from "#domain/restore-hold.ts";
import { devices } from "./schema.ts";

/** How stale a contact time on disk may become, in milliseconds. */
const CONTACT_WRITE_INTERVAL_MS = 300_000;

/** A device's row; never changed in place. */
export type DeviceRow = Readonly<typeof devices.$inferSelect>;

/** The contact time of a device that was never in contact. */
export const NEVER_MS = 0;

interface Entry {
  readonly row: DeviceRow;
  /** Undefined while the row is not in the database yet. */
  readonly stored: DeviceRow | undefined;
  /** Whether the change must be written with this transaction. */
  readonly isUrgent: boolean;
}

export class DeviceBook {
  readonly #orm: BunSQLiteDatabase;
  readonly #entries = new Map<DeviceId, Entry>();
  /** What entries were before each change of the running transaction, newest last. */
  #undo: { readonly id: DeviceId; readonly entry: Entry | undefined }[] = [];

  constructor(orm: BunSQLiteDatabase) {
    this.#orm = orm;
    for (const row of orm.select().from(devices).all()) {
      this.#entries.set(deviceId(row.id), { row, stored: row, isUrgent: false });
    }
  }

  find(id: DeviceId): DeviceRow | undefined {
    return this.#entries.get(id)?.row;
  }

  /** @throws AssertionError when the device has no row. */
  get(id: DeviceId): DeviceRow {
    return assertDefined(this.find(id), `No row of device "${id}"`);
  }

  /** Every terminal; the built-in device is none. */
  list(): readonly DeviceRow[] {
    const rows = [...this.#entries.values()].map((entry) => entry.row);
    return rows.filter((row) => row.driver !== MANUAL_DRIVER);
  }

  /** The row as it is on disk; undefined while it is on none. */
  findStored(id: DeviceId): DeviceRow | undefined {
    return this.#entries.get(id)?.stored;
  }

  /** Whether a terminal has shown more of its queue than is on disk. */
  hasUnsavedEvidence(): boolean {
    for (const { row, stored } of this.#entries.values()) {
      if (row.receivedThroughMs !== (stored?.receivedThroughMs ?? null)) return true;
    }
    return false;
  }

  /** How many terminals are known. */
  get count(): number {
    return this.#entries.has(MANUAL_DEVICE_ID) ? this.#entries.size - 1 : this.#entries.size;
  }

  /** How many devices wait for a person. */
  get pendingCount(): number {
    let count = 0;
    for (const entry of this.#entries.values()) if (entry.row.status === "pending") count += 1;
    return count;
  }

  /** Changes a row, to be written with this transaction. */
  put(row: DeviceRow): void {
    this.#change(row, true);
  }

  /** Changes contact times and counts of a known row, to be written when it is convenient. */
  note(row: DeviceRow): void {
    this.#change(row, false);
  }

  /** A point to go back to with `undoTo`. */
  mark(): number {
    return this.#undo.length;
  }

  /** Takes the changes since `mark` back, as the savepoint's rollback does on disk. */
  undoTo(mark: number): void {
    for (const { id, entry } of this.#undo.splice(mark).reverse()) {
      if (entry === undefined) this.#entries.delete(id);
      else this.#entries.set(id, entry);
    }
  }

  /** Writes what must be written, and returns whether anything had to: called last inside the transaction. */
  save(): boolean {
    const changed = new Set(this.#undo.map((change) => change.id));
    const due = [...changed].filter((id) => this.#isDue(id));
    for (const id of due) this.#write(id);
    return due.length > 0;
  }

  /** Writes every change, also those that could wait: called before closing. */
  saveAll(): void {
    for (const [id, entry] of this.#entries) if (entry.row !== entry.stored) this.#write(id);
  }

  /** Called after the commit. */
  committed(): void {
    this.#undo = [];
  }

  #change(row: DeviceRow, urgent: boolean): void {
    const id = deviceId(row.id);
    const before = this.#entries.get(id);
    this.#undo.push({ id, entry: before });
    const isUrgent = urgent || before?.isUrgent === true;
    this.#entries.set(id, { row, stored: before?.stored, isUrgent });
  }

  /** Whether a changed row must be written now. */
  #isDue(id: DeviceId): boolean {
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.row === entry.stored) return false;
    if (entry.isUrgent) return true;
    const storedMs = entry.stored?.lastContactMs ?? Number.NEGATIVE_INFINITY;
    // A clock that stepped back must not keep the row from ever being written again.
    return Math.abs(entry.row.lastContactMs - storedMs) >= CONTACT_WRITE_INTERVAL_MS;
  }

  #write(id: DeviceId): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    const { row } = entry;
    if (entry.stored === undefined) this.#orm.insert(devices).values(row).run();
    else this.#orm.update(devices).set(row).where(eq(devices.id, row.id)).run();
    this.#undo.push({ id, entry });
    this.#entries.set(id, { row, stored: row, isUrgent: false });
  }
}

/** The row of a device that has told nothing of itself yet. */
export function newDeviceRow(device: {
  readonly id: DeviceId;
  readonly status: DeviceStatus;
  readonly firstContactMs: EpochMs;
  /** The start date is the first contact minus this, in milliseconds. */
  readonly historyMs: number;
}): DeviceRow {
  return {
    id: device.id,
    name: null,
    status: device.status,
    driver: "",
    firstContactMs: device.firstContactMs,
    lastContactMs: NEVER_MS,
    lastAddress: "",
    reportedName: null,
    firmware: null,
    codeLibrary: null,
    detailsText: null,
    clockText: null,
    clockSkewMs: null,
    clockEpisode: 0,
    startAtMs: device.firstContactMs - device.historyMs,
    isStartGiven: false,
    timeZone: null,
    directionPolicy: null,
    directionCodes: null,
    allowedAddress: null,
    heldCount: 0,
    heldBytes: 0,
    quarantineBytes: 0,
    duplicateCount: 0,
    refusedCount: 0,
    lastRecordNumber: null,
    missingRecordCount: 0,
    logReadThroughMs: null,
    receivedThroughMs: null,
    receivedEvidence: null,
    receivedHoldMs: null,
  };
}

/**
 * The row as the rest of the program sees it. `stored`: as it is on disk, for what may be told only
 * when it cannot get lost any more; without it none of that is told.
 */
export function deviceFromRow(
  row: DeviceRow,
  openCommandCount: number,
  stored?: DeviceRow,
): Device {
  return {
    id: deviceId(row.id),
    name: row.name ?? row.reportedName ?? undefined,
    status: row.status,
    driver: row.driver,
    firstContactMs: epochMs(row.firstContactMs),
    lastContactMs: row.lastContactMs === NEVER_MS ? undefined : epochMs(row.lastContactMs),
    lastAddress: row.lastAddress,
    allowedAddress: row.allowedAddress ?? undefined,
    firmware: row.firmware ?? undefined,
    codeLibrary: row.codeLibrary ?? undefined,
    clockText: row.clockText ?? undefined,
    clockSkewMs: row.clockSkewMs ?? undefined,
    startAtMs: epochMs(row.startAtMs),
    timeZone: row.timeZone ?? undefined,
    directionPolicy: row.directionPolicy ?? undefined,
    directionCodes: row.directionCodes ?? undefined,
    heldCount: row.heldCount,
    duplicateCount: row.duplicateCount,
    refusedCount: row.refusedCount,
    lastRecordNumber: row.lastRecordNumber ?? undefined,
    missingRecordCount: row.missingRecordCount,
    clockEpisode: row.clockEpisode,
    quarantineBytes: row.quarantineBytes,
    openCommandCount,
    waitsFor: holdEnd(row.receivedHoldMs, row.driver),
    completeThroughMs: stored === undefined ? undefined : deviceThrough(stored),
  };
}
