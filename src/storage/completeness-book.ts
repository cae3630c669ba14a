/**
 * What terminals' queues show, in their rows; what the site was told, in the table of facts; and the
 * punches that came late, written with the transaction that brings them into the feed.
 */

import type { Database } from "bun:sqlite";
import { eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/bun-sqlite";
import { type EpochMs, epochMs } from "#base/epoch.ts";
import {
  deviceThrough,
  type EnteringPunch,
  lateAgainst,
  POLL_LAG_MS,
  type PollWord,
  provedThrough,
  type ReceivedEvidence,
} from "#domain/completeness.ts";
import { type DeviceId, deviceId } from "#domain/identifiers.ts";
import type { PollIntake } from "#domain/intake.ts";
import type { DeviceBook, DeviceRow } from "./devices.ts";
import { prepareInsert } from "./prepared-insert.ts";
import { box, latePunches } from "./schema.ts";

/** Facts: the furthest that the site was told, */
export const TOLD_FACT = "complete_through_ms";
/** and the same before a restore, which takes it back. */
export const TOLD_BEFORE_FACT = "told_before_restore_ms";

/** A poll, as far as it may show that nothing waits. */
export interface QueuePoll {
  readonly queue: PollIntake["queue"];
  readonly receivedAtMs: EpochMs;
  /** The terminal's clock minus ours; undefined while unknown. */
  readonly skewMs: number | undefined;
  readonly timeZone: string;
  readonly isOwnClockTrusted: boolean;
  /** Two terminals show at this moment that they use one id. */
  readonly isShared: boolean;
}

/** A punch that has just got its place in the feed. */
export interface EnteredForCompleteness extends EnteringPunch {
  readonly deviceId: string;
  readonly punchId: number;
}

export class CompletenessBook {
  readonly #devices: DeviceBook;
  readonly #orm;
  readonly #insertLate;
  /** By terminal; of those that polled since the start. */
  readonly #lastPolls = new Map<DeviceId, PollWord>();
  #toldMs: EpochMs | undefined;
  readonly #toldBeforeMs: EpochMs | undefined;

  constructor(database: Database, devices: DeviceBook) {
    this.#devices = devices;
    this.#orm = drizzle(database);
    this.#insertLate = prepareInsert(database, latePunches);
    this.#toldMs = this.#readFact(TOLD_FACT);
    this.#toldBeforeMs = this.#readFact(TOLD_BEFORE_FACT);
  }

  /** Up to when the site was told to be complete. */
  get toldMs(): EpochMs | undefined {
    return this.#toldMs;
  }

  /** What the last poll of a terminal came to; undefined when none came since the start. */
  lastPollOf(id: DeviceId): PollWord | undefined {
    return this.#lastPolls.get(id);
  }

  /** The row with what a poll shows of the queue; to be written when it is convenient. */
  withPoll(row: DeviceRow, poll: QueuePoll): DeviceRow {
    const { queue, receivedAtMs, isShared } = poll;
    const throughMs = provedThrough({ ...poll, lagMs: POLL_LAG_MS });
    const id = deviceId(row.id);
    if (isShared) this.#lastPolls.set(id, "shared-id");
    else if (queue !== "empty") this.#lastPolls.set(id, queue ?? "never-shown");
    else this.#lastPolls.set(id, throughMs === undefined ? "clock-unknown" : "proved");
    if (this.#lastPolls.get(id) !== "proved" || !poll.isOwnClockTrusted) return row;
    return withReceived(row, throughMs, { kind: "poll", atMs: receivedAtMs });
  }

  /** Lists a punch that came before what was complete. Inside the transaction that stores it. */
  noteEntered(punch: EnteredForCompleteness): void {
    const row = this.#devices.find(deviceId(punch.deviceId));
    const device = row === undefined ? undefined : deviceThrough(row);
    const told = [this.#toldMs, this.#toldBeforeMs];
    const completeThroughMs = lateAgainst(punch, [device, ...told]);
    if (completeThroughMs === undefined) return;
    const { punchId, deviceId: id, instantMs, landedAtMs } = punch;
    this.#insertLate({
      revision: null,
      punchId,
      deviceId: id,
      instantMs,
      landedAtMs,
      completeThroughMs,
    });
  }

  /** Writes what the site is about to be told. Inside a transaction; `told` follows its commit. */
  writeTold(throughMs: EpochMs): void {
    const value = String(throughMs);
    this.#orm
      .insert(box)
      .values({ name: TOLD_FACT, value })
      .onConflictDoUpdate({ target: box.name, set: { value } })
      .run();
  }

  /** The site may be told this: it is on disk. */
  told(throughMs: EpochMs): void {
    this.#toldMs = throughMs;
  }

  #readFact(name: string): EpochMs | undefined {
    const fact = this.#orm.select().from(box).where(eq(box.name, name)).get();
    return fact === undefined ? undefined : epochMs(Number(fact.value));
  }
}

/**
 * The row with an empty queue shown up to an instant; the same where that says nothing new, or waits
 * for what a restore lost. A value of the future is of a clock of ours that has been set back since.
 */
export function withReceived(
  row: DeviceRow,
  throughMs: EpochMs | undefined,
  evidence: ReceivedEvidence,
): DeviceRow {
  const { receivedThroughMs: before } = row;
  if (throughMs === undefined || row.receivedHoldMs !== null) return row;
  if (before !== null && throughMs <= before && before <= evidence.atMs) return row;
  return { ...row, receivedThroughMs: throughMs, receivedEvidence: JSON.stringify(evidence) };
}

/** What the row says of its value; undefined for none, and for words of another version. */
export function receivedEvidenceOf({ receivedEvidence }: DeviceRow): ReceivedEvidence | undefined {
  if (receivedEvidence === null) return undefined;
  const { kind, atMs, recordNumber }: Readonly<Record<string, unknown>> =
    JSON.parse(receivedEvidence);
  if (typeof atMs !== "number") return undefined;
  if (kind === "poll") return { kind, atMs: epochMs(atMs) };
  const isRecord = kind === "record" && typeof recordNumber === "string";
  return isRecord ? { kind, atMs: epochMs(atMs), recordNumber } : undefined;
}
