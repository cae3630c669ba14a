/**
 * Aim: codes mean what section 8 says of their library, 32 bits and all, and what it does not say is
 * unknown and never a guess.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readDirectionMeaning, readVerifyMethods } from "#devices/fkweb/code-meanings.ts";
import { FUZZ_RUNS, FUZZ_TIMEOUT_MS } from "./fuzz-runs.ts";

function methods(code: string | undefined, codeLibrary?: string): string {
  return readVerifyMethods({ code, codeLibrary }).join("+");
}

function direction(code: string | undefined, codeLibrary?: string): unknown[] {
  const meaning = readDirectionMeaning({ code, codeLibrary });
  return [meaning.direction, meaning.keyNumber, meaning.doorEvent];
}

const UNKNOWN = [undefined, undefined, undefined];

describe("readVerifyMethods()", () => {
  test.each([
    ["1", "fingerprint"],
    ["2", "password"],
    ["3", "card"],
    ["4", "fingerprint+password"],
    ["5", "fingerprint+card"],
    ["6", "password+fingerprint"],
    ["7", "card+fingerprint"],
    ["8", "job-number"],
    ["9", "card+password"],
    ["20", "face"],
    ["21", "face+card"],
    ["22", "face+password"],
    ["23", "card+face"],
    ["24", "password+face"],
    ["25", "face+fingerprint"],
    ["26", "fingerprint+face"],
    ["30", "vein"],
    ["31", "vein+card"],
    ["32", "vein+password"],
    ["33", "card+vein"],
    ["34", "password+vein"],
    ["40", "palm"],
    ["137", "password+card"],
    ["03", "card"],
  ])("reads the plain code %s as %s", (code, wanted) => {
    for (const library of ["FKDataHS100", "FKDATAHS101", "fkdatahs104", "FKDataHS200"]) {
      expect(methods(code, library)).toBe(wanted);
    }
  });

  test.each(["0", "10", "41", "47", "19", "255", "16777215"])(
    "does not know the plain %s",
    (code) => {
      expect(methods(code, "FKDataHS101")).toBe("");
    },
  );

  test.each([
    ["268435456", "fingerprint"],
    ["536870912", "password"],
    ["805306368", "card"],
    ["1073741824", "face"],
    ["1342177280", "vein"],
    ["1610612736", "iris"],
    ["1879048192", "palm"],
    ["2147483648", "voice"],
    ["-2147483648", "voice"],
    [String(0x12000000), "fingerprint+password"],
    [String(0x14300000), "fingerprint+face+card"],
    [String(0x8765_4321), "voice+palm+iris+vein+face+card+password+fingerprint"],
    [String(0x1020_0000), "fingerprint"],
  ])("reads the packed code %s as %s", (code, wanted) => {
    for (const library of ["FKDataHS102", "FKDataHS103", "FKDataHS105", "M50", undefined]) {
      expect(methods(code, library)).toBe(wanted);
    }
  });

  test.each([
    ["0", "FKDataHS102"],
    ["1", "FKDataHS102"],
    [String(0x9000_0000), "FKDataHS102"],
    [String(0x1900_0000), "FKDataHS102"],
    ["10", "M50"],
    ["1", "M50"],
    ["1", undefined],
    ["4294967296", "FKDataHS102"],
    ["-2147483649", "FKDataHS102"],
    [undefined, "FKDataHS101"],
    ["", "FKDataHS101"],
    ["1.5", "FKDataHS101"],
    ["0x10", "FKDataHS101"],
  ])("does not know %p of %p", (code, library) => {
    expect(methods(code, library)).toBe("");
  });

  test.each([
    ["Face", "face"],
    ["FP", "fingerprint"],
    ["Card+Face", "card+face"],
    ['["FP","IDCARD"]', "fingerprint+card"],
    ["FP&PASSWORD", "fingerprint+password"],
    ["FACE-2", ""],
    ["Card+Retina", ""],
    ["[1,2]", ""],
    [`${"FP+".repeat(40)}`, ""],
  ])("reads the words %s as %s, whatever the library", (code, wanted) => {
    for (const library of ["FKDataHS101", "FKDataHS102", undefined]) {
      expect(methods(code, library)).toBe(wanted);
    }
  });
});

describe("readDirectionMeaning()", () => {
  test.each([
    ["16777216", ["in", 1, undefined]],
    ["33554432", ["out", 2, undefined]],
    ["50331648", ["in", 3, undefined]],
    ["67108864", ["out", 4, undefined]],
    ["83886080", ["in", 5, undefined]],
    ["100663296", ["out", 6, undefined]],
    [String(0x0700_0000), [undefined, 7, undefined]],
    [String(0x1100_0009), ["in", 1, "opened"]],
    [String(0x2100_0000), ["out", 1, undefined]],
    [String(0x1200_0000), ["in", 2, undefined]],
    [String(0xf000_0000), [undefined, undefined, undefined]],
    [String(0x2000_000d), ["out", undefined, "fire"]],
    ["-268435456", [undefined, undefined, undefined]],
  ])("reads the packed code %s", (code, wanted) => {
    for (const library of ["FKDataHS102", "fkdatahs103", "FKDATAHS105", "M50", undefined]) {
      expect<unknown>(direction(code, library)).toEqual(wanted);
    }
  });

  test.each([
    [1, "closed"],
    [2, "opened-by-hand"],
    [3, "opened-by-computer"],
    [4, "closed-by-computer"],
    [5, "opened-illegally"],
    [6, "closed-illegally"],
    [7, "cover-opened"],
    [8, "cover-closed"],
    [9, "opened"],
    [10, "opened-under-threat"],
    [11, "forced-open"],
    [12, "forced-closed"],
    [13, "fire"],
    [14, undefined],
    [0x00ff_ffff, undefined],
  ])("reads the door event %d of a packed library as %p", (code, event) => {
    expect(direction(String(code), "FKDataHS103")).toEqual([undefined, undefined, event]);
  });

  test.each([
    ["FKDataHS101", "0", UNKNOWN],
    ["FKDataHS101", "1", ["in", 1, undefined]],
    ["FKDataHS101", "2", ["out", 2, undefined]],
    ["FKDataHS101", "8", ["out", 8, undefined]],
    ["FKDataHS101", "9", UNKNOWN],
    ["FKDataHS100", "1", ["in", 1, undefined]],
    ["FKDataHS100", "2", UNKNOWN],
    ["FKDataHS104", "0", UNKNOWN],
    ["FKDataHS200", "1", UNKNOWN],
    ["M50", "1", UNKNOWN],
    [undefined, "1", UNKNOWN],
  ])("reads of %p the plain code %s", (library, code, wanted) => {
    expect<unknown>(direction(code, library)).toEqual(wanted);
  });

  test.each([
    ["IN", "in"],
    ["Out", "out"],
    ["in ", "in"],
    ["INSIDE", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("reads the word %p as %p", (code, wanted) => {
    expect(direction(code, "FKDataHS101")).toEqual([wanted, undefined, undefined]);
  });
});

test(
  "neither throws, whatever the code and the library are",
  () => {
    const code = fc.oneof(fc.string(), fc.integer().map(String), fc.bigInt().map(String));
    const library = fc.constantFrom("FKDataHS101", "FKDataHS102", "FKDataHS200", "M50", undefined);
    fc.assert(
      fc.property(code, library, (code, codeLibrary) => {
        expect(readVerifyMethods({ code, codeLibrary })).toBeArray();
        expect(readDirectionMeaning({ code, codeLibrary })).toBeObject();
      }),
      FUZZ_RUNS,
    );
  },
  FUZZ_TIMEOUT_MS,
);
