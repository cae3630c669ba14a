/**
 * Aim: every field is told exactly as it was sent, what cannot be read is kept under its sender and
 * acknowledged by its number, and nothing is guessed.
 */

import { describe, expect, test } from "bun:test";
import type { RawPunch, UnreadableIntake } from "#domain/intake.ts";
import { answerText, onlyExchange, recordJson, v1 } from "./frames.ts";

function punchOf(changes: Readonly<Record<string, string | undefined>>): RawPunch {
  const text = recordJson(changes);
  const { intake } = onlyExchange(v1(text));
  if (intake.kind !== "punches") throw new Error(`Not read: ${JSON.stringify(intake)}`);
  const [punch] = intake.punches;
  if (punch === undefined) throw new Error("No punch");
  expect(punch.rawText).toBe(text);
  return punch;
}

function unreadable(text: string | Uint8Array): Omit<UnreadableIntake, "raw" | "kind"> {
  const bytes = v1(text);
  const { intake } = onlyExchange(bytes);
  if (intake.kind !== "unreadable") throw new Error("It was read");
  expect(bytes.equals(intake.raw)).toBe(true);
  const { code, reason, deviceId } = intake;
  return { code, reason, deviceId };
}

describe("a user id", () => {
  test.each([
    ['"27"', "27"],
    ["27", "27"],
    ['"00000033"', "00000033"],
    ["0", "0"],
    ['""', ""],
    ['"E-0042"', "E-0042"],
    ["9007199254740993", "9007199254740993"],
    ["18446744073709551615", "18446744073709551615"],
    ["1.50", "1.50"],
    ["1e2", "1e2"],
    ['"\\u5f20"', "张"],
    ['"张"', "张"],
    [`"${"7".repeat(32)}"`, "7".repeat(32)],
    ["null", undefined],
    ["true", undefined],
    ["[1]", undefined],
    ['{"log_id":9}', undefined],
    [undefined, undefined],
  ])("%s is %p", (token, expected) => {
    expect(punchOf({ user_id: token }).userIdText).toBe(expected);
  });
});

describe("a time", () => {
  test.each([
    ['"20260302081504"', "20260302081504"],
    ["20260302081504", "20260302081504"],
    ['"2026-03-02 08:15:04"', "2026-03-02 08:15:04"],
    ["null", undefined],
    [undefined, undefined],
  ])("%s is %p", (token, expected) => {
    expect(punchOf({ io_time: token }).wallTimeText).toBe(expected);
  });
});

describe("a code", () => {
  test.each([
    ["1", "1"],
    ['"1"', "1"],
    ["3221225472", "3221225472"],
    ["-1", "-1"],
    ["99999999999999999999999", "99999999999999999999999"],
    ['["FP","FACE"]', '["FP","FACE"]'],
    ["true", "true"],
    ['{"a":"}"}', '{"a":"}"}'],
    ["null", undefined],
    [undefined, undefined],
  ])("%s is %p", (token, expected) => {
    const punch = punchOf({ io_mode: token, verify_mode: token });
    expect(punch.directionCode).toBe(expected);
    expect(punch.verifyModeCode).toBe(expected);
  });
});

describe("a device id", () => {
  test.each([
    ['"1"', "1"],
    ["1", "1"],
    ['"007"', "007"],
    ["12345678901234567890", "12345678901234567890"],
    ['"C2636CF4DB223121"', "C2636CF4DB223121"],
  ])("%s is %p", (token, expected) => {
    const { intake } = onlyExchange(v1(recordJson({ fk_device_id: token })));
    expect<unknown>(intake).toMatchObject({ kind: "punches", deviceId: expected });
  });

  test.each([
    [undefined, "No fk_device_id"],
    ["null", "No fk_device_id"],
    ["{}", "No fk_device_id"],
    ['""', 'fk_device_id ""'],
    ['"\\n"', 'fk_device_id "\\n"'],
    ['"张"', 'fk_device_id "张"'],
    [`"${"7".repeat(65)}"`, `fk_device_id "${"7".repeat(64)}"`],
  ])("%s is none: the record is kept, and acknowledged by its number", (token, seen) => {
    const text = recordJson({ fk_device_id: token });
    expect(unreadable(text)).toEqual({
      code: "no-device-id",
      reason: `${seen}; 1 to 64 printable characters are wanted`,
      deviceId: undefined,
    });
    expect(answerText(v1(text))).toContain('{"log_id":5,"result":"OK"');
  });
});

describe("a serial number", () => {
  test.each([
    [{ SerialNo: '"20241012011"' }, "20241012011"],
    [{ SerialNo: "20241012011" }, "20241012011"],
    [{ serial_number: '"ENS2025079"' }, "ENS2025079"],
    [{ SerialNo: '"A"', serial_number: '"B"' }, "A"],
    [{ SerialNo: '""' }, undefined],
    [{ SerialNo: `"${"7".repeat(65)}"` }, undefined],
    [{ SerialNo: "{}" }, undefined],
    [{}, undefined],
  ])("of %p is %p", (fields, expected) => {
    const { intake } = onlyExchange(v1(recordJson(fields)));
    expect(intake).toMatchObject({ kind: "punches", serialText: expected });
  });
});

