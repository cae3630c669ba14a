/**
 * Aim: parameters of commands are read as firmware does: framed or not at all, and never a throw.
 */

import { describe, expect, test } from "bun:test";
import { cutBlocks, encodeFramedBody, readFramedParameters } from "#simulator/framed-body.ts";

/** Protocol document, section 14, E6. */
const E6 = Buffer.from(
  "1a0000007b2274696d65223a223230323630333032303831353330227d00".replaceAll(" ", ""),
  "hex",
);

describe("readFramedParameters()", () => {
  test("readFramedParameters() reads the parameters of E6", () => {
    expect(readFramedParameters(E6)).toEqual({
      fields: { time: "20260302081530" },
      binaries: [],
    });
  });

  test("readFramedParameters() reads binaries, and no body as no parameters", () => {
    const body = encodeFramedBody({ a: "BIN_1" }, "\0", [Buffer.from([1, 2])]);
    expect(readFramedParameters(body)).toEqual({
      fields: { a: "BIN_1" },
      binaries: [Buffer.from([1, 2])],
    });
    expect(readFramedParameters(new Uint8Array(0))).toEqual({ fields: {}, binaries: [] });
  });

  test("readFramedParameters() refuses JSON without its length, and what is no object", () => {
    expect(readFramedParameters(Buffer.from('{"time":"20260302081530"}'))).toBeUndefined();
    expect(readFramedParameters(Buffer.from([2, 0, 0, 0, 0x31, 0]))).toBeUndefined();
    expect(readFramedParameters(Buffer.from([3, 0, 0, 0, 0x5b, 0x5d, 0]))).toBeUndefined();
  });

  test("readFramedParameters() refuses every part of E6", () => {
    for (let cut = 1; cut < E6.length; cut += 1) {
      expect(readFramedParameters(E6.subarray(0, cut))).toBeUndefined();
    }
  });
});

describe("cutBlocks()", () => {
  test("cutBlocks() loses no byte and cuts only what is too long", () => {
    const body = Buffer.from("0123456789");
    const blocks = (bytesMax: number): string[] =>
      cutBlocks(body, bytesMax).map((block) => Buffer.from(block).toString());
    expect(blocks(4)).toEqual(["0123", "4567", "89"]);
    expect(blocks(5)).toEqual(["01234", "56789"]);
    expect(blocks(10)).toEqual(["0123456789"]);
  });
});
