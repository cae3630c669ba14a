/**
 * Proves that canonical JSON is what Python's `json.dumps(sort_keys=True)` writes. The expected
 * texts were taken from Python itself.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { canonicalJson, type JsonValue } from "#domain/canonical-json.ts";

describe("canonicalJson()", () => {
  const cases: readonly (readonly [string, JsonValue, string])[] = [
    ["the empty object and array", { a: {}, b: [] }, '{"a": {}, "b": []}'],
    [
      "words and integers",
      [true, false, null, 0, -3, 1735776931],
      "[true, false, null, 0, -3, 1735776931]",
    ],
    ["negative zero as zero", -0, "0"],
    [
      "keys sorted at every level",
      { b: [{ z: 1, y: 2 }], a: { d: 3, c: 4 } },
      '{"a": {"c": 4, "d": 3}, "b": [{"y": 2, "z": 1}]}',
    ],
    ["digit keys as text", { 2: "b", 10: "a" }, '{"10": "a", "2": "b"}'],
    ["a key before a longer one", { ab: 1, a: 2 }, '{"a": 2, "ab": 1}'],
    [
      "keys by code point, not by UTF-16 unit",
      { "\u{1f600}": 1, "\uff5e": 2 },
      '{"\\uff5e": 2, "\\ud83d\\ude00": 1}',
    ],
    ["short escapes", '"\\\b\f\n\r\t/', '"\\"\\\\\\b\\f\\n\\r\\t/"'],
    ["other controls and DEL", "\u0000\u001f\u007f", '"\\u0000\\u001f\\u007f"'],
    ["letters beyond ASCII in lower-case hex", "ñ\u2028", '"\\u00f1\\u2028"'],
    ["an astral character as a pair", "\u{1f600}", '"\\ud83d\\ude00"'],
    ["a lone surrogate", "\ud800", '"\\ud800"'],
  ];
  for (const [name, value, expected] of cases) {
    test(`canonicalJson() writes ${name}`, () => {
      expect(canonicalJson(value)).toBe(expected);
    });
  }

  test("canonicalJson() refuses a number whose text would differ by language", () => {
    for (const value of [0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => canonicalJson(value)).toThrow("has no canonical text");
    }
  });

  test("canonicalJson() of any value is printable ASCII, decodes to it, and is stable", () => {
    const { value: anyValue } = fc.letrec<{ value: JsonValue }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.string({ unit: "binary" }),
        fc.maxSafeInteger().map((number) => number + 0),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie("value"), { maxLength: 4 }),
        fc.dictionary(fc.string({ unit: "binary" }), tie("value"), {
          maxKeys: 4,
          noNullPrototype: true,
        }),
      ),
    }));
    fc.assert(
      fc.property(anyValue, (value) => {
        const text = canonicalJson(value);
        expect(text).toMatch(/^[ -~]*$/);
        const decoded: JsonValue = JSON.parse(text);
        expect(decoded).toEqual(value);
        expect(canonicalJson(decoded)).toBe(text);
      }),
      { numRuns: 200 },
    );
  });
});
