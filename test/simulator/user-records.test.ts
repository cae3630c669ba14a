/**
 * Aim: the records of the user list are those of example E9 of the protocol document, by hand, and
 * each library keeps the ids that fit.
 */

import { describe, expect, test } from "bun:test";
import type { Library } from "#simulator/models.ts";
import type { SimulatedUser } from "#simulator/simulated-user.ts";
import { canHoldUserId, encodeUserRecords, userKey } from "#simulator/user-records.ts";

function userWith(userId: string, ...backupNumbers: readonly number[]): SimulatedUser {
  const credentials = backupNumbers.map((backupNumber) => ({
    backupNumber,
    data: new Uint8Array(4),
  }));
  return { userId, name: "", privilege: "USER", enabled: true, credentials, photo: undefined };
}

function encode(library: Library, ...users: readonly SimulatedUser[]): string {
  return Buffer.from(encodeUserRecords(library, users)?.bytes ?? []).toString("hex");
}

describe("encodeUserRecords()", () => {
  test("encodeUserRecords() gives the HS101 record of E9", () => {
    expect(encode("FKDataHS101", userWith("27", 0, 1, 10))).toBe("1b00000000011100");
  });

  test("encodeUserRecords() gives the HS102 record of E9, in HS103 with a longer id", () => {
    const user: SimulatedUser = { ...userWith("E-0042", 12, 0), privilege: "MANAGER" };
    expect(encode("FKDataHS102", user)).toBe(`452d30303432${"00".repeat(10)}01010c00`);
    expect(encode("FKDataHS103", user)).toBe(`452d30303432${"00".repeat(26)}01010c00`);
  });

  test("encodeUserRecords() flags cards, veins and palms", () => {
    // Bit 1; 1 vein in bit 7; 2 palms in bits 13-14.
    expect(encode("FKDataHS101", userWith("1", 11, 20, 13, 14))).toBe("0100000000018240");
  });

  test("encodeUserRecords() gives one HS100 record per credential", () => {
    const user = { ...userWith("27", 0, 10), enabled: false };
    expect(encodeUserRecords("FKDataHS100", [user])).toMatchObject({ count: 2, recordBytes: 8 });
    expect(encode("FKDataHS200", user)).toBe("000000001b00000000000a001b000000");
  });

  test("encodeUserRecords() knows no record of M50", () => {
    expect(encodeUserRecords("M50", [userWith("1")])).toBeUndefined();
  });
});

describe("canHoldUserId()", () => {
  const cases: readonly [library: Library, userId: string, fits: boolean][] = [
    ["FKDataHS101", "4294967295", true],
    ["FKDataHS101", "4294967296", false],
    ["FKDataHS101", "E-0042", false],
    ["FKDataHS102", "E-0042", true],
    ["FKDataHS102", "x".repeat(17), false],
    ["FKDataHS103", "x".repeat(32), true],
    ["FKDataHS103", "", false],
  ];
  test.each(cases)("canHoldUserId() of %s and %p is %p", (library, userId, fits) => {
    expect(canHoldUserId(library, userId)).toBe(fits);
  });
});

describe("userKey()", () => {
  test("userKey() drops leading zeros where the id is a number, and nowhere else", () => {
    expect(userKey("FKDataHS101", "00000027")).toBe("27");
    expect(userKey("FKDataHS101", "0")).toBe("0");
    expect(userKey("FKDataHS102", "00000027")).toBe("00000027");
  });
});
