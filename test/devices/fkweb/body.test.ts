/**
 * Aim: the text of a body is found with every trap of fkweb.md 4, and nothing is dropped from a body
 * whose frame is in doubt.
 */

import { describe, expect, test } from "bun:test";
import { isFramedBody, planFramedBody, splitBody } from "#devices/fkweb/body.ts";
import { framed } from "./requests.ts";

const TEXT_BYTES_MAX = 1000;
const JSON_TEXT = '{"user_id":"27"}';

function textOf(body: Uint8Array): string {
  const split = splitBody(body, TEXT_BYTES_MAX);
  return split.ok ? split.value.text : split.error.code;
}

describe("splitBody()", () => {
  test.each(["", "\0", "\n\0", "\r\n \0", "\n\n\0\0"])("strips the terminator %j", (tail) => {
    expect(textOf(framed(JSON_TEXT, tail))).toBe(JSON_TEXT);
  });

  test("takes the slice that the prefix names, whatever stands behind it", () => {
    expect(textOf(framed(JSON_TEXT, "\n\0", [Buffer.from('{"user_id":"9"}}}')]))).toBe(JSON_TEXT);
    expect(textOf(Buffer.concat([framed(JSON_TEXT), Buffer.from([0, 10, 13])]))).toBe(JSON_TEXT);
  });

  test("does not take a prefix of 123 for an opening brace", () => {
    const json = `{"user_id":"${"x".repeat(107)}"}`;
    const body = framed(json);
    expect(body[0]).toBe(0x7b);
    expect(textOf(body)).toBe(json);
    // The prefix now points past the end, so the braces are counted.
    expect(textOf(body.subarray(0, -1))).toBe(json);
  });

  test("takes a bare object, and a bare value that is none", () => {
    expect(textOf(Buffer.from(`${JSON_TEXT}\n`))).toBe(JSON_TEXT);
    expect(textOf(Buffer.from("[1]"))).toBe("[1]");
  });

  test.each([
    ["a length past the end", `\xff\xff\0\0${JSON_TEXT}\n\0`],
    ["a length that cuts the text", `\x05\0\0\0${JSON_TEXT}\n\0`],
    ["bytes behind the object, inside the length", `\x16\0\0\0${JSON_TEXT}\x01{}}\x02\x03`],
    ["bytes before a bare object", `\x01\x02${JSON_TEXT}`],
    ["a byte order mark", `\xef\xbb\xbf${JSON_TEXT}`],
  ])("counts braces in spite of %s", (_name, body) => {
    expect(textOf(Buffer.from(body, "latin1"))).toBe(JSON_TEXT);
  });

  test("does not count braces and quotes inside strings", () => {
    const json = '{"a":"}{\\"}","b":{"c":"\\\\"}}';
    expect(textOf(Buffer.from(`\x01\x02${json}}}`))).toBe(json);
  });

  test("keeps UTF-8 as it is and never replaces what is none", () => {
    const name = '{"user_id":"Ñoño 木"}';
    expect(textOf(framed(name))).toBe(name);
    expect(textOf(Buffer.from('\x09\0\0\0{"a":"\xff"}', "latin1"))).toBe("body-not-utf8");
  });

  test.each([
    ["nothing", "", "body-empty"],
    ["padding", "\0\n\0", "body-empty"],
    ["a frame without text", "\x02\0\0\0\n\0", "body-empty"],
    ["words", "page_id=1", "body-not-json"],
    ["an object that does not end", '{"a":{"b":1}', "body-not-json"],
    ["a string that does not end", '{"a":"b}', "body-not-json"],
    ["text above the limit", `{"a":"${"x".repeat(TEXT_BYTES_MAX)}"}`, "body-text-too-long"],
  ])("finds no text in %s", (_name, body, code) => {
    expect(textOf(Buffer.from(body, "latin1"))).toBe(code);
  });
});

describe("planFramedBody()", () => {
  const body = framed(JSON_TEXT, "\n\0", [Buffer.alloc(500)]);
  const plan = (bytes: Uint8Array, bodyBytes = bytes.length) =>
    planFramedBody(bytes, bodyBytes, TEXT_BYTES_MAX);

  test("waits for the prefix, then for the text, then keeps the text alone", () => {
    expect(plan(body.subarray(0, 3), body.length)).toEqual({ kind: "ask", atBytes: 4 });
    expect(plan(body.subarray(0, 4), body.length)).toEqual({ kind: "ask", atBytes: 22 });
    expect(plan(body.subarray(0, 22), body.length)).toEqual({ kind: "keep", bytes: 22 });
  });

  test("keeps everything when nothing stands behind the text", () => {
    expect(plan(framed(JSON_TEXT).subarray(0, 4), 22)).toEqual({ kind: "keep", bytes: 22 });
  });

  test.each([
    ["the prefix points past the end", Buffer.from('{"user_id":"27"}')],
    ["the text is no JSON", framed("no json", "", [Buffer.alloc(50)])],
    [
      "the text is above its limit",
      framed(`"${"x".repeat(TEXT_BYTES_MAX)}"`, "", [Buffer.alloc(9)]),
    ],
  ])("keeps everything when %s", (_name, bytes) => {
    expect(plan(bytes)).toEqual({ kind: "keep", bytes: bytes.length });
  });
});

test("isFramedBody() tells a body of its own from the rest of another", () => {
  const body = framed(JSON_TEXT, "\n\0", [Buffer.alloc(50, 0x7d)]);
  expect(isFramedBody(body, TEXT_BYTES_MAX)).toBe(true);
  for (let start = 1; start <= body.length; start += 1) {
    expect(isFramedBody(body.subarray(start), TEXT_BYTES_MAX)).toBe(false);
  }
});
