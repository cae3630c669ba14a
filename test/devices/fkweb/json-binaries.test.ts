/**
 * Aim: every base64 binary leaves a JSON text, nothing else does, and the text parses to the same
 * values as before, in time that grows with its length alone.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { replaceBinaries, withoutBinaries } from "#devices/fkweb/json-binaries.ts";
import { FUZZ_RUNS, FUZZ_TIMEOUT_MS } from "./fuzz-runs.ts";

const TEMPLATE = Buffer.alloc(600, 0xfb).toString("base64");

function short(text: string): string {
  return Buffer.from(withoutBinaries(Buffer.from(text)).text).toString();
}

function note(length: number): string {
  return `(${length} characters of base64 left out)`;
}

describe("withoutBinaries()", () => {
  test("leaves out a long base64 string, whatever it is called", () => {
    expect(short(`{"x":"${TEMPLATE}","y":["${TEMPLATE}",1]}`)).toBe(
      `{"x":"${note(800)}","y":["${note(800)}",1]}`,
    );
  });

  test("leaves out a short one under a name of binaries", () => {
    const base64 = Buffer.alloc(12, 1).toString("base64");
    for (const name of ["log_image", "logPhoto", "photo", "face", "enroll_data"]) {
      expect(short(`{"${name}" : "${base64}"}`)).toBe(`{"${name}" : "${note(16)}"}`);
    }
    expect(short(`{"token":"${base64}"}`)).toBe(`{"token":"${base64}"}`);
  });

  test("knows base64 with escaped slashes and line breaks, and in a data URL", () => {
    const folded = `${TEMPLATE.slice(0, 400)}\\r\\n${TEMPLATE.slice(400)}`.replaceAll("/", "\\/");
    expect(short(`{"x":"${folded}"}`)).toBe(`{"x":"${note(folded.length)}"}`);
    const url = `data:image/jpeg;base64,${TEMPLATE}`;
    expect(short(`{"x":"${url}"}`)).toBe(`{"x":"${note(url.length)}"}`);
  });

  test.each([
    '{"log_image":"BIN_1","user_id":"27"}',
    `{"user_id":"${"7".repeat(300)}"}`,
    '{"photo":null,"firmware_filename":"simfw_um_firmware"}',
    '{"photo":"","face":{"firmware_filename":1}}',
    '{"name":"María José de la Cruz y de los Ángeles"}',
    `{"x":"${"a b".repeat(200)}"}`,
    `{"x":"${"a\\u0041".repeat(200)}"}`,
    '{"a\\"b":"\\\\","photo":"c"}',
    '{"x":"no end',
    '"',
    "",
  ])("leaves %s as it is, in the same memory", (text) => {
    const bytes = Buffer.from(text);
    expect(withoutBinaries(bytes).text).toBe(bytes);
  });

  test("tells whether it went by the look alone", () => {
    const lacksUnnamed = (text: string) => withoutBinaries(Buffer.from(text)).lacksUnnamed;
    expect(lacksUnnamed(`{"photo":"${TEMPLATE}"}`)).toBe(false);
    expect(lacksUnnamed(`{"photo":"${TEMPLATE}","x":"${TEMPLATE}"}`)).toBe(true);
    expect(lacksUnnamed('{"x":"AAAA"}')).toBe(false);
  });

  test("counts to 256", () => {
    const text = `[${new Array<string>(300).fill(`"${TEMPLATE}"`).join()}]`;
    expect(short(text).split("left out")).toHaveLength(257);
  });

  test(
    "parses to what the text parses to, but for the binaries",
    () => {
      const json = fc.json({ depthSize: "small", stringUnit: "binary" });
      fc.assert(
        fc.property(json, fc.string(), (text, key) => {
          const name = JSON.stringify(key);
          const bytes = Buffer.from(`{${name}:${text},"photo":"${TEMPLATE}"}`);
          const kept = Buffer.from(withoutBinaries(bytes).text).toString();
          expect(JSON.parse(kept)).toEqual({ ...JSON.parse(bytes.toString()), photo: note(800) });
        }),
        FUZZ_RUNS,
      );
    },
    FUZZ_TIMEOUT_MS,
  );

  test("takes as little time for a megabyte of quotes and backslashes as for any other", () => {
    for (const part of ['"', "\\", '\\"', '"\\', '"face":"AAAAAAAAAAAAAAAA",']) {
      expect(withoutBinaries(Buffer.from(part.repeat(300_000))).text.length).toBeGreaterThan(0);
    }
  });
});

test("replaceBinaries() hands out each binary as it stands", () => {
  const seen: string[] = [];
  const kept = replaceBinaries(Buffer.from(`{"face":"${TEMPLATE}"}`), (base64) => {
    seen.push(Buffer.from(base64).toString());
    return "BIN_1";
  });
  expect(Buffer.from(kept).toString()).toBe('{"face":"BIN_1"}');
  expect(seen).toEqual([TEMPLATE]);
});
