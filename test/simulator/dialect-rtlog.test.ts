/**
 * Aim: the frames of dialect R, and which of the server's answers acknowledge a record, byte for byte.
 */

import { describe, expect, test } from "bun:test";
import type { WireRequest } from "#simulator/dialect.ts";
import { rtlogDialect } from "#simulator/dialect-rtlog.ts";
import type { RtlogFrame } from "#simulator/models.ts";

const PUNCH = {
  deviceId: "R1",
  userId: "27",
  wallTime: "20260302081504",
  ioModeCode: 1,
  verifyModeCode: 3,
  recordNumber: 7,
  photo: undefined,
};
/** 151 bytes: 97 in hexadecimal. */
const JSON_TEXT =
  '{"log_id":7,"user_id":"27","fk_device_id":"R1","verify_mode":3,"io_mode":1,' +
  '"io_time":"20260302081504","device_port":7005,"SerialNo":"R1","emergency":0}';
const TEXT_HEX = Buffer.from(JSON_TEXT).toString("hex");
const ANSWER_TEXT = '{"log_id":7,"result":"OK","mode":"nothing"}';
const ANSWER_HEX = Buffer.from(`${ANSWER_TEXT}\0`).toString("hex");

function encode(frame: RtlogFrame, photo?: Uint8Array): WireRequest {
  const dialect = rtlogDialect(frame, { deviceId: "R1", port: 7005 });
  const [request] = dialect.encode({ kind: "punch", punch: { ...PUNCH, photo } });
  if (request === undefined) throw new Error("No request");
  return request;
}

const hexOf = (request: WireRequest): string => Buffer.from(request.bytes).toString("hex");

describe("rtlogDialect()", () => {
  test("rtlogDialect() writes RTLOG001 as magic, length and text", () => {
    expect(hexOf(encode("RTLOG001"))).toBe(`52544c4f4730303197000000${TEXT_HEX}`);
  });

  test("rtlogDialect() writes RTLOG002 with the length of the rest before that of the text", () => {
    expect(hexOf(encode("RTLOG002"))).toBe(`52544c4f473030329b00000097000000${TEXT_HEX}`);
  });

  test("rtlogDialect() puts the photo behind the text of RTLOG003", () => {
    const photo = Buffer.from("ffd8ffd9", "hex");
    expect(hexOf(encode("RTLOG003", photo))).toBe(
      `52544c4f47303033a300000097000000${TEXT_HEX}04000000ffd8ffd9`,
    );
  });

  test("rtlogDialect() writes bare JSON with nothing around it", () => {
    expect(Buffer.from(encode("bare").bytes).toString()).toBe(JSON_TEXT);
  });

  test("rtlogDialect() has nothing but punches to send", () => {
    const dialect = rtlogDialect("RTLOG001", { deviceId: "R1", port: 7005 });
    expect(dialect.takesCommands).toBe(false);
    expect(dialect.encode({ kind: "poll", poll: { name: "", wallTime: "" } })).toEqual([]);
  });

  const answers: readonly [frame: RtlogFrame, answerHex: string][] = [
    ["RTLOG001", `52544c4f473030312c000000${ANSWER_HEX}`],
    ["RTLOG002", `52544c4f47303032300000002c000000${ANSWER_HEX}`],
    ["RTLOG003", `52544c4f47303033300000002c000000${ANSWER_HEX}`],
    ["bare", Buffer.from(ANSWER_TEXT).toString("hex")],
  ];
  test.each(answers)("rtlogDialect() knows the answer to %s, and no part of it", (frame, hex) => {
    const { readReply } = encode(frame);
    const answer = Buffer.from(hex, "hex").toString("latin1");
    expect(readReply(answer, false)).toMatchObject({ acknowledges: true, keepsOpen: false });
    for (let cut = 0; cut < answer.length; cut += 1) {
      expect(readReply(answer.slice(0, cut), false)).toBeUndefined();
      expect(readReply(answer.slice(0, cut), true)).toBeUndefined();
    }
  });

  const refusals: readonly [what: string, text: string][] = [
    ["another log_id", '{"log_id":8,"result":"OK","mode":"nothing"}\0'],
    ["another result", '{"log_id":7,"result":"ER","mode":"nothing"}\0'],
    ["no NUL at the end", '{"log_id":7,"result":"OK","mode":"nothing"} '],
    ["no JSON", `${"x".repeat(43)}\0`],
  ];
  test.each(refusals)("rtlogDialect() finds no acknowledgement in %s", (_what, text) => {
    const answer = `RTLOG001\x2c\0\0\0${text}`;
    expect(encode("RTLOG001").readReply(answer, false)?.acknowledges).toBe(false);
  });

  test("rtlogDialect() finds no acknowledgement in another frame or in lengths that disagree", () => {
    const text = `${ANSWER_TEXT}\0`;
    const wrongMagic = `RTLOG002\x2c\0\0\0${text}`;
    expect(encode("RTLOG001").readReply(wrongMagic, false)?.acknowledges).toBe(false);
    const wrongLength = `RTLOG002\x2c\0\0\0\x2c\0\0\0${text}`;
    expect(encode("RTLOG002").readReply(wrongLength, false)?.acknowledges).toBe(false);
  });
});
