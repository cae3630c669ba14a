/**
 * Aim: the text of a body is found with every trap of fkweb.md 4, and nothing is dropped from a body
 * whose frame is in doubt.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { isWholeBody, planFramedBody, splitBody } from "#devices/fkweb/body.ts";
import { framed, hex } from "./requests.ts";

const TEXT_BYTES_MAX = 1000;
const JSON_TEXT = '{"user_id":"27"}';
const PHOTO_JSON = '{"log_image":"BIN_1","user_id":"27"}';
const OTHER_JSON = '{"user_id":"9"}';
const PHOTO = Buffer.from("\xff\xd8\xff\xe0}\xff\xd9", "latin1");

/** Bodies, and what stands behind their text. */
const MORE: readonly (readonly [string, Uint8Array, Uint8Array])[] = [
  ["a framed text", framed(JSON_TEXT), framed(OTHER_JSON)],
  ["a framed text", framed(JSON_TEXT), Buffer.from(OTHER_JSON)],
  ["a bare object", Buffer.from(JSON_TEXT), Buffer.from(OTHER_JSON)],
  ["a bare object", Buffer.from(`${JSON_TEXT}\n`), framed(OTHER_JSON)],
  ["an object behind a wrong length", Buffer.from(`\xff\xff\0\0${JSON_TEXT}`, "latin1"), PHOTO],
  ["two objects in one frame", framed(JSON_TEXT + OTHER_JSON), hex("")],
  ["a text that names no binary", framed(JSON_TEXT, "", [PHOTO]), hex("")],
  ["a text that names one binary", framed(PHOTO_JSON, "", [PHOTO]), framed(OTHER_JSON)],
  ["a text whose binary is missing", framed(PHOTO_JSON), framed(OTHER_JSON)],
  ["a binary longer than the body", framed(PHOTO_JSON), hex("05000000ffd8ff")],
  ["a body", framed(JSON_TEXT), hex("00000001")],
  ["an empty object", Buffer.from("{}"), Buffer.from(OTHER_JSON)],
];

function textOf(body: Uint8Array): string {
  const split = splitBody(body, TEXT_BYTES_MAX);
  return split.ok ? split.value.text : split.error.code;
}

describe("splitBody()", () => {
  test.each(["", "\0", "\n\0", "\r\n \0", "\n\n\0\0"])("strips the terminator %j", (tail) => {
    expect(textOf(framed(JSON_TEXT, tail))).toBe(JSON_TEXT);
  });

  test("takes the slice that the prefix names, and what may stand behind it", () => {
    const twoPhotos = '{"a":"BIN_1","b":"BIN_2","c":"BIN_1"}';
    expect(textOf(Buffer.concat([framed(JSON_TEXT), hex("000a0d")]))).toBe(JSON_TEXT);
    expect(textOf(Buffer.concat([framed(JSON_TEXT), Buffer.alloc(9)]))).toBe(JSON_TEXT);
    expect(textOf(framed(PHOTO_JSON, "\n\0", [PHOTO]))).toBe(PHOTO_JSON);
    expect(textOf(framed(PHOTO_JSON, "\n\0", [Buffer.alloc(0)]))).toBe(PHOTO_JSON);
    expect(textOf(Buffer.concat([framed(PHOTO_JSON, "", [PHOTO]), hex("000a0d")]))).toBe(
      PHOTO_JSON,
    );
    expect(textOf(framed(twoPhotos, "\n\0", [PHOTO, PHOTO]))).toBe(twoPhotos);
  });

  test("takes a text whose binary is missing (fkweb.md 6.7)", () => {
    expect(textOf(framed(PHOTO_JSON))).toBe(PHOTO_JSON);
  });

  test.each(MORE)("finds that %s has more behind it", (_name, body, more) => {
    expect(textOf(Buffer.concat([body, more]))).toBe("body-has-more");
  });

  test("gives the body without its binaries", () => {
    const bytesOf = (body: Uint8Array) => {
      const split = splitBody(body, TEXT_BYTES_MAX);
      return split.ok ? Buffer.from(split.value.bytes).toString("latin1") : split.error.code;
    };
    expect(bytesOf(framed(PHOTO_JSON, "\n\0", [PHOTO]))).toBe(
      framed(PHOTO_JSON).toString("latin1"),
    );
    const cutting = Buffer.from(`\x05\0\0\0${JSON_TEXT}`, "latin1");
    expect(bytesOf(cutting)).toBe(cutting.toString("latin1"));
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
    ["a byte order mark inside the length", `\x13\0\0\0\xef\xbb\xbf${JSON_TEXT}`],
    ["bytes before a bare object", `\x01\x02${JSON_TEXT}`],
    ["a byte order mark", `\xef\xbb\xbf${JSON_TEXT}`],
  ])("counts braces in spite of %s", (_name, body) => {
    expect(textOf(Buffer.from(body, "latin1"))).toBe(JSON_TEXT);
  });

  test("does not count braces and quotes inside strings", () => {
    const json = '{"a":"}{\\"}","b":{"c":"\\\\"}}';
    expect(textOf(Buffer.from(`\x01\x02${json}`))).toBe(json);
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
    ["words before an object", `user_id=9&${JSON_TEXT}`, "body-not-json"],
    ["a rest of an object", '"x":{"user_id":"27"}}', "body-has-more"],
    ["an object that does not end", '{"a":{"b":1}', "body-not-json"],
    ["a string that does not end", '{"a":"b}', "body-not-json"],
    ["text above the limit", `{"a":"${"x ".repeat(TEXT_BYTES_MAX)}"}`, "body-text-too-long"],
  ])("finds no text in %s", (_name, body, code) => {
    expect(textOf(Buffer.from(body, "latin1"))).toBe(code);
  });
});

