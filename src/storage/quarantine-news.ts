/**
 * How often receivers are told of what goes into quarantine: of each terminal and code at once, and
 * then, while it goes on, once in ten minutes with how much it was. Lost with the process, after
 * which it is told at once again.
 */

import type { EpochMs } from "#base/epoch.ts";
import type { NewEvent } from "#domain/recorded-event.ts";

/** Something that was put into quarantine. */
export interface QuarantinedThing {
  /** Empty when even the sender is unknown. */
  readonly deviceId: string;
  /** What the terminal is called; null where it has no name. */
  readonly name: string | null;
  /** The peer's IP address. */
  readonly address: string;
  readonly code: string;
  readonly reason: string;
}

interface Told {
  /** The last one. */
  readonly thing: QuarantinedThing;
  readonly toldAtMs: EpochMs;
  readonly untoldCount: number;
}

/** All of it at one moment, the one told longest ago first. Immutable. */
export type QuarantineNewsState = ReadonlyMap<string, Told>;

const QUIET_MS = 600_000;
/** Terminals and codes remembered; terminals may invent codes. */
const TOLD_MAX = 256;

export class QuarantineNews {
  #told: QuarantineNewsState = new Map();

  /** To go back to when the transaction is rolled back. */
  get state(): QuarantineNewsState {
    return this.#told;
  }

  restore(state: QuarantineNewsState): void {
    this.#told = state;
  }

  /** Counts it. Returns what is to be recorded now. */
  note(thing: QuarantinedThing, atMs: EpochMs): readonly NewEvent[] {
    const key = JSON.stringify([thing.deviceId, thing.code]);
    const before = this.#told.get(key);
    if (before !== undefined) {
      const untoldCount = before.untoldCount + 1;
      this.#told = new Map(this.#told).set(key, { ...before, thing, untoldCount });
      return [];
    }
    const overflow = this.#told.size < TOLD_MAX ? [] : this.#takeOldest(atMs, false);
    this.#told = new Map(this.#told).set(key, { thing, toldAtMs: atMs, untoldCount: 0 });
    return [...overflow, eventOf(thing, 1, atMs)];
  }

  /** What was counted and has waited for long enough. Cheap while there is none. */
  takeDue(nowMs: EpochMs): readonly NewEvent[] {
    const due: NewEvent[] = [];
    for (;;) {
      const [oldest] = this.#told.values();
      // A clock that was set back holds nothing up.
      if (oldest === undefined || Math.abs(nowMs - oldest.toldAtMs) < QUIET_MS) return due;
      due.push(...this.#takeOldest(nowMs, true));
    }
  }

  /** What went on since `mayStay`, as told anew. */
  #takeOldest(nowMs: EpochMs, mayStay: boolean): readonly NewEvent[] {
    const told = new Map(this.#told);
    const [oldest] = told;
    if (oldest === undefined) return [];
    const [key, { thing, untoldCount }] = oldest;
    told.delete(key);
    if (untoldCount > 0 && mayStay) told.set(key, { thing, toldAtMs: nowMs, untoldCount: 0 });
    this.#told = told;
    return untoldCount > 0 ? [eventOf(thing, untoldCount, nowMs)] : [];
  }
}

function eventOf(thing: QuarantinedThing, count: number, atMs: EpochMs): NewEvent {
  const { deviceId, name, address, code, reason } = thing;
  const device_id = deviceId === "" ? null : deviceId;
  return {
    type: "quarantine.added",
    deviceId,
    atMs,
    data: { device_id, name, address, code, reason, count },
  };
}
