/**
 * Aim: the queue is first-in-first-out, its head stays until removed, and duplicates come at once
 * and in the share asked for.
 */

import { describe, expect, test } from "bun:test";
import { PunchQueue } from "#simulator/punch-queue.ts";

function queueOf(planned: number, duplicatePercent = 0): PunchQueue {
  return new PunchQueue({
    planned,
    duplicatePercent,
    punchAt: (index) => ({
      deviceId: "SIM0001",
      userId: `user ${index}`,
      wallTime: "20260302081504",
      ioModeCode: 1,
      verifyModeCode: 3,
    }),
  });
}

function drain(queue: PunchQueue): string[] {
  const seen: string[] = [];
  for (let head = queue.head(); head !== undefined; head = queue.head()) {
    seen.push(`${head.punch.userId}${head.duplicate ? " again" : ""}`);
    queue.removeHead();
  }
  return seen;
}

describe("PunchQueue", () => {
  test("head() is the same punch until removeHead()", () => {
    const queue = queueOf(2);
    queue.release(2);
    expect(queue.head()?.punch.userId).toBe("user 0");
    expect(queue.head()?.punch.userId).toBe("user 0");
    queue.removeHead();
    expect(queue.head()?.punch.userId).toBe("user 1");
  });

  test("head() gives nothing before release() and nothing beyond the plan", () => {
    const queue = queueOf(2);
    expect(queue.head()).toBeUndefined();
    queue.release(1);
    expect(drain(queue)).toEqual(["user 0"]);
    expect(queue.drained).toBe(false);
    queue.release(5);
    expect(drain(queue)).toEqual(["user 1"]);
    expect(queue.drained).toBe(true);
  });

  test("removeHead() puts a duplicate in the head's place, in the share asked for", () => {
    const queue = queueOf(4, 50);
    queue.release(4);
    expect(drain(queue)).toEqual([
      "user 0",
      "user 1",
      "user 1 again",
      "user 2",
      "user 3",
      "user 3 again",
    ]);
    expect(queue.drained).toBe(true);
  });

  test("removeHead() repeats every punch once, and no duplicate, at 100 percent", () => {
    const queue = queueOf(2, 100);
    queue.release(2);
    expect(drain(queue)).toEqual(["user 0", "user 0 again", "user 1", "user 1 again"]);
  });

  test("cutOff() keeps the head and forgets the rest", () => {
    const queue = queueOf(5);
    queue.release(5);
    queue.head();
    queue.cutOff();
    expect(queue.planned).toBe(1);
    expect(drain(queue)).toEqual(["user 0"]);
    expect(queue.drained).toBe(true);
  });
});
