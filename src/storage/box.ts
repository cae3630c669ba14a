/**
 * Facts about this box that are neither settings nor rows: its id, the feed's epoch, the pairing
 * window. Kept in memory; few and seldom written.
 */

import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import { type EpochMs, epochMs } from "#base/epoch.ts";
import { newUniqueName } from "#platform/random-text.ts";
import { box } from "./schema.ts";
import type { EndedFeedEpoch } from "./storage.ts";

type FactName =
  | "box_id"
  | "feed_epoch"
  | "ended_feed_epochs"
  | "first_started_at_ms"
  | "last_trial_write_at_ms"
  | "restored_at_ms"
  | "pairing_window_from_ms"
  | "pairing_window_until_ms";

/** A time in which new terminals are approved at once. */
export interface PairingWindow {
  readonly fromMs: EpochMs;
  /** Exclusive. */
  readonly untilMs: EpochMs;
}

export class Box {
  readonly #orm: BunSQLiteDatabase;
  /** Part of every event id: two boxes never make the same. */
  readonly id: string;
  /** Names this history of the feed. */
  readonly feedEpoch: string;
  /** The histories before it, in the order in which they ended. */
  readonly endedFeedEpochs: readonly EndedFeedEpoch[];
  /** When a backup took the place of the database last; undefined: never. */
  readonly restoredAtMs: EpochMs | undefined;
  #hasStarted: boolean;
  #pairingWindow: PairingWindow;

  constructor(orm: BunSQLiteDatabase) {
    this.#orm = orm;
    const facts = new Map(
      orm
        .select()
        .from(box)
        .all()
        .map((row) => [row.name, row.value]),
    );
    this.id = facts.get("box_id") ?? this.#make("box_id");
    this.feedEpoch = facts.get("feed_epoch") ?? this.#make("feed_epoch");
    this.endedFeedEpochs = JSON.parse(facts.get("ended_feed_epochs") ?? "[]");
    const restoredAt = facts.get("restored_at_ms");
    this.restoredAtMs = restoredAt === undefined ? undefined : epochMs(Number(restoredAt));
    this.#hasStarted = facts.has("first_started_at_ms");
    this.#pairingWindow = {
      fromMs: epochMs(Number(facts.get("pairing_window_from_ms") ?? 0)),
      untilMs: epochMs(Number(facts.get("pairing_window_until_ms") ?? 0)),
    };
  }

  /** Notes that a start succeeded; returns whether it was the first. */
  markStarted(nowMs: EpochMs): boolean {
    if (this.#hasStarted) return false;
    this.#write("first_started_at_ms", String(nowMs));
    this.#hasStarted = true;
    return true;
  }

  /** The open window; undefined when none is, also when the clock has gone back before it. */
  findPairingWindow(nowMs: EpochMs): PairingWindow | undefined {
    const { fromMs, untilMs } = this.#pairingWindow;
    return fromMs <= nowMs && nowMs < untilMs ? this.#pairingWindow : undefined;
  }

  openPairingWindow(window: PairingWindow): void {
    this.#write("pairing_window_from_ms", String(window.fromMs));
    this.#write("pairing_window_until_ms", String(window.untilMs));
    this.#pairingWindow = window;
  }

  /** Writes for the sake of writing, inside the caller's transaction. */
  noteWriting(nowMs: EpochMs): void {
    this.#write("last_trial_write_at_ms", String(nowMs));
  }

  #make(name: FactName): string {
    const value = newUniqueName();
    this.#write(name, value);
    return value;
  }

  #write(name: FactName, value: string): void {
    this.#orm
      .insert(box)
      .values({ name, value })
      .onConflictDoUpdate({ target: box.name, set: { value } })
      .run();
  }
}
