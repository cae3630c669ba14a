/**
 * Aim: however a request is cut, no byte is lost or moved, and the cuts are where they hurt.
 */

import { describe, expect, test } from "bun:test";
import { makeDelivery } from "#simulator/delivery.ts";

const REQUEST = Buffer.from("head head head\r\n\r\nbody body body");
const HEAD_BYTES = 18;

const cut = (name: Parameters<typeof makeDelivery>[0], seed = 1): readonly string[] =>
  makeDelivery(name, seed)
    .cut(REQUEST, HEAD_BYTES)
    .map((piece) => Buffer.from(piece).toString());

describe("makeDelivery()", () => {
  test("makeDelivery() leaves a whole request whole", () => {
    expect(cut("whole")).toEqual([REQUEST.toString()]);
  });

  test("makeDelivery() sends the head first", () => {
    expect(cut("head-first")).toEqual(["head head head\r\n\r\n", "body body body"]);
  });

  test("makeDelivery() cuts segments in head, length and body, as the seed says", () => {
    for (let seed = 0; seed < 50; seed += 1) {
      const pieces = cut("segments", seed);
      expect(pieces.join("")).toBe(REQUEST.toString());
      expect(pieces.length).toBeGreaterThan(1);
      expect(pieces).toEqual(cut("segments", seed));
    }
    expect(cut("segments", 1)).not.toEqual(cut("segments", 2));
  });

  test("makeDelivery() has one piece for a request that is cut off before its body", () => {
    const pieces = makeDelivery("head-first", 1).cut(REQUEST.subarray(0, 10), HEAD_BYTES);
    expect(pieces.length).toBe(1);
  });
});
