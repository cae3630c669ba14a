/**
 * Aim: of a record that nobody understood, who, when and how can be seen, and never a template, a photo,
 * a card or a password, whatever the record looks like.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { previewText } from "#devices/preview.ts";

const SHOWN = new Set(["user_id", "io_time", "enroll_id"]);
const SECRET = "AAAA".repeat(100);

describe("previewText()", () => {
  test.each([
    [
      "a whole record",
      '{"user_id":"27","io_time":20260302081504}',
      "user_id: 27\nio_time: 20260302081504",
    ],
    ["one that is cut off", '{"user_id":"27","io_time":"202603', "user_id: 27\nio_time: 202603"],
    ["one behind what is no text", '\u0000\ufffd\u0001{"user_id" : "27"', "user_id: 27"],
    [
      "fields inside fields",
      '{"log":{"user_id":"27"},"x":[1]}',
      "user_id: 27\nx: (a list, not shown)",
    ],
    [
      "a form",
      "page_id=x&glog_data={enroll_id:27,password:1234}",
      "page_id: (1 characters, not shown)\nenroll_id: 27\npassword: (4 characters, not shown)",
    ],
    ["nothing at all", "", "No field can be told in it"],
  ])("shows %s", (_case, text, shown) => {
    expect(previewText(text, SHOWN)).toBe(shown);
  });

  test.each([
    ["a template", `{"user_id":"27","fp":"${SECRET}"}`],
    ["a template that is cut off", `{"user_id":"27","fp":"${SECRET}`],
    ["a template under a name that is shown", `{"user_id":"${SECRET}"}`],
    ["a template inside a string", `{"x":"\\"user_id\\":\\"${SECRET}"}`],
  ])("never shows %s", (_case, text) => {
    expect(previewText(text, SHOWN)).not.toContain("AAAA");
  });

  test("shows no card and no password, as text, number or in a list", () => {
    const text = '{"card":"0012345","pwd":4711,"cards":["0012345"],"user_id":"27"}';
    expect(previewText(text, SHOWN)).toBe(
      [
        "card: (7 characters, not shown)",
        "pwd: (4 characters, not shown)",
        "cards: (a list, not shown)",
        "user_id: 27",
      ].join("\n"),
    );
  });

  test("shows what would move a cursor, or turn the line around, as what it is", () => {
    expect(previewText('{"user_id":"2\u001b[2J7\u202e"}', SHOWN)).toBe(
      "user_id: 2\\u{1b}[2J7\\u{202e}",
    );
  });

  test("tells of sixty fields and how many more there are", () => {
    const fields = Array.from({ length: 65 }, (_, index) => `"f${index}":1`);
    const lines = previewText(`{${fields.join(",")}}`, SHOWN).split("\n");
    expect(lines).toHaveLength(61);
    expect(lines.at(-1)).toBe("(5 more fields, not shown)");
  });

  test("shows no value of another field, whatever stands around it", () => {
    const around = fc.string({
      unit: fc.constantFrom('"', "\\", "{", "}", ":", ",", "&", "=", "a", " "),
    });
    fc.assert(
      fc.property(around, around, (before, after) => {
        const shown = previewText(`${before}"password":"4711-secret"${after}`, new Set(["other"]));
        expect(shown).not.toContain("4711");
      }),
    );
  });
});
