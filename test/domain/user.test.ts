/** Aim: a range of users is read strictly, and marks only punches at its own terminal. */

import { describe, expect, test } from "bun:test";
import { deviceId, userId } from "#domain/identifiers.ts";
import { isInUserRange, isOfUnexpectedUser, parseUserRange } from "#domain/user.ts";

const ONE_TO_EIGHT = { from: 1, to: 8 };

describe("parseUserRange()", () => {
  test.each([
    ["1-8", { from: 1, to: 8 }],
    ["0-0", { from: 0, to: 0 }],
    ["1001-11000", { from: 1001, to: 11000 }],
    ["1-10001", undefined],
    ["8-1", undefined],
    ["1", undefined],
    ["1-", undefined],
    ["-1-8", undefined],
    ["1 - 8", undefined],
    ["1-8,10", undefined],
    ["a-b", undefined],
    ["1-9999999999", undefined],
    ["", undefined],
  ])("reads %p as %p", (text, range) => {
    expect(parseUserRange(text)).toEqual(range);
  });
});

describe("isInUserRange()", () => {
  test.each([
    ["1", true],
    ["8", true],
    ["0008", true],
    ["0", false],
    ["9", false],
    ["-1", false],
    ["1.5", false],
    ["E-1", false],
    ["", false],
    ["1e0", false],
    ["10000000000000000000000001", false],
  ])("takes %p: %p", (user, isIn) => {
    expect(isInUserRange(userId(user), ONE_TO_EIGHT)).toBe(isIn);
  });
});

describe("isOfUnexpectedUser()", () => {
  const expected = { deviceId: deviceId("A"), range: ONE_TO_EIGHT };
  const punch = (device: string, user: string) => ({
    deviceId: deviceId(device),
    userId: userId(user),
  });

  test("is true only of others, and only at the terminal that expects somebody", () => {
    expect(isOfUnexpectedUser(punch("A", "9"), expected)).toBe(true);
    expect(isOfUnexpectedUser(punch("A", "8"), expected)).toBe(false);
    expect(isOfUnexpectedUser(punch("B", "9"), expected)).toBe(false);
    expect(isOfUnexpectedUser(punch("A", "9"), undefined)).toBe(false);
  });
});
