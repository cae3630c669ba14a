/**
 * The outbox part of storage in memory: what a crash leaves is what `recordAttempts` was given.
 */

import { AppError } from "#base/app-error.ts";
import { type EpochMs, epochMs } from "#base/epoch.ts";
import { type DeviceId, deviceId, punchId } from "#domain/identifiers.ts";
import type { AttemptRecord } from "#storage/endpoint-outbox.ts";
import type { WaitingDelivery } from "#storage/storage.ts";
import type { Outbox } from "#webhooks/dispatcher-options.ts";
import { makePunch } from "./webhook-values.ts";

interface Row {
  delivery: WaitingDelivery;
  state: "waiting" | "delivered" | "parked";
}

export class FakeOutbox implements Outbox {
  readonly rows = new Map<number, Row>();
  /** Every successful `recordAttempts`, as given. */
  readonly writes: (readonly AttemptRecord[])[] = [];
  writesFail = false;
  readsFail = false;
  /** What the next pages wait for after they were read, and the next writes before they are made. */
  pageGate: Promise<void> | undefined;
  writeGate: Promise<void> | undefined;
  /** The most deliveries handed out by one read. */
  pageMax = 0;
  readCount = 0;
  #nextId = 1;

  /** Adds a delivery as the commit of a punch would, and returns its id. */
  add(
    device: string,
    change: { readonly nextAttemptAtMs?: EpochMs; readonly punch?: number } = {},
  ): number {
    const id = this.#nextId;
    this.#nextId += 1;
    const delivery: WaitingDelivery = {
      id,
      deviceId: deviceId(device),
      eventId: `event-${id}`,
      eventAtMs: epochMs(Date.UTC(2026, 2, 2)),
      attemptCount: 0,
      nextAttemptAtMs: change.nextAttemptAtMs ?? epochMs(0),
      type: "punch.created",
      punch: makePunch({ deviceId: deviceId(device), id: punchId(change.punch ?? id) }),
      bodyText: undefined,
      isDuplicate: false,
    };
    this.rows.set(id, { delivery, state: "waiting" });
    return id;
  }

  /** Lets every parked delivery wait again, as `requeueParkedDeliveries` does, and counts them. */
  requeue(): number {
    const ids = this.idsIn("parked");
    for (const id of ids) {
      const row = this.rows.get(id);
      if (row !== undefined) row.state = "waiting";
    }
    return ids.length;
  }

  /** Ids in a state, ascending. */
  idsIn(state: Row["state"]): readonly number[] {
    return [...this.rows].filter(([, row]) => row.state === state).map(([id]) => id);
  }

  async listDevicesWithDeliveries(): Promise<readonly DeviceId[]> {
    this.#failIf(this.readsFail);
    const waiting = [...this.rows.values()].filter((row) => row.state === "waiting");
    return [...new Set(waiting.map((row) => row.delivery.deviceId))];
  }

  async listWaitingDeliveries(
    device: DeviceId,
    afterId: number,
    limit: number,
  ): Promise<readonly WaitingDelivery[]> {
    this.#failIf(this.readsFail);
    this.readCount += 1;
    const page: WaitingDelivery[] = [];
    for (const { delivery, state } of this.rows.values()) {
      if (page.length === limit) break;
      if (state === "waiting" && delivery.deviceId === device && delivery.id > afterId) {
        page.push(delivery);
      }
    }
    this.pageMax = Math.max(this.pageMax, page.length);
    await this.pageGate;
    return page;
  }

  async recordAttempts(records: readonly AttemptRecord[]): Promise<void> {
    await this.writeGate;
    this.#failIf(this.writesFail);
    this.writes.push(records);
    for (const record of records) this.#apply(record);
  }

  #apply(record: AttemptRecord): void {
    const row = this.rows.get(record.deliveryId);
    if (row === undefined || row.state !== "waiting") {
      throw new Error(`Delivery ${record.deliveryId} does not wait`);
    }
    const { kind } = record;
    const bodyText = row.delivery.bodyText ?? record.bodyText;
    row.delivery = { ...row.delivery, bodyText };
    if (kind === "delivered" || kind === "parked") row.state = kind;
    if (kind === "parked" || kind === "refused") {
      row.delivery = { ...row.delivery, attemptCount: row.delivery.attemptCount + 1 };
    }
    if (kind === "refused") {
      row.delivery = { ...row.delivery, nextAttemptAtMs: record.nextAttemptAtMs };
    }
  }

  #failIf(fails: boolean): void {
    if (fails) throw new AppError("storage-write-failed", "Cannot write: disk full");
  }
}
