// Aim: beyond the limit only the oldest request in the middle goes on reading, so that memory is
// bounded and yet everything finishes.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type BudgetMember, ReadingBudget } from "#devices/reading-budget.ts";

class Member implements BudgetMember {
  mayRead = true;
  heldBytes = 0;
  continueReading(): void {
    this.mayRead = true;
  }

  /** Holds `heldBytes` from here on. */
  report(budget: ReadingBudget, heldBytes: number, midRequest: boolean): void {
    this.mayRead = budget.note(this, heldBytes - this.heldBytes, midRequest);
    this.heldBytes = heldBytes;
  }
}

describe("ReadingBudget", () => {
  test("ReadingBudget lets everyone read up to its limit", () => {
    const budget = new ReadingBudget(10);
    const [first, second] = [new Member(), new Member()];
    first.report(budget, 5, true);
    second.report(budget, 5, true);
    expect(budget.bytes).toBe(10);
    expect([first.mayRead, second.mayRead]).toEqual([true, true]);
  });

  test("ReadingBudget lets only the oldest go on beyond its limit", () => {
    const budget = new ReadingBudget(10);
    const [first, second, third] = [new Member(), new Member(), new Member()];
    first.report(budget, 5, true);
    second.report(budget, 6, true);
    third.report(budget, 1, true);
    first.report(budget, 9, true);
    expect([first.mayRead, second.mayRead, third.mayRead]).toEqual([true, false, false]);
  });

  test("ReadingBudget never holds a member between two requests", () => {
    const budget = new ReadingBudget(10);
    const [first, second] = [new Member(), new Member()];
    first.report(budget, 11, true);
    second.report(budget, 100, false);
    expect(second.mayRead).toBe(true);
  });

  test("ReadingBudget passes the right on when the oldest finishes", () => {
    const budget = new ReadingBudget(10);
    const [first, second, third] = [new Member(), new Member(), new Member()];
    first.report(budget, 11, true);
    second.report(budget, 11, true);
    third.report(budget, 11, true);
    first.report(budget, 0, false);
    expect([second.mayRead, third.mayRead]).toEqual([true, false]);
    second.report(budget, 0, false);
    third.report(budget, 5, true);
    expect(third.mayRead).toBe(true);
  });

  test("ReadingBudget releases all when there is room again", () => {
    const budget = new ReadingBudget(10);
    const [first, second, third] = [new Member(), new Member(), new Member()];
    first.report(budget, 9, true);
    second.report(budget, 2, true);
    third.report(budget, 2, true);
    expect([second.mayRead, third.mayRead]).toEqual([false, false]);
    first.report(budget, 0, false);
    expect([second.mayRead, third.mayRead]).toEqual([true, true]);
  });

  test("ReadingBudget always leaves someone reading, until all have finished", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 12 });
    const choices = fc.infiniteStream(fc.nat(1_000));
    fc.assert(
      fc.property(sizes, choices, (wanted, choice) => {
        const budget = new ReadingBudget(25);
        let waiting = wanted.map((wantedBytes) => ({ wantedBytes, member: new Member() }));
        while (waiting.length > 0) {
          const readers = waiting.filter(({ member }) => member.mayRead);
          const next = readers[(choice.next().value ?? 0) % Math.max(1, readers.length)];
          if (next === undefined) throw new Error("Deadlock: nobody may read");
          const { member, wantedBytes } = next;
          const hasFinished = member.heldBytes + 5 >= wantedBytes;
          member.report(budget, hasFinished ? 0 : member.heldBytes + 5, !hasFinished);
          if (hasFinished) waiting = waiting.filter((other) => other !== next);
        }
        expect(budget.bytes).toBe(0);
      }),
    );
  });
});
