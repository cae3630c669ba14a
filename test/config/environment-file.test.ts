/**
 * Aim: the settings file means the same here as to systemd and to the replaced server, and no
 * value is silently shortened.
 */

import { describe, expect, test } from "bun:test";
import { parseEnvironmentFile } from "#config/environment-file.ts";

/** Reads one line that must be an assignment to A. */
function valueOfLine(line: string): string | undefined {
  const parsed = parseEnvironmentFile(line);
  return parsed.ok ? parsed.value.find(({ name }) => name === "A")?.value : undefined;
}

describe("an assignment", () => {
  const lines: readonly [string, string, string][] = [
    ["plain", "A=1", "1"],
    ["blanks around it", "  A = two words  ", "two words"],
    ["export in front", "export A=1", "1"],
    ["nothing", "A=", ""],
    ["equals signs in the value", "A=b=c==", "b=c=="],
    ["a number sign inside of a word", "A=abc#def", "abc#def"],
    ["a comment behind a blank", "A=abc # tail", "abc"],
    ["only a comment", "A= # tail", ""],
    ["an apostrophe inside", "A=it's", "it's"],
    ["variables stay as written", `A=$HOME/\${USER}`, `$HOME/\${USER}`],
    ["backslashes outside of quotes", "A=c:\\new", "c:\\new"],
    ["double quotes", 'A="two # words "', "two # words "],
    ["double quotes and a comment", 'A="x" # tail', "x"],
    ["escapes in double quotes", 'A="a\\"b\\\\c\\$d\\ne\\xf"', 'a"b\\c$d\ne\\xf'],
    ["single quotes take nothing special", "A='a\\n$b\"#'", 'a\\n$b"#'],
    ["empty quotes", "A=''", ""],
  ];
  for (const [name, line, value] of lines) {
    test(`parseEnvironmentFile() reads ${name}`, () => {
      expect(valueOfLine(line)).toBe(value);
    });
  }
});

test("parseEnvironmentFile() reads a whole file with BOM, CRLF, comments and repeats", () => {
  const content = "\uFEFFA=1\r\n\r\n# note\r\n; note\r\n  B=2\r\nA=3";
  expect(parseEnvironmentFile(content)).toEqual({
    ok: true,
    value: [
      { name: "A", value: "1", line: 1 },
      { name: "B", value: "2", line: 5 },
      { name: "A", value: "3", line: 6 },
    ],
  });
});

test("parseEnvironmentFile() tells every bad line, and not what it holds", () => {
  const content = 'A=1\nsecret without name\nB="open\nC=\'open\nD="x" tail\n9=1\n=1';
  expect(parseEnvironmentFile(content)).toEqual({
    ok: false,
    error: [
      { code: "not-an-assignment", line: 2 },
      { code: "quote-not-closed", line: 3 },
      { code: "quote-not-closed", line: 4 },
      { code: "text-behind-quote", line: 5 },
      { code: "not-an-assignment", line: 6 },
      { code: "not-an-assignment", line: 7 },
    ],
  });
});
