/**
 * Aim: the end of a bare object is found wherever it is cut and whatever stands in its strings.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ObjectScanner } from "#devices/rtlog/object-scanner.ts";

/** Where the object ends, fed in pieces of that size. */
function endOf(bytes: Uint8Array, pieceBytes = bytes.length + 1): number | undefined {
  const scanner = new ObjectScanner();
  for (let start = 0; start < bytes.length; start += pieceBytes) {
    const end = scanner.findEnd(bytes.subarray(start, start + pieceBytes));
    if (end !== undefined) return start + end;
  }
  return undefined;
}

const GBK_STRINGS = [
  ["a character that ends in a backslash", "d55c"],
  ["one behind a whole character", "b4bad55c"],
  ["one that reads as UTF-8 up to its half", "e4b8d55c"],
  ["an escape behind a whole character", "b4ba5c22"],
  ["an escape behind one that ends in a backslash", "d55c5c22"],
] as const;

describe("ObjectScanner.findEnd()", () => {
  test.each([
    ["{}"],
    ['{"a":1}'],
    ['{"a":{"b":{}},"c":[{}]}'],
    ['{"a":"}"}'],
    ['{"a":"\\"}"}'],
    ['{"a":"\\\\"}'],
    ['{"a":"\\\\\\"}"}'],
    ['{"}":"{"}'],
    ['{"a":"张三\\n","b":"é\\""}'],
    ['{"a":"😀\\"}"}'],
    ['{"a":"张\\"}"}'],
    ['{"a":"😀张\\"}"}'],
  ])("finds the end of %s", (object) => {
    const bytes = Buffer.from(`${object}{"next":1}`);
    const end = Buffer.byteLength(object);
    for (let pieceBytes = 1; pieceBytes <= bytes.length; pieceBytes += 1) {
      expect(endOf(bytes, pieceBytes)).toBe(end);
    }
  });

  test.each(GBK_STRINGS)("finds it behind GBK: %s", (_name, digits) => {
    const object = Buffer.concat([
      Buffer.from('{"a":"'),
      Buffer.from(digits, "hex"),
      Buffer.from('","b":2}'),
    ]);
    for (const pieceBytes of [1, 3, 100]) {
      expect(endOf(Buffer.concat([object, Buffer.from('{"c":"}"}')]), pieceBytes)).toBe(
        object.length,
      );
    }
  });

  test("waits as long as one is open", () => {
    for (const text of ["{", '{"a":"}', '{"a":{}', '{"a":"\\"}', "{]"]) {
      expect(endOf(Buffer.from(text))).toBeUndefined();
    }
  });

  test("finds the end of any object that JSON can write", () => {
    const objects = fc.dictionary(
      fc.string({ unit: "binary" }),
      fc.jsonValue({ stringUnit: "binary" }),
    );
    fc.assert(
      fc.property(objects, fc.integer({ min: 1, max: 20 }), (object, pieceBytes) => {
        const text = JSON.stringify(object);
        fc.pre(text.isWellFormed());
        const bytes = Buffer.from(`${text}}"`);
        expect(endOf(bytes, pieceBytes)).toBe(bytes.length - 2);
      }),
      { numRuns: 1000 },
    );
  });
});
