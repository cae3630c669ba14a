/**
 * Proves which user ids are one person, and which two records with the same key are one punch.
 */

import { describe, expect, test } from "bun:test";
import { canonicalUserId, hasSameContent, type PunchContent } from "#domain/punch-identity.ts";

describe("canonicalUserId()", () => {
  const cases: readonly (readonly [text: string, dropped: string, kept: string])[] = [
    ["33", "33", "33"],
    ["00000033", "33", "00000033"],
    ["0", "0", "0"],
    ["000", "0", "000"],
    ["100", "100", "100"],
    ["0100", "100", "0100"],
    [
      "00000000000000000000000000000099999999999999999999",
      "99999999999999999999",
      "00000000000000000000000000000099999999999999999999",
    ],
    ["E-0042", "E-0042", "E-0042"],
    ["007A", "007A", "007A"],
    ["-003", "-003", "-003"],
    ["+003", "+003", "+003"],
    ["00.5", "00.5", "00.5"],
    [" 033", " 033", " 033"],
    ["033 ", "033 ", "033 "],
    ["033\n", "033\n", "033\n"],
    ["٠٠٣", "٠٠٣", "٠٠٣"],
  ];
  for (const [text, dropped, kept] of cases) {
    test(`canonicalUserId() makes ${JSON.stringify(text)} ${JSON.stringify(dropped)} by default`, () => {
      expect<string>(canonicalUserId(text, "drop")).toBe(dropped);
    });
    test(`canonicalUserId() keeps ${JSON.stringify(text)} when told to`, () => {
      expect<string>(canonicalUserId(text, "keep")).toBe(kept);
    });
  }
});

describe("hasSameContent()", () => {
  const whole: PunchContent = { directionCode: "1", verifyModeCode: "3", workCode: "0" };
  const nothing: PunchContent = {
    directionCode: undefined,
    verifyModeCode: undefined,
    workCode: undefined,
  };
  const cases: readonly (readonly [string, PunchContent, PunchContent, boolean])[] = [
    ["equal codes", whole, { ...whole }, true],
    ["nothing on either side", nothing, nothing, true],
    ["another direction code", whole, { ...whole, directionCode: "0" }, false],
    ["another verification code", whole, { ...whole, verifyModeCode: "1" }, false],
    ["another work code", whole, { ...whole, workCode: "7" }, false],
    ["padded digits", whole, { ...whole, verifyModeCode: "03" }, true],
    ["padded zeros", whole, { ...whole, workCode: "000" }, true],
    ["an absent code", whole, { ...whole, workCode: undefined }, true],
    ["an empty code", whole, { ...whole, directionCode: "" }, true],
    ["a record without codes", whole, nothing, true],
    ["another code beside absent ones", whole, { ...nothing, verifyModeCode: "20" }, false],
    [
      "words in another case",
      { ...whole, verifyModeCode: "FACE" },
      { ...whole, verifyModeCode: "face" },
      false,
    ],
    [
      "equal packed codes",
      { ...nothing, verifyModeCode: "2415919104" },
      { ...nothing, verifyModeCode: "2415919104" },
      true,
    ],
    [
      "packed codes that differ in the lowest bit",
      { ...nothing, directionCode: "4294967294" },
      { ...nothing, directionCode: "4294967295" },
      false,
    ],
    [
      "digits beyond the exact numbers",
      { ...nothing, workCode: "9007199254740992" },
      { ...nothing, workCode: "9007199254740993" },
      false,
    ],
  ];
  for (const [what, stored, incoming, expected] of cases) {
    test(`hasSameContent() says ${expected} to ${what}, in either order`, () => {
      expect(hasSameContent(stored, incoming)).toBe(expected);
      expect(hasSameContent(incoming, stored)).toBe(expected);
    });
  }

  test("hasSameContent() compares as many bits as both sides have", () => {
    const bits = { directionCode: 2, verifyModeCode: 6 };
    // 0x89 and 0x09 are one in 6 bits; 0x8a is another.
    const live = { ...whole, directionCode: "5", verifyModeCode: "137" };
    const record = { ...whole, directionCode: "1", verifyModeCode: "9" };
    expect(hasSameContent(live, record, bits)).toBe(true);
    expect(hasSameContent(record, live, bits)).toBe(true);
    expect(hasSameContent(live, record)).toBe(false);
    expect(hasSameContent({ ...live, verifyModeCode: "138" }, record, bits)).toBe(false);
    expect(hasSameContent({ ...live, workCode: "256" }, record, bits)).toBe(false);
    expect(hasSameContent({ ...live, verifyModeCode: "FACE" }, record, bits)).toBe(false);
  });
});
