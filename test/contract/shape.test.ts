/** Aim: the language in which the contract's shapes are written sees every kind of difference. */

import { expect, test } from "bun:test";
import { anyOf, atLeast, findMismatches, flag, int, mapOf, type Shape, text } from "./shape.ts";

const FITTING: readonly (readonly [value: unknown, shape: Shape])[] = [
  [
    { success: true, total: 2, logs: [{ id: 1 }, { id: 2 }] },
    { success: true, total: int, logs: [{ id: int }] },
  ],
  [{ total: 2 }, { total: int, "total_filtered?": int }],
  [
    { total: 2, total_filtered: 1 },
    { total: int, "total_filtered?": int },
  ],
  [[], [int]],
  [null, anyOf(null, text)],
  [{ a: 1, b: 2 }, mapOf(int)],
  [{ a: 1, b: "x" }, atLeast({ a: int })],
];

const DIFFERENT: readonly (readonly [value: unknown, shape: Shape, place: string])[] = [
  [{ total: 2, more: 1 }, { total: int }, "$.more"],
  [{}, { total: int }, "$.total"],
  [{ total: 2, total_filtered: "1" }, { total: int, "total_filtered?": int }, "$.total_filtered"],
  [{ total: "2" }, { total: int }, "$.total"],
  [{ total: 2.5 }, { total: int }, "$.total"],
  [{ success: "true" }, { success: flag }, "$.success"],
  [{ success: false }, { success: true }, "$.success"],
  [{ name: null }, { name: text }, "$.name"],
  [{ logs: [{ id: 1 }, { id: "2" }] }, { logs: [{ id: int }] }, "$.logs[1].id"],
  [{ logs: { 0: 1 } }, { logs: [int] }, "$.logs"],
  [[1], { 0: int }, "$"],
  [5, anyOf(null, text), "$"],
  [{ a: 1, b: "x" }, mapOf(int), "$"],
  [{ b: "x" }, atLeast({ a: int }), "$"],
];

test("findMismatches() finds none in a value of the shape", () => {
  for (const [value, shape] of FITTING) expect(findMismatches(value, shape)).toEqual([]);
});

test("findMismatches() names the place of every difference", () => {
  for (const [value, shape, place] of DIFFERENT) {
    const found = findMismatches(value, shape);
    expect([value, found.map((line) => line.split(" ")[0])]).toEqual([value, [place]]);
  }
});
