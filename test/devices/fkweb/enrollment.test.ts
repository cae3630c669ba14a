/**
 * Aim: every documented form of an enrolment tells the user, the privilege and which credentials
 * there are; what says neither whose it is nor what there is tells nothing.
 */

import { describe, expect, test } from "bun:test";
import { readEnrollment } from "#devices/fkweb/enrollment.ts";
import type { JsonObject } from "#devices/fkweb/message.ts";

const NONE = { fingerprintCount: 0, passwordCount: 0, cardCount: 0, faceCount: 0, veinCount: 0 };

function numbered(...numbers: readonly unknown[]): JsonObject {
  return {
    user_id: "7",
    enroll_data_array: numbers.map((backup_number, index) => ({
      backup_number,
      enroll_data: `BIN_${index + 1}`,
    })),
  };
}

describe("readEnrollment()", () => {
  test("reads D2 and D3: a word for the privilege, and a photo that is no credential", () => {
    expect(
      readEnrollment({
        enroll_data_array: [
          { backup_number: 12, enroll_data: "BIN_3" },
          { backup_number: 0, enroll_data: "BIN_2" },
        ],
        user_id: "00000013",
        user_name: "Andi\0\0",
        user_photo: "BIN_1",
        user_privilege: "MANAGER",
      }),
    ).toEqual({
      ...NONE,
      userIdText: "00000013",
      name: "Andi",
      privilege: 1,
      isEnabled: undefined,
      credentials: [0, 12],
      fingerprintCount: 1,
      faceCount: 1,
    });
  });

  test("reads D4: numbers for the privilege and the flag", () => {
    expect(
      readEnrollment({
        user_id: 33,
        user_name: "",
        user_privilege: 1,
        user_enabled: 0,
        user_depart_id: 4,
        enroll_data_array: null,
      }),
    ).toEqual({
      ...NONE,
      userIdText: "33",
      name: undefined,
      privilege: 1,
      isEnabled: false,
      credentials: [],
    });
  });

  test("counts credentials by their backup numbers, and lists those of unclear kind", () => {
    expect(readEnrollment(numbered(0, 9, "1", 9, 10, 11, 12, 13, 15, 20, 29, 30))).toMatchObject({
      credentials: [0, 1, 9, 10, 11, 12, 13, 15, 20, 29, 30],
      fingerprintCount: 3,
      passwordCount: 1,
      cardCount: 1,
      faceCount: 1,
      veinCount: 2,
    });
  });

  test.each([
    ["USER", 0],
    ["manager", 1],
    ["OPERATOR", 2],
    ["REGISTER", 3],
    ["2", 2],
    [255, 255],
    [256, undefined],
    ["EMPEROR", undefined],
    [null, undefined],
    [{}, undefined],
  ])("takes the privilege %p for %p", (user_privilege, privilege) => {
    expect(readEnrollment({ ...numbered(), user_privilege })?.privilege).toBe(privilege);
  });

  test.each([
    [true, true],
    [1, true],
    ["1", true],
    ["ON", true],
    [false, false],
    ["0", false],
    ["off", false],
    ["perhaps", undefined],
    [[1], undefined],
    [null, undefined],
  ])("takes the flag %p for %p", (user_enabled, isEnabled) => {
    expect(readEnrollment({ ...numbered(), user_enabled })?.isEnabled).toBe(isEnabled);
  });

  test.each([["A\nB"], ["\ud800"], ["x".repeat(129)], [5], [null]])(
    "passes over the name %p",
    (user_name) => {
      expect(readEnrollment({ ...numbered(0), user_name })).toMatchObject({
        name: undefined,
        credentials: [0],
      });
    },
  );

  test.each([
    [undefined],
    [null],
    [""],
    ["\0 "],
    ["x".repeat(65)],
    ["7\n"],
    ["\ud800"],
    [-1],
    [7.5],
    [9_007_199_254_740_992],
    [["7"]],
  ])("tells nothing of the user %p", (user_id) => {
    expect(readEnrollment({ ...numbered(0), user_id })).toBeUndefined();
  });

  test.each([
    [undefined],
    ["BIN_1"],
    [{}],
    [[0]],
    [[null]],
    [[{}]],
    [[{ backup_number: -1 }]],
    [[{ backup_number: 256 }]],
    [[{ backup_number: "x" }]],
    [[{ backup_number: 0 }, { backup_number: 1.5 }]],
    [Array.from({ length: 65 }, (_, backup_number) => ({ backup_number }))],
  ])("tells nothing where the credentials are %p", (enroll_data_array) => {
    expect(readEnrollment({ user_id: "7", enroll_data_array })).toBeUndefined();
  });

  test("keeps nothing of a template, a card or a password", () => {
    const secrets = {
      user_id: "7",
      card: "SECRET",
      pwd: "SECRET",
      enroll_data_array: [{ backup_number: 11, enroll_data: "SECRET" }],
    };
    expect(JSON.stringify(readEnrollment(secrets))).not.toContain("SECRET");
  });
});
