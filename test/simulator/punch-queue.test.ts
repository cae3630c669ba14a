/**
 * Aim: the queue is first-in-first-out, its head stays until removed, and duplicates come at once
 * and in the share asked for.
 */

import { describe, expect, test } from "bun:test";
import { PunchLog } from "#simulator/punch-log.ts";
import { PunchQueue } from "#simulator/punch-queue.ts";

interface Queue {
  readonly queue: PunchQueue;
  readonly record: (count: number) => void;
}

function queueOf(planned: number, duplicatePercent = 0, isLost = (_: number) => false): Queue {
  const log = new PunchLog({
    planned,
    live: false,
    punchAt: (index) => ({
      deviceId: "SIM0001",
      userId: `user ${index}`,
      wallTime: "20260302081504",
      ioModeCode: 1,
      verifyModeCode: 3,
      recordNumber: index + 1,
      photo: undefined,
    }),
  });
  const queue = new PunchQueue(log, { planned, duplicatePercent, isLost });
  return { queue, record: (count) => log.record(count, () => "") };
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
    const { queue, record } = queueOf(2);
    record(2);
    expect(queue.head()?.punch.userId).toBe("user 0");
    expect(queue.head()?.punch.userId).toBe("user 0");
    queue.removeHead();
    expect(queue.head()?.punch.userId).toBe("user 1");
  });

  test("head() gives nothing before a punch is recorded and nothing beyond the plan", () => {
    const { queue, record } = queueOf(2);
    expect(queue.head()).toBeUndefined();
    record(1);
    expect(drain(queue)).toEqual(["user 0"]);
    expect(queue.drained).toBe(false);
    record(5);
    expect(drain(queue)).toEqual(["user 1"]);
    expect(queue.drained).toBe(true);
  });

  test("removeHead() puts a duplicate in the head's place, in the share asked for", () => {
    const { queue, record } = queueOf(4, 50);
    record(4);
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
    const { queue, record } = queueOf(2, 100);
    record(2);
    expect(drain(queue)).toEqual(["user 0", "user 0 again", "user 1", "user 1 again"]);
  });

  test("head() passes over what is lost, counts it, and plans no more than the rest", () => {
    const { queue, record } = queueOf(4, 0, (index) => index === 0 || index === 3);
    record(4);
    expect(drain(queue)).toEqual(["user 1", "user 2"]);
    expect(queue.drained).toBe(true);
    expect(queue.lostCount).toBe(2);
    expect(queue.planned).toBe(2);
  });

  test("cutOff() at an index keeps what is before it", () => {
    const { queue, record } = queueOf(5);
    record(3);
    queue.cutOff(3);
    expect(drain(queue)).toEqual(["user 0", "user 1", "user 2"]);
    expect(queue.drained).toBe(true);
  });

  test("cutOff() keeps the head and forgets the rest", () => {
    const { queue, record } = queueOf(5);
    record(5);
    queue.head();
    queue.cutOff();
    expect(queue.planned).toBe(1);
    expect(drain(queue)).toEqual(["user 0"]);
    expect(queue.drained).toBe(true);
  });
});
