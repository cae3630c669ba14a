/** Aim: readers never keep the event loop to themselves, and none waits longer than its turn. */

import { expect, test } from "bun:test";
import { ReadingTurns } from "#platform/reading-turns.ts";
import { countTurns } from "../support/turn-counter.ts";

test("next() gives each reader a turn of the event loop of its own, first come, first served", async () => {
  const turns = new ReadingTurns();
  using counter = countTurns();
  const served: { reader: string; turn: number }[] = [];
  const read = async (reader: string): Promise<void> => {
    for (let page = 0; page < 3; page += 1) {
      await turns.next();
      served.push({ reader, turn: counter.turn });
    }
  };
  await Promise.all([read("a"), read("b"), read("c")]);
  expect(served.map(({ reader }) => reader).join("")).toBe("abcabcabc");
  expect(new Set(served.map(({ turn }) => turn)).size).toBe(served.length);
});

test("next() waits for a turn also when nobody else reads", async () => {
  const turns = new ReadingTurns();
  const events: string[] = [];
  setImmediate(() => events.push("other work"));
  await turns.next();
  events.push("first page");
  setImmediate(() => events.push("other work"));
  await turns.next();
  events.push("second page");
  expect(events).toEqual(["other work", "first page", "other work", "second page"]);
});
