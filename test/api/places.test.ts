/** Aim: no more than the given number are inside, and whoever waits comes in by turn. */

import { expect, test } from "bun:test";
import { Places } from "#api/places.ts";

test("take() lets the first in at once, and the others one by one, in the order they came", async () => {
  const places = new Places(2);
  const inside: string[] = [];
  const enter = async (name: string): Promise<void> => {
    await places.take();
    inside.push(name);
  };
  expect(places.isFull).toBe(false);
  const all = ["a", "b", "c", "d"].map(enter);
  await Promise.all(all.slice(0, 2));
  expect(inside).toEqual(["a", "b"]);
  expect(places.isFull).toBe(true);
  places.leave();
  await all[2];
  expect(inside).toEqual(["a", "b", "c"]);
  places.leave();
  await all[3];
  expect(inside).toEqual(["a", "b", "c", "d"]);
});

test("leave() frees the place when nobody waits", async () => {
  const places = new Places(1);
  for (let visit = 0; visit < 3; visit += 1) {
    await places.take();
    expect(places.isFull).toBe(true);
    places.leave();
    expect(places.isFull).toBe(false);
  }
});
