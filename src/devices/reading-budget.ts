/**
 * The memory that unfinished requests may take, shared out over all connections. Half of it is for
 * the large request that came first: it always goes on, and so frees what the others wait for. The
 * other half is for all the rest. Once half of that is used, large requests wait; once it is used
 * up, the connection that holds most of it is closed and has to send again. A small request never
 * waits, and hardly ever is the one that holds most.
 *
 * Complete requests are bounded by the commit queue. Here a large one only keeps its place in the
 * line until its outcome, so that very large requests reach the queue one by one.
 */

import { assert } from "#base/assert.ts";

/** Sizes in bytes. */
export interface ReadingBudgetLimits {
  /** Unfinished requests of all connections; at least twice the largest request. */
  readonly bytesMax: number;
  /** A connection that holds no more than this is small. */
  readonly smallBytesMax: number;
}

/** The sizes, and what to do with garbage. */
export interface ReadingBudgetOptions extends ReadingBudgetLimits {
  /**
   * Frees the memory of requests that are gone. Called each time large ones have let go of half of
   * `bytesMax`: left alone, the runtime lets several times as much gather.
   */
  readonly collectGarbage: () => void;
}

/** What one connection holds, in bytes. */
export interface HeldBytes {
  /** Of a request that is not complete. */
  readonly unfinished: number;
  /** Of requests that wait for their outcome. */
  readonly complete: number;
}

/** A connection as the budget sees it. Both calls may come while it reports. */
export interface BudgetMember {
  /** It may read, or has to wait. The same may be said again. */
  allowReading(isAllowed: boolean): void;
  /** It is to drop its unfinished request; the budget does not count it any more. */
  giveUp(): void;
}

const NOTHING: HeldBytes = { unfinished: 0, complete: 0 };

/** Counts held bytes, lets large requests wait, and ends the largest. */
export class ReadingBudget {
  readonly #collectGarbage: () => void;
  #smallBytesMax: number;
  /** What all may hold together, the first large request not counted. */
  #sharedBytesMax: number;
  /** In the order in which they began to hold something. */
  readonly #held = new Map<BudgetMember, HeldBytes>();
  /** In the order in which they became large. */
  readonly #large = new Set<BudgetMember>();
  #unfinishedBytes = 0;
  #completeBytes = 0;
  /** What large members have let go of since the last collection. */
  #garbageBytes = 0;
  /** What large members were last told: only this one may read; undefined: all may. */
  #onlyReader: BudgetMember | undefined;

  constructor({ bytesMax, smallBytesMax, collectGarbage }: ReadingBudgetOptions) {
    this.#collectGarbage = collectGarbage;
    this.#smallBytesMax = smallBytesMax;
    this.#sharedBytesMax = bytesMax / 2;
  }

  /** Changes the sizes; what is held beyond them is closed when something more is noted. */
  setLimits({ bytesMax, smallBytesMax }: ReadingBudgetLimits): void {
    this.#smallBytesMax = smallBytesMax;
    this.#sharedBytesMax = bytesMax / 2;
  }

  /** Bytes held by all connections, those of complete requests included. */
  get bytes(): number {
    return this.#unfinishedBytes + this.#completeBytes;
  }

  /** Notes what a member holds: nothing, once it is gone. */
  note(member: BudgetMember, held: HeldBytes): void {
    const before = this.#held.get(member) ?? NOTHING;
    if (held.unfinished === before.unfinished && held.complete === before.complete) return;
    this.#count(member, held);
    while (this.#sharedBytes > this.#sharedBytesMax) this.#endLargest();
    this.#tellReaders(member);
  }

  #count(member: BudgetMember, held: HeldBytes): void {
    const before = this.#held.get(member) ?? NOTHING;
    this.#unfinishedBytes += held.unfinished - before.unfinished;
    this.#completeBytes += held.complete - before.complete;
    const heldBytes = held.unfinished + held.complete;
    if (heldBytes > 0) this.#held.set(member, held);
    else this.#held.delete(member);
    if (this.#large.has(member)) {
      this.#countGarbage(before.unfinished + before.complete - heldBytes);
    }
    if (heldBytes > this.#smallBytesMax) this.#large.add(member);
    else this.#large.delete(member);
  }

  #countGarbage(freedBytes: number): void {
    this.#garbageBytes += Math.max(0, freedBytes);
    if (this.#garbageBytes < this.#sharedBytesMax) return;
    this.#garbageBytes = 0;
    this.#collectGarbage();
  }

  /** The one that always goes on. */
  get #first(): BudgetMember | undefined {
    return this.#large.values().next().value;
  }

  get #sharedBytes(): number {
    const first = this.#large.size > 0 ? this.#first : undefined;
    const firstBytes = first === undefined ? 0 : (this.#held.get(first)?.unfinished ?? 0);
    return this.#unfinishedBytes - firstBytes;
  }

  /** Of several that hold the same, the one that began last. */
  #endLargest(): void {
    const first = this.#first;
    let largest: BudgetMember | undefined;
    let largestHeld = NOTHING;
    for (const [member, held] of this.#held) {
      if (member === first || held.unfinished < largestHeld.unfinished) continue;
      largest = member;
      largestHeld = held;
    }
    assert(largest !== undefined, "ReadingBudget counts more than its members hold");
    this.#count(largest, { unfinished: 0, complete: largestHeld.complete });
    largest.giveUp();
  }

  #tellReaders(noted: BudgetMember): void {
    const isTight = this.#sharedBytes > this.#sharedBytesMax / 2;
    const onlyReader = isTight ? this.#first : undefined;
    const isNews = onlyReader !== this.#onlyReader;
    this.#onlyReader = onlyReader;
    for (const member of isNews ? [...this.#large, noted] : [noted]) {
      const isFree = onlyReader === undefined || onlyReader === member;
      member.allowReading(isFree || !this.#large.has(member));
    }
  }
}
