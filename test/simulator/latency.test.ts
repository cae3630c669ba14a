/**
 * Aim: the percentiles of the report are those of the definition (nearest rank), from no value to
 * more values than the first buffer holds.
 */

import { describe, expect, test } from "bun:test";
import { LatencyRecorder, percentile } from "#simulator/latency.ts";

describe("percentile()", () => {
  const table: readonly [values: readonly number[], percent: number, expected: number][] = [
    [[], 50, 0],
    [[7], 1, 7],
    [[7], 100, 7],
    [[1, 2], 50, 1],
    [[1, 2], 51, 2],
    [[15, 20, 35, 40, 50], 30, 20],
    [[15, 20, 35, 40, 50], 40, 20],
    [[15, 20, 35, 40, 50], 50, 35],
    [[15, 20, 35, 40, 50], 100, 50],
  ];
  test.each(table)("percentile() of %p at %p is %p", (values, percent, expected) => {
    expect(percentile(new Float32Array(values), percent)).toBe(expected);
  });

  test("percentile() rounds to a microsecond", () => {
    expect(percentile(new Float32Array([0.1]), 50)).toBe(0.1);
    expect(percentile(new Float32Array([1.23456]), 50)).toBe(1.235);
  });
});

describe("LatencyRecorder", () => {
  test("summary() sorts what was recorded in any order, beyond the first buffer", () => {
    const recorder = new LatencyRecorder();
    for (let value = 3000; value >= 1; value -= 1) recorder.record(value);
    expect(recorder.summary()).toEqual({ p50: 1500, p90: 2700, p99: 2970, max: 3000 });
  });

  test("summary() is all zeros when nothing was recorded", () => {
    expect(new LatencyRecorder().summary()).toEqual({ p50: 0, p90: 0, p99: 0, max: 0 });
  });
});
