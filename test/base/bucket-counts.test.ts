/** Aim: every value is in one bucket, a bound in the bucket that it ends. */

import { expect, test } from "bun:test";
import { BucketCounts } from "#base/bucket-counts.ts";

test("BucketCounts puts each value below or at the first bound that reaches it", () => {
  const counts = new BucketCounts([1, 2, 5]);
  for (const value of [0, 1, 1.5, 2, 5, 5.1, 1_000]) counts.note(value);
  expect(counts.figures).toEqual({ bounds: [1, 2, 5], counts: [2, 2, 1, 2], sum: 1014.6 });
});

test("BucketCounts begins with nothing", () => {
  expect(new BucketCounts([1]).figures).toEqual({ bounds: [1], counts: [0, 0], sum: 0 });
});
