/**
 * Aim: fields of a punch are text exactly as sent, whatever type a firmware gives them.
 */

import { describe, expect, test } from "bun:test";
import { decodeMessage } from "#devices/fkweb/decode.ts";
import type { FkwebFrame, PunchMessage } from "#devices/fkweb/message.ts";
import { framed, hex } from "./requests.ts";

function frame(json: string, requestCode = "realtime_glog"): FkwebFrame {
  return {
    dialect: "framed",
    requestCode,
    deviceIdText: "2401058352",
    transaction: { name: "trans_id", value: "" },
    blockNumberText: undefined,
    returnCode: undefined,
    encryption: undefined,
    body: framed(json),
    isJoined: false,
  };
}

function punch(json: string): PunchMessage {
  const decoded = decodeMessage(frame(json), 64 * 1024);
  if (!decoded.ok || decoded.value.kind !== "punch") throw new Error(JSON.stringify(decoded));
  return decoded.value;
}

describe("decodeMessage() of a punch", () => {
  test.each([
    ['"00000033"', "00000033"],
    ['"E-0042"', "E-0042"],
    ['""', ""],
    ["27", "27"],
    ["12345678901234567890", "12345678901234567890"],
    ["1.0", "1.0"],
    ["-0", "-0"],
    ["null", undefined],
    ["true", undefined],
    ['["27"]', undefined],
    ["{}", undefined],
  ])("reads the user %s as %p", (json, text) => {
    expect(punch(`{"user_id":${json}}`).user_id).toBe(text);
  });

  test.each([
    ['"20260302081504"', "20260302081504"],
    ["20260302081504", "20260302081504"],
    ['"2026-03-02 08:15:04"', "2026-03-02 08:15:04"],
    ["null", undefined],
  ])("reads the time %s as %p", (json, text) => {
    expect(punch(`{"io_time":${json}}`).io_time).toBe(text);
  });

  test.each([
    ["0", "0"],
    ["4294967295", "4294967295"],
    ["-2147483648", "-2147483648"],
    ["18446744073709551615", "18446744073709551615"],
    ['"33554432"', "33554432"],
    ['"0x10"', "0x10"],
    ['["FP"]', '["FP"]'],
    ["[1,2]", "[1,2]"],
    ["true", "true"],
    ["null", undefined],
  ])("reads the code %s as %p", (json, text) => {
    const message = punch(`{"io_mode":${json},"verify_mode":${json},"work_code":${json}}`);
    expect([message.io_mode, message.verify_mode, message.work_code]).toEqual([text, text, text]);
  });

  test("keeps a list as it is beside a number that needs its own spelling", () => {
    const message = punch('{"user_id":7,"verify_mode":[1,"FP"],"nested":{"user_id":8}}');
    expect(message.user_id).toBe("7");
    expect(message.verify_mode).toBe('[1,"FP"]');
  });

  test("leaves out a code nested more than 32 deep; the text has it", () => {
    const nested = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
    expect(punch(`{"io_mode":${nested(32)}}`).io_mode).toBe(nested(32));
    expect(punch(`{"io_mode":${nested(33)}}`).io_mode).toBeUndefined();
    expect(punch(`{"io_mode":${nested(30_000)}}`).text).toContain(nested(30_000));
  });

  test("leaves fields that were not sent undefined, and is not misled by __proto__", () => {
    const message = punch('{"__proto__":{"user_id":"1"}}');
    expect(message.user_id).toBeUndefined();
    expect(message.io_time).toBeUndefined();
    expect(message.work_code).toBeUndefined();
  });
});

describe("decodeMessage() of a punch in text that is not Unicode", () => {
  test.each([
    '{"user_id":"\\ud800"}',
    '{"user_id":"27\\udfff"}',
    '{"user_id":"\\ude00\\ud83d"}',
    '{"user_id":"27","io_time":"\\uD800"}',
    '{"user_id":"27","fk_bin_data_lib":"\\udc00"}',
    '{"user_id":"27","io_mode":"\\udc00"}',
  ])("refuses half a surrogate pair in %s, which storage would make U+FFFD", (json) => {
    expect(decodeMessage(frame(json), 1000)).toMatchObject({
      ok: false,
      error: { code: "text-not-unicode" },
    });
  });

  test("takes whole pairs, escaped or not", () => {
    expect(punch('{"user_id":"\\ud83d\\ude00"}').user_id).toBe("😀");
    expect(punch('{"user_id":"😀"}').user_id).toBe("😀");
    expect(punch('{"user_id":"\\\\ud800"}').user_id).toBe("\\ud800");
  });

  test("takes it in fields that nothing is made of: the text has them as sent", () => {
    const json = '{"user_id":"27","note":"\\ud800","io_mode":["\\ud800"]}';
    expect(punch(json)).toMatchObject({ user_id: "27", io_mode: '["\\ud800"]', text: json });
  });
});

describe("decodeMessage() of blocks that were joined", () => {
  const joined = (body: Uint8Array, requestCode = "realtime_glog") =>
    decodeMessage({ ...frame("", requestCode), body, isJoined: true }, 1000);
  const inconsistent = { ok: false, error: { code: "upload-inconsistent" } };
  const json = '{"user_id":"27","log_image":"BIN_1"}';

  test("takes a framed body, and leaves its photo out", () => {
    const whole = framed(json, "\n\0", [Buffer.alloc(50, 0x7b).fill(0xff, 0, 1)]);
    expect(joined(whole)).toMatchObject({ ok: true, value: { text: json, raw: framed(json) } });
  });

  test.each([
    ["a bare object", Buffer.from(json)],
    ["an object behind a wrong length", Buffer.from(`\xff\xff\0\0${json}`, "latin1")],
    ["two framed bodies", Buffer.concat([framed(json), framed(json)])],
    ["a photo that is cut", framed(json, "\n\0", [Buffer.alloc(50, 0xff)]).subarray(0, -4)],
    ["a photo with more behind", Buffer.concat([framed(json, "", [hex("ff")]), hex("01020304")])],
    ["no text", hex("0000")],
  ])("refuses %s: not all of it may be of one upload", (_name, body) => {
    expect(joined(body)).toMatchObject(inconsistent);
    expect(joined(body, "realtime_barcode")).toMatchObject(inconsistent);
    expect(joined(body, "receive_cmd")).toMatchObject({ ok: true, value: { fields: {} } });
  });
});

describe("decodeMessage() of a notice", () => {
  function notice(json: string, requestCode: string): unknown {
    const decoded = decodeMessage(frame(json, requestCode), 64 * 1024);
    return decoded.ok && decoded.value.kind === "notice" ? decoded.value.text : decoded;
  }

  test("gives its text, but nothing of an enrolment", () => {
    expect(notice('{"door_status":"open"}', "realtime_door_status")).toBe('{"door_status":"open"}');
    expect(notice('{"barcode":"1"}', "realtime_barcode")).toBe('{"barcode":"1"}');
    expect(notice('{"user_name":"A"}', "realtime_enroll_data")).toBe("");
  });

  test("gives no text where there is none to read in a documented request", () => {
    expect(notice("", "realtime_door_status")).toBe("");
    expect(notice("{", "realtime_door_status")).toBe("");
  });

  test("refuses a request code that is none", () => {
    expect(decodeMessage(frame("{}", "a b"), 64)).toMatchObject({
      ok: false,
      error: { code: "bad-request-code" },
    });
  });
});
