/**
 * Aim: bytes come out as they went in, in memory of their own, and memory stays within its bound.
 */

import { describe, expect, test } from "bun:test";
import { GrowingBytes } from "#devices/growing-bytes.ts";

describe("GrowingBytes", () => {
  test("append() joins chunks of any size, and take() hands them over", () => {
    const bytes = new GrowingBytes();
    const whole = Uint8Array.from({ length: 5000 }, (_, index) => index % 251);
    for (const start of [0, 1, 3, 1500, 4999]) {
      const chunk = whole.slice(bytes.length, start + 1);
      bytes.append(chunk, 5000);
      chunk.fill(0);
      expect(bytes.capacity).toBeLessThanOrEqual(5000);
    }
    expect(bytes.view()).toEqual(whole);
    expect(bytes.take()).toEqual(whole);
    expect([bytes.length, bytes.capacity]).toEqual([0, 0]);
  });

  test("take() holds no more memory than it has bytes", () => {
    const bytes = new GrowingBytes();
    bytes.append(new Uint8Array(10), 100_000);
    expect(bytes.take().buffer.byteLength).toBe(10);
  });

  test("append() throws rather than exceed its bound", () => {
    const bytes = new GrowingBytes();
    expect(() => bytes.append(new Uint8Array(11), 10)).toThrow("more than its caller said");
  });
});
