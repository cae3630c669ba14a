/**
 * Aim: the numbers of a terminal's records tell which never came, and what looks like it and is not.
 */

import { describe, expect, test } from "bun:test";
import { compareLogNumbers } from "#domain/log-gaps.ts";

function compare(last: string | undefined, next: string | undefined, isKnown = false) {
  return compareLogNumbers({ last, next, isKnown });
}

describe("compareLogNumbers()", () => {
  test("tells the numbers between two records, both ends included", () => {
    expect(compare("5", "7")).toEqual({ kind: "gap", missing: { first: 6n, last: 6n } });
    expect(compare("5", "105")).toEqual({ kind: "gap", missing: { first: 6n, last: 104n } });
  });

  test("says next for the number behind the last, however it is written", () => {
    expect(compare("5", "6")).toEqual({ kind: "next" });
    expect(compare("0000000009", "10")).toEqual({ kind: "next" });
    expect(compare("18446744073709551614", "18446744073709551615")).toEqual({ kind: "next" });
  });

  test("counts exactly beyond what a double can", () => {
    expect(compare("9007199254740992", "9007199254740994")).toEqual({
      kind: "gap",
      missing: { first: 9007199254740993n, last: 9007199254740993n },
    });
  });

  test("knows a resend by the record, and a reset by a new record that is not higher", () => {
    expect(compare("7", "7", true)).toEqual({ kind: "resend" });
    expect(compare("7", "3", true)).toEqual({ kind: "resend" });
    expect(compare("7", "7")).toEqual({ kind: "reset" });
    expect(compare("7", "1")).toEqual({ kind: "reset" });
    expect(compare("18446744073709551615", "0")).toEqual({ kind: "reset" });
  });

  test("takes a jump beyond what any terminal holds for another count", () => {
    expect(compare("5", "1000006")).toMatchObject({ kind: "gap", missing: { last: 1000005n } });
    expect(compare("5", "1000007")).toEqual({ kind: "reset" });
    expect(compare("5", "4294967295")).toEqual({ kind: "reset" });
    expect(compare("5", "18446744073709551615", true)).toEqual({ kind: "reset" });
  });

  test("tells a gap in front of a record that is known by other ways", () => {
    expect(compare("5", "8", true)).toEqual({ kind: "gap", missing: { first: 6n, last: 7n } });
  });

  test("says nothing where there is nothing to compare", () => {
    expect(compare(undefined, "7")).toEqual({ kind: "unknown" });
    for (const none of [
      undefined,
      "",
      "A1",
      "-1",
      "1.5",
      " 7",
      "18446744073709551616",
      "1".repeat(5000),
    ]) {
      expect(compare("5", none)).toEqual({ kind: "unknown" });
      expect(compare(none, "5")).toEqual({ kind: "unknown" });
    }
  });
});