describe("what cannot be read", () => {
  const record = recordJson();
  const gbk = Buffer.concat([
    Buffer.from('{"log_id":5,"fk_device_id":"1","holiday":"'),
    Buffer.from("b4bad55cbda1", "hex"),
    Buffer.from('","user_id":"27"}'),
  ]);

  test.each<[string, string | Uint8Array, string, string | undefined, string | undefined]>([
    ["GBK", gbk, "text-not-utf8", "1", "5"],
    ["broken UTF-8", Buffer.from(`${record}\xff`, "latin1"), "text-not-utf8", "1", "5"],
    ["a cut object", record.slice(0, -1), "text-not-json", "1", "5"],
    ["two objects", record + record, "text-not-json", "1", "5"],
    ["bytes behind a NUL", `${record}\0x`, "text-not-json", "1", "5"],
    ["a byte order mark", `\ufeff${record}`, "text-not-json", "1", "5"],
    ["single quotes", record.replaceAll('"', "'"), "text-not-json", undefined, undefined],
    ["a number cut off", '{"fk_device_id":"1","log_id":12', "text-not-json", "1", undefined],
    ["a device number cut off", '{"log_id":12,"fk_device_id":1', "text-not-json", undefined, "12"],
    ["numbers and text", '{"log_id" : "12" ,"fk_device_id" : 34 ,', "text-not-json", "34", '"12"'],
    [
      "a number of 21 digits",
      `{"log_id":${"1".repeat(21)},`,
      "text-not-json",
      undefined,
      undefined,
    ],
    ["a list", `[${record}]`, "text-not-object", "1", "5"],
    ["a text", '"OK"', "text-not-object", undefined, undefined],
    ["nothing", "", "text-empty", undefined, undefined],
  ])("%s is kept under its sender, and acknowledged by its number", (...row) => {
    const [, text, code, deviceId, token] = row;
    expect(unreadable(text)).toMatchObject({ code, deviceId });
    const number = token === undefined ? "" : `"log_id":${token},`;
    expect(answerText(v1(text))).toContain(`{${number}"result":"OK","mode":"nothing"}`);
  });

  test("half a character names its field", () => {
    expect(unreadable(recordJson({ user_id: '"\\ud800"' }))).toEqual({
      code: "text-not-unicode",
      reason: "user_id is not well-formed Unicode",
      deviceId: onlyExchange(v1(record)).intake.deviceId,
    });
  });

  test("nothing throws on JSON nested to the limit", () => {
    const deep = `${"[".repeat(16_000)}${"]".repeat(16_000)}`;
    expect(punchOf({ io_mode: deep }).directionCode).toBe(deep);
    expect(punchOf({ other: deep }).userIdText).toBe("27");
  });
});

describe("a field that is given twice", () => {
  const twice = (name: string, token: string) =>
    recordJson().replace(/}$/, `,${JSON.stringify(name)}:${token}}`);

  test.each([
    ["user_id", '"28"'],
    ["user_id", "27"],
    ["io_time", '"20260302081505"'],
    ["io_mode", "2"],
    ["verify_mode", "1"],
    ["fk_device_id", '"2"'],
  ])("%s with another value is kept, for nobody knows which", (name, token) => {
    expect(unreadable(twice(name, token))).toMatchObject({
      code: "field-repeated",
      reason: `${name} is given more than once, with different values`,
    });
    expect(answerText(v1(twice(name, token)))).toContain('"log_id":5,');
  });

  test("under an escaped name is the same field", () => {
    const escaped = recordJson().replace(/}$/, ',"user\\u005fid":"28"}');
    expect(unreadable(escaped).code).toBe("field-repeated");
  });

  test("log_id is answered with the last, as JSON readers have it", () => {
    expect(unreadable(twice("log_id", "6")).code).toBe("field-repeated");
    expect(answerText(v1(twice("log_id", "6")))).toContain('"log_id":6,');
  });

  test("with the same value, or of no meaning to us, is a punch", () => {
    for (const text of [
      twice("user_id", '"27"'),
      twice("SerialNo", "1").replace("}", ',"SerialNo":2}'),
    ]) {
      expect(onlyExchange(v1(text)).intake.kind).toBe("punches");
    }
  });
});

test("an emergency is a punch like any other, and its word stays in the record", () => {
  expect(punchOf({ emergency: '"yes"' }).rawText).toContain('"emergency":"yes"');
});

test("names that every object has are fields like any other", () => {
  expect(punchOf({ __proto__x: "1", constructor: '"x"', toString: "null" }).userIdText).toBe("27");
  const text = `{"__proto__":{"user_id":"9"},${recordJson({ user_id: undefined }).slice(1)}`;
  const { intake } = onlyExchange(v1(text));
  expect(intake).toMatchObject({ kind: "punches", punches: [{ userIdText: undefined }] });
});
