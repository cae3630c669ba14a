/**
 * Proves that two terminals with one id are told from one terminal that moves, reconnects, or has its
 * clock set.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { findTwin, NO_TRACE, type TwinSign, withContact } from "#domain/device-twins.ts";

/** Requests as `seconds address`, `seconds address skewSeconds` or `seconds address - serial`. */
function signOf(...requests: string[]): TwinSign | undefined {
  let trace = NO_TRACE;
  for (const request of requests) {
    const [seconds = "", address = "", skew = "-", serial] = request.split(" ");
    trace = withContact(trace, {
      address,
      atMs: Number(seconds) * 1000,
      skewMs: skew === "-" ? undefined : Number(skew) * 1000,
      serial,
    });
  }
  return findTwin(trace);
}

describe("findTwin() by addresses", () => {
  const cases: readonly (readonly [string, readonly string[], TwinSign | undefined])[] = [
    ["one address", ["0 A", "20 A", "40 A", "60 A"], undefined],
    ["an address that changes", ["0 A", "20 B", "40 B", "60 B"], undefined],
    ["one that changes and changes back", ["0 A", "20 B", "40 A", "60 A"], undefined],
    ["two in turns", ["0 A", "5 B", "20 A", "25 B"], "addresses"],
    [
      "two in turns, each several times",
      ["0 A", "1 A", "5 B", "20 A", "25 B", "26 B"],
      "addresses",
    ],
    ["the slowest turns that count", ["0 A", "30 B", "60 A", "90 B"], "addresses"],
    ["turns a second slower", ["0 A", "30 B", "61 A", "91 B"], undefined],
    ["a third address between", ["0 A", "5 B", "10 C", "15 A", "20 B"], undefined],
    ["turns by a clock that was set back", ["90 A", "60 B", "30 A", "0 B"], "addresses"],
    ["turns that ended", ["0 A", "5 B", "20 A", "25 B", "40 C"], undefined],
  ];
  for (const [what, requests, expected] of cases) {
    test(what, () => expect(signOf(...requests)).toBe(expected));
  }
});

describe("findTwin() by clocks", () => {
  const cases: readonly (readonly [string, readonly string[], TwinSign | undefined])[] = [
    ["one steady clock", ["0 A 5", "20 A 5", "40 A 5", "60 A 5"], undefined],
    ["a clock that is set", ["0 A 900", "20 A 900", "40 A 0", "60 A 0"], undefined],
    ["two clocks in turns", ["0 A 900", "5 A 0", "20 A 901", "25 A 1"], "clocks"],
    ["with punches between", ["0 A 900", "1 A", "5 A 0", "20 A 901", "22 A", "25 A 1"], "clocks"],
    ["two minutes apart", ["0 A 120", "5 A 0", "20 A 120", "25 A 0"], undefined],
    ["a second more apart", ["0 A 121", "5 A 0", "20 A 121", "25 A 0"], "clocks"],
    ["a clock that jumps about", ["0 A 900", "5 A 0", "20 A 1200", "25 A 0"], undefined],
    ["turns over an hour", ["0 A 900", "1000 A 0", "2000 A 900", "3000 A 0"], undefined],
  ];
  for (const [what, requests, expected] of cases) {
    test(what, () => expect(signOf(...requests)).toBe(expected));
  }
});

describe("findTwin() by serial numbers", () => {
  const cases: readonly (readonly [string, readonly string[], TwinSign | undefined])[] = [
    ["one", ["0 A - S1", "20 A - S1", "40 A - S1", "60 A - S1"], undefined],
    ["a terminal that is replaced", ["0 A - S1", "9 A - S1", "99 A - S2", "199 A - S2"], undefined],
    ["one that is put back", ["0 A - S1", "99 A - S2", "199 A - S1", "299 A - S1"], undefined],
    ["two in turns", ["0 A - S1", "5 A - S2", "3600 A - S1", "3605 A - S2"], "serials"],
    [
      "with others between",
      ["0 A - S1", "1 A 5", "5 A - S2", "8 A", "9 A - S1", "9 A - S2"],
      "serials",
    ],
    ["as late as counts", ["0 A - S1", "5 A - S2", "6 A - S1", "86400 A - S2"], "serials"],
    ["a second later", ["0 A - S1", "5 A - S2", "6 A - S1", "86401 A - S2"], undefined],
  ];
  for (const [what, requests, expected] of cases) {
    test(what, () => expect(signOf(...requests)).toBe(expected));
  }
});

test("findTwin() sees no twin in a terminal that moves once", () => {
  const stays = fc.array(fc.nat(30), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(stays, stays, (before, after) => {
      const first = before.map((second) => `${second} A 0`);
      const second = after.map((offset) => `${100 + offset} B 0`);
      expect(signOf(...first, ...second)).toBeUndefined();
    }),
  );
});

test("withContact() remembers no more than it needs", () => {
  let trace = NO_TRACE;
  for (let index = 0; index < 1000; index += 1) {
    const told = { address: `A${index}`, skewMs: index, serial: `S${index}` };
    trace = withContact(trace, { ...told, atMs: index });
  }
  const { stays, reports, serials } = trace;
  expect([stays.length, reports.length, serials.length]).toEqual([4, 4, 4]);
});
