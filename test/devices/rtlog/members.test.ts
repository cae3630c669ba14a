/**
 * Aim: the members of any object are told as JSON.parse reads them, each with its own spelling.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { listMembers } from "#devices/rtlog/members.ts";

describe("listMembers()", () => {
  test.each<[string, readonly [string, string][]]>([
    ["{}", []],
    [" {\n} ", []],
    ['{"a":1}', [["a", "1"]]],
    ['{"a":18446744073709551615}', [["a", "18446744073709551615"]]],
    [
      '{ "a" : 1.50 , "b":-0 ,"c"\t:\r\n1E+3}',
      [
        ["a", "1.50"],
        ["b", "-0"],
        ["c", "1E+3"],
      ],
    ],
    [
      '{"a":"x","a":"y"}',
      [
        ["a", '"x"'],
        ["a", '"y"'],
      ],
    ],
    ['{"\\u0061\\"":"\\u0062,}"}', [['a"', '"\\u0062,}"']]],
    [
      '{"a":{"b":"}","c":[1,{"d":"]"}]} ,"e":[]}',
      [
        ["a", '{"b":"}","c":[1,{"d":"]"}]}'],
        ["e", "[]"],
      ],
    ],
    [
      '{"a":null,"b":true,"":false}',
      [
        ["a", "null"],
        ["b", "true"],
        ["", "false"],
      ],
    ],
  ])("of %j", (text, expected) => {
    expect(listMembers(text).map(({ name, token }) => [name, token])).toEqual(
      expected.map((pair) => [...pair]),
    );
  });

  test("agrees with JSON.parse on any object", () => {
    const spaces = fc.constantFrom(0, 1, 3);
    const objects = fc.dictionary(fc.string(), fc.jsonValue());
    fc.assert(
      fc.property(objects, spaces, (object, indent) => {
        const text = JSON.stringify(object, undefined, indent);
        const members = listMembers(text);
        expect(members.map(({ name, token }) => [name, JSON.parse(token)])).toEqual(
          Object.entries(JSON.parse(text)),
        );
      }),
      { numRuns: 2000 },
    );
  });
});
