/** Aim: a poll counts as proof of an empty queue only where no retry of the terminal can be due. */

import { describe, expect, test } from "bun:test";
import { type QueueTrace, withDoubt, withRequest } from "#domain/terminal-queue.ts";

const SECOND_MS = 1000;

/** Polls at these seconds, and what each shows. */
function pollAt(trace: QueueTrace | undefined, seconds: readonly number[], isKnown = false) {
  let last = trace;
  const shown = seconds.map((second) => {
    last = withRequest(last, { atMs: second * SECOND_MS, isPoll: true, isKnown });
    return last.doubt?.why ?? "empty";
  });
  return { trace: last, shown };
}

/** Every 20 s from one second to another. */
function every20(from: number, until: number): readonly number[] {
  return Array.from({ length: (until - from) / 20 + 1 }, (_, index) => from + 20 * index);
}

describe("withRequest()", () => {
  test("believes a terminal that nobody knew at once", () => {
    expect(pollAt(undefined, [0, 20, 40]).shown).toEqual(["empty", "empty", "empty"]);
  });

  test("doubts one that was known before the start until a retry of 3 minutes would have come", () => {
    const { shown } = pollAt(undefined, every20(0, 220), true);
    expect(shown.slice(0, 10)).toEqual(Array(10).fill("server-started"));
    expect(shown.slice(10)).toEqual(["empty", "empty"]);
  });

  test("doubts one that comes back from a silence, as long", () => {
    const { trace } = pollAt(undefined, [0, 20]);
    expect(pollAt(trace, [170, 190]).shown).toEqual(["empty", "empty"]);
    const late = pollAt(trace, [171, 220, 265, 310, 370, 371]);
    expect(late.shown).toEqual([...Array(5).fill("out-of-contact"), "empty"]);
  });

  test("takes a poll that failed to come for a silence, where its habit is known", () => {
    const { trace } = pollAt(undefined, every20(0, 100));
    expect(pollAt(trace, [130, 150]).shown).toEqual(["empty", "empty"]);
    expect(pollAt(trace, [131]).shown).toEqual(["out-of-contact"]);
    const fast = pollAt(undefined, [0, 1, 2, 3, 4, 5]).trace;
    expect(pollAt(fast, [20]).shown).toEqual(["empty"]);
    expect(pollAt(fast, [21]).shown).toEqual(["out-of-contact"]);
  });

  test("takes the silence of one that is set to poll seldom for its habit", () => {
    const { trace, shown } = pollAt(undefined, [0, 300, 600, 900, 1200]);
    expect(shown).toEqual(["empty", ...Array(3).fill("out-of-contact"), "empty"]);
    expect(pollAt(trace, [1500, 1950, 2401]).shown).toEqual(["empty", "empty", "out-of-contact"]);
  });

  test("a punch is contact, and no poll that tells of a habit", () => {
    const { trace } = pollAt(undefined, [0]);
    const punched = withRequest(trace, { atMs: 140_000, isPoll: false, isKnown: false });
    expect(pollAt(punched, [280]).shown).toEqual(["empty"]);
  });
});

describe("withDoubt()", () => {
  test("begins anew with each reason, and ends 200 s after the last", () => {
    const { trace } = pollAt(undefined, every20(0, 100));
    if (trace === undefined) throw new Error("No trace");
    const unheard = withDoubt(trace, "unacknowledged", 100_000);
    const { trace: waiting, shown } = pollAt(unheard, every20(120, 280));
    expect(shown).toEqual(Array(9).fill("unacknowledged"));
    if (waiting === undefined) throw new Error("No trace");
    const again = withDoubt(waiting, "sent-again", 280_000);
    expect(pollAt(again, every20(300, 480)).shown).toEqual([
      ...Array(9).fill("sent-again"),
      "empty",
    ]);
  });
});
