/**
 * Aim: a CSV reader gets back every value as it is, and no spreadsheet runs what a terminal sent as
 * a formula.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { csvHead, csvRow } from "#api/punches/csv.ts";
import { PunchRow } from "#api/punches/model.ts";
import { userId } from "#domain/identifiers.ts";
import { spellPunch } from "#webhooks/spell-punch.ts";
import { samplePunch } from "../fake-storage.ts";

function rowOf(user: string): PunchRow {
  const punch = samplePunch(1, { userId: userId(user), userIdText: "" });
  return { ...spellPunch(punch, undefined), cursor: "1.one" };
}

/** The user of a row, by the rules of RFC 4180. */
function readUser(line: string): string | undefined {
  const [, , quoted, plain] =
    /^1,1,(\w+),(?:"((?:[^"]|"")*)"|([^",\r\n]*)),,2026[^\r\n]*\r\n$/s.exec(line) ?? [];
  return [quoted?.replaceAll('""', '"'), plain].find((text) => text !== undefined);
}

describe("csvHead()", () => {
  test("names every member of a row, in the order in which rows have them", () => {
    expect(csvHead()).toBe(`${Object.keys(PunchRow.properties).join(",")}\r\n`);
    expect(Object.keys(rowOf("7"))).toEqual(Object.keys(PunchRow.properties));
  });
});

describe("csvRow()", () => {
  test.each([
    ["7", "7"],
    ["0042", "0042"],
    ["E-0042", "E-0042"],
    ["Ana Cruz", "Ana Cruz"],
    ["José", "José"],
    ["", ""],
    ["a,b", '"a,b"'],
    ['say "hi"', '"say ""hi"""'],
    ["two\nlines", '"two\nlines"'],
    ["=1+1", "'=1+1"],
    ["+1", "'+1"],
    ["-1", "'-1"],
    ["@SUM(A1)", "'@SUM(A1)"],
    ["\t=1", "'\t=1"],
    ["＝1", "'＝1"],
    ['=HYPERLINK("http://x","y")', '"\'=HYPERLINK(""http://x"",""y"")"'],
  ])("writes user %p as %p", (user, expected) => {
    expect(csvRow(rowOf(user))).toStartWith(
      `1,1,2401058352,${expected},,2026-03-02T08:15:04+08:00,`,
    );
  });

  test("writes null as nothing, truth as a word, and methods with a blank between", () => {
    const row = { ...rowOf("7"), verify_methods: ["card", "fingerprint"], work_code: null };
    expect(csvRow(row)).toBe(
      "1,1,2401058352,7,,2026-03-02T08:15:04+08:00,Asia/Manila,20260302081504,20260302081504," +
        "2026-03-02T08:15:06+08:00,in,alternate,false,1,in,1,card fingerprint,FKDataHS101,,,,," +
        "false,false,live,1.one\r\n",
    );
  });

  test("loses nothing of any text, and begins none with what begins a formula", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (user) => {
        const read = readUser(csvRow(rowOf(user)));
        expect(read).not.toMatch(/^[=+\-@\t\r＋－＝＠]/);
        expect([user, `'${user}`]).toContain(read ?? "");
      }),
      { numRuns: 500 },
    );
  });
});
