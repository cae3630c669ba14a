// Aim: what unfinished requests hold stays within its bound, small requests never wait, and yet
// large ones finish, the first of them whatever happens.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type BudgetMember, ReadingBudget } from "#devices/reading-budget.ts";

/** The others may hold 50 together and wait from 25 on; up to 10 is small. */
const BYTES_MAX = 100;
const SMALL_BYTES_MAX = 10;

class Member implements BudgetMember {
  readonly #budget: ReadingBudget;
  mayRead = true;
  hasGivenUp = false;
  unfinished = 0;
  complete = 0;

  constructor(budget: ReadingBudget) {
    this.#budget = budget;
  }

  /** Holds so much from here on. */
  hold(unfinished: number, complete = 0): void {
    this.unfinished = unfinished;
    this.complete = complete;
    this.#budget.note(this, { unfinished, complete });
  }

  allowReading(isAllowed: boolean): void {
    this.mayRead = isAllowed;
  }

  giveUp(): void {
    this.hasGivenUp = true;
    this.hold(0, this.complete);
  }
}

function setUp(count: number) {
  let collectionCount = 0;
  const budget = new ReadingBudget({
    bytesMax: BYTES_MAX,
    smallBytesMax: SMALL_BYTES_MAX,
    collectGarbage: () => {
      collectionCount += 1;
    },
  });
  const members = Array.from({ length: count }, () => new Member(budget));
  const readers = (): readonly boolean[] => members.map(({ mayRead }) => mayRead);
  const ended = (): readonly boolean[] => members.map(({ hasGivenUp }) => hasGivenUp);
  return { budget, members, readers, ended, collections: () => collectionCount };
}

/** The members by themselves, so that each has a name. */
function trio() {
  const site = setUp(3);
  const [first, second, third] = site.members;
  if (first === undefined || second === undefined || third === undefined) throw new Error("Three");
  return { ...site, first, second, third };
}

describe("ReadingBudget", () => {
  test("ReadingBudget lets large members read while the others hold a quarter at most", () => {
    const { budget, first, second, third, readers } = trio();
    first.hold(50);
    second.hold(14);
    third.hold(11);
    expect(budget.bytes).toBe(75);
    expect(readers()).toEqual([true, true, true]);
  });

  test("ReadingBudget lets only the first large one go on beyond that", () => {
    const { first, second, third, readers } = trio();
    first.hold(11);
    second.hold(15);
    third.hold(11);
    expect(readers()).toEqual([true, false, false]);
    first.hold(50);
    expect(readers()).toEqual([true, false, false]);
  });

  test("ReadingBudget takes other sizes when something more is noted", () => {
    const { budget, first, second, third, readers, ended } = trio();
    first.hold(50);
    second.hold(20);
    third.hold(8);
    budget.setLimits({ bytesMax: 40, smallBytesMax: 5 });
    expect(ended()).toEqual([false, false, false]);
    third.hold(9);
    expect(ended()).toEqual([false, true, false]);
    // What was small is large.
    third.hold(11);
    expect(readers()[2]).toBe(false);
  });

  test("ReadingBudget never lets a small member wait", () => {
    const { first, second, third, readers } = trio();
    first.hold(50);
    second.hold(30);
    third.hold(10);
    expect(readers()).toEqual([true, false, true]);
  });

  test("ReadingBudget lets a member read again that is small again", () => {
    const { first, second, third, readers } = trio();
    first.hold(11);
    second.hold(12);
    third.hold(20);
    expect(readers()).toEqual([true, false, false]);
    second.hold(10);
    expect(readers()).toEqual([true, true, false]);
  });

  test("ReadingBudget passes the right on once the first has its outcome, not before", () => {
    const { first, second, third, readers } = trio();
    first.hold(40);
    second.hold(30);
    third.hold(12);
    first.hold(0, 45);
    expect(readers()).toEqual([true, false, false]);
    first.hold(0, 0);
    expect(readers()).toEqual([true, true, true]); // 12 of the third is no quarter
    third.hold(26);
    expect(readers()).toEqual([true, true, false]);
  });

  test("ReadingBudget ends the largest but for the first when the others hold half", () => {
    const { budget, first, second, third, ended } = trio();
    first.hold(50);
    third.hold(24);
    second.hold(26);
    expect(ended()).toEqual([false, false, false]);
    third.hold(25);
    expect(ended()).toEqual([false, true, false]);
    expect(budget.bytes).toBe(75);
  });

  test("ReadingBudget ends the newest of equals, also of small ones", () => {
    const { members, ended } = setUp(6);
    for (const member of members) member.hold(10);
    expect(ended()).toEqual([false, false, false, false, false, true]);
    for (const member of members.slice(0, 5)) member.hold(9);
    members[5]?.hold(6);
    expect(ended()).toEqual([false, false, false, false, true, true]);
  });

  test("ReadingBudget ends nobody for what complete requests hold", () => {
    const { budget, first, second, third, readers, ended } = trio();
    first.hold(0, 1_000);
    second.hold(0, 1_000);
    third.hold(10, 0);
    expect(ended()).toEqual([false, false, false]);
    expect(readers()).toEqual([true, true, true]);
    expect(budget.bytes).toBe(2_010);
  });

  test("ReadingBudget has garbage collected each time large members let go of half", () => {
    const { first, second, third, collections } = trio();
    first.hold(30);
    first.hold(0, 30); // the same bytes
    first.hold(0);
    third.hold(10);
    third.hold(0); // small: not counted
    expect(collections()).toBe(0);
    second.hold(20);
    second.hold(0);
    expect(collections()).toBe(1);
    second.hold(20);
    second.hold(0);
    expect(collections()).toBe(1);
  });

  test("ReadingBudget keeps its bound, and everything finishes or is ended", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 30 });
    const choices = fc.infiniteStream(fc.nat(1_000));
    fc.assert(
      fc.property(sizes, choices, (wanted, choice) => {
        const { budget, members } = setUp(wanted.length);
        const waiting = new Map(members.map((member, index) => [member, wanted[index] ?? 0]));
        while (waiting.size > 0) {
          const able = [...waiting.keys()].filter(({ mayRead }) => mayRead);
          const next = able[(choice.next().value ?? 0) % Math.max(1, able.length)];
          if (next === undefined) throw new Error("Deadlock: nobody may read");
          const size = waiting.get(next) ?? 0;
          next.hold(Math.min(size, next.unfinished + 7));
          expectWithinBounds(members);
          if (next.unfinished === size) {
            next.hold(0, size);
            next.hold(0);
            waiting.delete(next);
          }
          for (const member of members) if (member.hasGivenUp) waiting.delete(member);
        }
        expect(budget.bytes).toBe(0);
      }),
    );
  });
});

/** All hold at most what is for all, the largest not counted; and no small one waits. */
function expectWithinBounds(members: readonly Member[]): void {
  const held = members.map(({ unfinished }) => unfinished);
  const shared = held.reduce((sum, bytes) => sum + bytes, 0) - Math.max(...held);
  expect(shared).toBeLessThanOrEqual(BYTES_MAX / 2);
  for (const { unfinished, mayRead, hasGivenUp } of members) {
    expect(mayRead || hasGivenUp || unfinished > SMALL_BYTES_MAX).toBe(true);
  }
}
