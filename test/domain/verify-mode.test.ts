/**
 * Proves the numbers and labels of verification codes against the contract's table, with packed 32-bit
 * codes and codes that are no number.
 */

import { describe, expect, test } from "bun:test";
import { verifyModeLabel, verifyModeNumber } from "#domain/verify-mode.ts";

describe("verifyModeNumber()", () => {
  const cases: readonly (readonly [string | undefined, number])[] = [
    ["1", 1],
    ["20", 20],
    ["0", 0],
    ["007", 7],
    ["137", 137],
    ["268435456", 268_435_456],
    ["1073741824", 1_073_741_824],
    ["2415919104", 2_415_919_104],
    ["4294967295", 4_294_967_295],
    ["9007199254740991", 9_007_199_254_740_991],
    ["9007199254740992", 0],
    [undefined, 0],
    ["", 0],
    ["FACE", 0],
    ['["FP"]', 0],
    ["-1", 0],
    ["1.5", 0],
    ["1e3", 0],
    ["0x10", 0],
    [" 1", 0],
    ["1\n", 0],
  ];
  for (const [code, expected] of cases) {
    test(`verifyModeNumber() makes ${JSON.stringify(code)} ${expected}`, () => {
      expect(verifyModeNumber(code)).toBe(expected);
    });
  }
});

describe("verifyModeLabel()", () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, "Unknown (0)"],
    [1, "Fingerprint"],
    [2, "Password"],
    [3, "ID Card"],
    [4, "FP + Password"],
    [5, "FP + ID Card"],
    [6, "Password + FP"],
    [7, "ID Card + FP"],
    [8, "Unknown (8)"],
    [19, "Unknown (19)"],
    [20, "Face"],
    [21, "Face + ID Card"],
    [22, "Face + Password"],
    [23, "ID Card + Face"],
    [24, "Password + Face"],
    [25, "Unknown (25)"],
    [2_415_919_104, "Unknown (2415919104)"],
  ];
  for (const [number, expected] of cases) {
    test(`verifyModeLabel() calls ${number} "${expected}"`, () => {
      expect(verifyModeLabel(number)).toBe(expected);
    });
  }
});
