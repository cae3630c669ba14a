/**
 * Proves what each library's codes say of in and out, by the tables of fkweb.md 8, and that an
 * operator's own table is taken as written or refused with its reason.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readDirectionMeaning } from "#devices/fkweb/code-meanings.ts";
import {
  type DirectionCodes,
  parseDirectionCodes,
  toldDirection,
} from "#domain/direction-codes.ts";
import type { Direction } from "#domain/punch.ts";

function codesOf(text: string): DirectionCodes {
  const parsed = parseDirectionCodes(text);
  if (!parsed.ok) throw new Error(parsed.error.reason);
  return parsed.value;
}

describe("toldDirection() by library", () => {
  const cases: readonly (readonly [
    what: string,
    code: string | undefined,
    library: string | undefined,
    expected: Direction | undefined,
  ])[] = [
    ["0 of a plain library says nothing", "0", "FKDataHS101", undefined],
    ["1 of a plain library is in", "1", "FKDataHS101", "in"],
    ["1 of another plain library is in", "1", "FKDataHS104", "in"],
    ["2 of HS101 is out", "2", "FKDataHS101", "out"],
    ["7 of HS101 is in", "7", "FKDataHS101", "in"],
    ["9 of HS101 says nothing", "9", "FKDataHS101", undefined],
    ["HS104 knows no 2", "2", "FKDataHS104", undefined],
    ["HS100 knows no 7", "7", "FKDataHS100", undefined],
    ["a reader on the out side with the key of no key pressed", "553648128", "FKDataHS102", "out"],
    ["a negative number is the unsigned one of its bits", "-1879048192", "FKDataHS102", undefined],
    ["the same with a key", "-1828716544", "FKDataHS102", "in"],
    ["the library's letters do not matter", "2", "FKDATAHS101", "out"],
    ["HS200 passes its number through", "1", "FKDataHS200", undefined],
    ["an unknown library says nothing", "1", "M50", undefined],
    ["no library says nothing", "1", undefined, undefined],
    ["check-in, packed", "16777216", "FKDataHS102", "in"],
    ["check-out, packed (E2)", "33554432", "FKDataHS102", "out"],
    ["break-in, packed", "50331648", "FKDataHS103", "in"],
    ["break-out, packed", "67108864", "FKDataHS105", "out"],
    ["overtime in, packed", "83886080", "FKDataHS103", "in"],
    ["overtime out, packed", "100663296", "FKDataHS103", "out"],
    ["a key above the six, packed", String(0x0700_0000), "FKDataHS103", undefined],
    [
      "index 1 with the reader's In and a door event (E7)",
      String(0x1100_0009),
      "FKDataHS105",
      "in",
    ],
    ["the reader's In without a key", String(0x1000_0000), "FKDataHS105", "in"],
    ["the reader's Out without a key", String(0x2000_0000), "FKDataHS105", "out"],
    ["a reader of no direction", String(0x8000_0000), "FKDataHS105", undefined],
    ["a door event alone", "9", "FKDataHS105", undefined],
    ["a packed value of an unnamed library", "33554432", undefined, "out"],
    ["the low byte of RealSvr", String(0x0000_0901), "RTLOG", "in"],
    ["the low byte of RealSvr, out", "2", "RTLOG", "out"],
    ["RealSvr without a direction", String(0x0000_0900), "RTLOG", undefined],
    ["no code", undefined, "FKDataHS101", undefined],
    ["an empty code", "", "FKDataHS101", undefined],
    ["a word", "IN", "FKDataHS101", "in"],
    ["a word with blanks, of no library", " Out ", undefined, "out"],
    ["another word", "LUNCH", "FKDataHS101", undefined],
    ["-1", "-1", "FKDataHS101", undefined],
    ["less than 32 bits hold", "-2147483649", "FKDataHS101", undefined],
    ["more than 32 bits", "4294967297", "FKDataHS101", undefined],
  ];
  for (const [what, code, library, expected] of cases) {
    test(what, () => expect(toldDirection({ code, library }, undefined)).toBe(expected));
  }
});

test("toldDirection() reads codes of FKWeb's libraries as their driver does", () => {
  const libraries = ["100", "101", "102", "103", "104", "105", "200"].map((n) => `FKDataHS${n}`);
  const codes = fc.oneof(
    fc.integer({ min: -20, max: 20 }),
    fc.integer({ max: 2 ** 32 }),
    fc.tuple(fc.nat(15), fc.nat(15), fc.nat(20)).map(([a, b, c]) => a * 2 ** 28 + b * 2 ** 24 + c),
  );
  const library = fc.constantFrom(...libraries, "fkdatahs101", "M50", undefined);
  fc.assert(
    fc.property(codes, library, (number, codeLibrary) => {
      const code = String(number);
      const { direction } = readDirectionMeaning({ code, codeLibrary });
      expect([code, toldDirection({ code, library: codeLibrary }, undefined)]).toEqual([
        code,
        direction,
      ]);
    }),
    { numRuns: 2000 },
  );
});

describe("toldDirection() by an operator's table", () => {
  const cases: readonly (readonly [
    what: string,
    table: string,
    code: string,
    library: string | undefined,
    expected: Direction | undefined,
  ])[] = [
    ["older: 0 is out", "older", "0", "FKDataHS101", "out"],
    ["older: 1 is in", "older", "1", "FKDataHS101", "in"],
    ["older knows no 2", "older", "2", "FKDataHS101", undefined],
    ["newer reads an unknown library", "newer", "2", "M50", "out"],
    ["packed reads an unknown library", "packed", "16777216", "M50", "in"],
    ["a list turns codes around", "0=in,1=out", "0", "FKDataHS101", "in"],
    ["a list says unknown", "1=unknown", "1", "FKDataHS101", undefined],
    ["a list leaves what it does not name unknown", "1=in", "2", "FKDataHS101", undefined],
    ["a list names the key of a packed code", "1=out", "16777216", "FKDataHS102", "out"],
    [
      "a packed code as sent comes before its key",
      "1=out,16777216=in",
      "16777216",
      "FKDataHS102",
      "in",
    ],
    ["a list may call a packed code unknown", "1=out,16777216=unknown", "16777216", "x", undefined],
    ["a list reads the low byte of RealSvr", "1=out", "2305", "RTLOG", "out"],
    ["zeros before a code do not matter", "1=in", "01", undefined, "in"],
  ];
  for (const [what, table, code, library, expected] of cases) {
    test(what, () => expect(toldDirection({ code, library }, codesOf(table))).toBe(expected));
  }
});

describe("parseDirectionCodes()", () => {
  test("keeps one spelling of every table", () => {
    expect(codesOf(" Older ").text).toBe("older");
    expect(codesOf("2=OUT , 1 = in,0=unknown").text).toBe("0=unknown,1=in,2=out");
    expect(codesOf("4294967295=in,10=out,9=in").text).toBe("9=in,10=out,4294967295=in");
  });

  test.each([
    "",
    ",",
    "in",
    "1",
    "1=",
    "=in",
    "1=inside",
    "-1=in",
    "0x1=in",
    "1=in,",
    "4294967296=in",
    "1=in;2=out",
  ])("refuses %p", (text) => {
    const parsed = parseDirectionCodes(text);
    expect(parsed.ok ? parsed.value : parsed.error.code).toBe("malformed");
  });

  test("refuses a code that is given twice, and more than 64", () => {
    const twice = parseDirectionCodes("1=in,01=out");
    expect(twice).toEqual({
      ok: false,
      error: { code: "repeated", reason: "Code 1 is given more than once" },
    });
    const many = parseDirectionCodes(Array.from({ length: 65 }, (_, code) => `${code}=in`).join());
    expect(many.ok ? "" : many.error.code).toBe("too-many");
  });

  test("reads its own spelling back as the same table", () => {
    const tables = fc.uniqueArray(
      fc.tuple(fc.integer({ min: 0, max: 0xffff_ffff }), fc.constantFrom("in", "out", "unknown")),
      { minLength: 1, maxLength: 64, selector: ([code]) => code },
    );
    fc.assert(
      fc.property(tables, (table) => {
        const codes = codesOf(table.map(([code, word]) => `${code}=${word}`).join(","));
        expect(codesOf(codes.text)).toEqual(codes);
        for (const [code, word] of table) {
          const direction = toldDirection({ code: String(code), library: undefined }, codes);
          expect(direction ?? "unknown").toBe(word as Direction);
        }
      }),
    );
  });
});