describe("planFramedBody()", () => {
  const body = framed(PHOTO_JSON, "\n\0", [Buffer.alloc(500, 0xff)]);
  const textBytes = framed(PHOTO_JSON).length;
  const plan = (bytes: Uint8Array, bodyBytes = bytes.length) =>
    planFramedBody(bytes, bodyBytes, TEXT_BYTES_MAX);

  test("waits for the prefix, then for the beginning of the photo, then keeps the text alone", () => {
    const atBytes = textBytes + 5;
    expect(plan(body.subarray(0, 3), body.length)).toEqual({ kind: "ask", atBytes: 4 });
    expect(plan(body.subarray(0, 4), body.length)).toEqual({ kind: "ask", atBytes });
    const kept = plan(body.subarray(0, atBytes), body.length);
    expect(kept).toEqual({ kind: "keep", bytes: textBytes });
  });

  test("keeps the text alone when the photo has stray bytes behind it, but fewer than four", () => {
    const leading = body.subarray(0, textBytes + 5);
    expect(plan(leading, body.length + 3)).toEqual({ kind: "keep", bytes: textBytes });
    expect(plan(leading, body.length + 4)).toEqual({ kind: "keep", bytes: body.length + 4 });
  });

  test("keeps everything when nothing stands behind the text but stray bytes", () => {
    expect(plan(framed(JSON_TEXT).subarray(0, 4), 22)).toEqual({ kind: "keep", bytes: 22 });
    expect(plan(framed(JSON_TEXT).subarray(0, 4), 25)).toEqual({ kind: "keep", bytes: 25 });
  });

  test.each([
    ["the prefix points past the end", Buffer.from(JSON_TEXT)],
    ["the text is no JSON", framed('no json "BIN_1"', "", [PHOTO])],
    ["the text is no object", framed('["BIN_1"]', "", [PHOTO])],
    ["the text is above its limit", framed(`"${"x".repeat(TEXT_BYTES_MAX)}"`, "", [PHOTO])],
    ["the text names no binary", framed(JSON_TEXT, "", [PHOTO])],
    ["the text names more than one binary", framed('{"a":"BIN_1","b":"BIN_2"}', "", [PHOTO])],
    ["another text follows", Buffer.concat([framed(PHOTO_JSON), framed(OTHER_JSON)])],
    ["the binary is longer than the body", framed(PHOTO_JSON, "", [PHOTO]).subarray(0, -1)],
    ["the binary is empty and more follows", framed(PHOTO_JSON, "", [Buffer.alloc(0), PHOTO])],
  ])("keeps everything when %s", (_name, bytes) => {
    expect(plan(bytes)).toEqual({ kind: "keep", bytes: bytes.length });
  });

  test("drops nothing that splitBody() would not pass over", () => {
    const bodies = fc.record({
      json: fc.constantFrom(JSON_TEXT, PHOTO_JSON, '["BIN_1"]', "{"),
      binaries: fc.array(fc.uint8Array({ maxLength: 9 }), { maxLength: 2 }),
      tail: fc.uint8Array({ maxLength: 9 }),
    });
    fc.assert(
      fc.property(bodies, ({ json, binaries, tail }) => {
        const bytes = Buffer.concat([framed(json, "\n\0", binaries), tail]);
        let step = plan(bytes.subarray(0, 0), bytes.length);
        while (step.kind === "ask") {
          if (step.atBytes > bytes.length) return;
          step = plan(bytes.subarray(0, step.atBytes), bytes.length);
        }
        if (step.bytes < bytes.length) expect(textOf(bytes)).toBe(json);
      }),
      { numRuns: 10_000 },
    );
  });
});

describe("isWholeBody()", () => {
  const isWhole = (bytes: Uint8Array) => isWholeBody(bytes, TEXT_BYTES_MAX);

  test("knows a body of its own in each of the three forms", () => {
    expect(isWhole(framed(PHOTO_JSON, "\n\0", [PHOTO]))).toBe(true);
    expect(isWhole(Buffer.from(JSON_TEXT))).toBe(true);
    expect(isWhole(Buffer.from(`\x01\x02${JSON_TEXT}\n\0`))).toBe(true);
  });

  test("takes no rest of an upload for one, wherever it is cut", () => {
    const texts = [
      '{"a":{"user_id":"27"}}',
      '{"a":[{"b":"}{"},{}],"c":{}}',
      '{"a":"{","{":{"":1}}',
    ];
    for (const json of [...texts, PHOTO_JSON, '{"a":"\\"{}","b":"{\\"c\\":1}"}']) {
      const upload = framed(json, "\n\0", [PHOTO]);
      for (let start = 1; start <= upload.length; start += 1) {
        expect(isWhole(upload.subarray(start))).toBe(false);
      }
      const textAlone = framed(json);
      for (let start = 5; start <= textAlone.length; start += 1) {
        expect(isWhole(textAlone.subarray(start))).toBe(false);
      }
    }
  });

  test.each(["5", "[1]", "", '"x"', "null"])("does not take %j for a record", (body) => {
    expect(isWhole(Buffer.from(body))).toBe(false);
  });
});
