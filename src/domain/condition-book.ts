/**
 * Turns what is seen into conditions, each raised once and cleared once. Bounded in memory; time
 * comes in as an argument: durations by the monotonic clock, stamps by the wall clock.
 *
 * States of an entry: seen (counted, not told); open (told) until it was not seen for long enough.
 */

import type { EpochMs } from "#base/epoch.ts";
import {
  CONDITION_RULES,
  CONDITION_TYPES,
  type Condition,
  type ConditionChange,
  type ConditionRule,
  type ConditionType,
} from "./condition.ts";

/** Subjects of one type; what is seen of further ones is not told. */
export const SUBJECTS_MAX = 500;

/** One instant on both clocks. */
export interface BookTime {
  /** Milliseconds that only rise. */
  readonly atMs: number;
  /** What the wall clock shows then. */
  readonly wallMs: EpochMs;
}

/** Something seen. */
export interface Sighting {
  readonly type: ConditionType;
  readonly subject: string;
  readonly detail: string;
}

interface Entry {
  /** Undefined while it is not told. */
  raisedAtMs: EpochMs | undefined;
  firstMs: number;
  count: number;
  lastMs: number;
  lastWallMs: EpochMs;
  /** When the subject was last heard as it should be. */
  heardMs: number;
  detail: string;
}

export class ConditionBook {
  readonly #entries = new Map<ConditionType, Map<string, Entry>>(
    CONDITION_TYPES.map((type) => [type, new Map<string, Entry>()]),
  );

  /** Begins with what was open; of each it counts as seen now. */
  constructor(open: readonly Condition[], nowMs: number) {
    for (const { type, subject, raisedAtMs, lastSeenAtMs, detail } of open) {
      this.#of(type).set(subject, {
        raisedAtMs,
        firstMs: nowMs,
        count: 1,
        lastMs: nowMs,
        lastWallMs: lastSeenAtMs,
        heardMs: Number.NEGATIVE_INFINITY,
        detail,
      });
    }
  }

  /** Something is as it should not be. */
  see({ type, subject, detail }: Sighting, { atMs, wallMs }: BookTime): void {
    const entries = this.#of(type);
    const entry = entries.get(subject);
    if (entry === undefined) {
      if (entries.size >= SUBJECTS_MAX) return;
      entries.set(subject, {
        raisedAtMs: undefined,
        firstMs: atMs,
        count: 1,
        lastMs: atMs,
        lastWallMs: wallMs,
        heardMs: Number.NEGATIVE_INFINITY,
        detail,
      });
      return;
    }
    const { withinMs } = CONDITION_RULES[type];
    if (atMs - entry.firstMs > withinMs) {
      entry.firstMs = atMs;
      entry.count = 0;
    }
    entry.count += 1;
    entry.lastMs = atMs;
    entry.lastWallMs = wallMs;
    entry.detail = detail;
  }

  /** The subject of this type was heard as it should be. */
  hear(type: ConditionType, subject: string, atMs: number): void {
    const entry = this.#of(type).get(subject);
    if (entry !== undefined) entry.heardMs = atMs;
  }

  isOpen(type: ConditionType, subject: string): boolean {
    return this.#of(type).get(subject)?.raisedAtMs !== undefined;
  }

  /** What is wrong, by type, then in the order in which it was first seen. */
  list(): readonly Condition[] {
    return [...this.#entries].flatMap(([type, entries]) =>
      [...entries].flatMap(([subject, entry]) => conditionOf(type, subject, entry) ?? []),
    );
  }

  /** Raises and clears what is due, and forgets what came to nothing. */
  settle(time: BookTime): readonly ConditionChange[] {
    const changes: ConditionChange[] = [];
    for (const [type, entries] of this.#entries) {
      for (const [subject, entry] of entries) {
        const kind = settleEntry(CONDITION_RULES[type], entry, time);
        if (kind === undefined) continue;
        const condition = conditionOf(type, subject, entry);
        if (kind !== "raised") entries.delete(subject);
        if (kind === "forgotten" || condition === undefined) continue;
        changes.push({ kind, atMs: time.wallMs, condition });
      }
    }
    return changes;
  }

  #of(type: ConditionType): Map<string, Entry> {
    let entries = this.#entries.get(type);
    if (entries === undefined) {
      entries = new Map();
      this.#entries.set(type, entries);
    }
    return entries;
  }
}

function settleEntry(
  rule: ConditionRule,
  entry: Entry,
  { atMs, wallMs }: BookTime,
): ConditionChange["kind"] | "forgotten" | undefined {
  if (entry.raisedAtMs === undefined) {
    const spanMs = entry.lastMs - entry.firstMs;
    if (entry.count >= rule.count && spanMs >= rule.spanMs) {
      entry.raisedAtMs = wallMs;
      return "raised";
    }
    return atMs - entry.lastMs > rule.withinMs ? "forgotten" : undefined;
  }
  const isHeard = entry.heardMs > entry.lastMs;
  const quietMs = isHeard ? rule.quietHeardMs : rule.quietMs;
  return atMs - entry.lastMs > quietMs ? "cleared" : undefined;
}

function conditionOf(type: ConditionType, subject: string, entry: Entry): Condition | undefined {
  const { raisedAtMs, lastWallMs, detail } = entry;
  if (raisedAtMs === undefined) return undefined;
  return { type, subject, raisedAtMs, lastSeenAtMs: lastWallMs, detail };
}
