/**
 * Aim: the worked examples of fkweb.md 14 in both directions. Here they are spelled from what they
 * mean and compared with their bytes; what those bytes are read as is in `driver.test.ts` (E1 to E5),
 * `commands.test.ts` (E6), `log-records.test.ts` (E7), `command-result.test.ts` (E8),
 * `user-records.test.ts` (E9) and `driver-blocks.test.ts` (E10).
 */

import { describe, expect, test } from "bun:test";
import { logRecord, userRecord } from "./record-bytes.ts";
import { E1_JSON, fixture, framed, hex } from "./requests.ts";

const E2_JSON =
  '{"fk_bin_data_lib":"FKDataHS102","io_mode":33554432,"io_time":"20260302180910","log_image":null,"user_id":"E-0042","verify_mode":1073741824}';
const E3_JSON =
  '{"fk_bin_data_lib":"M50","user_id":"00000033","verify_mode":1,"io_mode":0,"io_time":"20260302081504"}';
const E4_JSON = E1_JSON.replace("null", '"BIN_1"').replace('"verify_mode":3', '"verify_mode":20');
const E5_JSON =
  '{"fk_info":{"firmware":"SIMFW V1.00","firmware_filename":"simfw_um","fk_bin_data_lib":"FKDataHS101","fp_data_ver":128,"supported_enroll_data":["FP","PASSWORD","IDCARD"]},"fk_name":"gate-1","fk_time":"20260302081459"}';
const PHOTO = hex("ffd8ffe000104a464946000101000001ffd9");

function bodyOf(name: string): Buffer {
  const bytes = Buffer.from(fixture(name));
  return bytes.subarray(bytes.indexOf("\r\n\r\n") + 4);
}

describe("the bodies that terminals send", () => {
  test.each([
    ["e1-punch-card", framed(E1_JSON), { prefix: "7a000000", length: 126 }],
    ["e2-punch-face-hs102", framed(E2_JSON), { prefix: "8e000000", length: 146 }],
    ["e3-punch-no-terminator", framed(E3_JSON, ""), { prefix: "65000000", length: 105 }],
    ["e4-punch-photo", framed(E4_JSON, "\n\0", [PHOTO]), { prefix: "7e000000", length: 152 }],
    ["e5-poll", framed(E5_JSON), { prefix: "da000000", length: 222 }],
  ] as const)("%s is spelled as the sheet spells it", (name, spelled, { prefix, length }) => {
    expect(spelled.toString("hex")).toBe(bodyOf(name).toString("hex"));
    expect(spelled.subarray(0, 4).toString("hex")).toBe(prefix);
    expect(spelled.length).toBe(length);
  });

  test("E10: two blocks are the single body", () => {
    const single = bodyOf("e10-enrolment-single");
    expect(single.length).toBe(172);
    expect(single.readUInt32LE(0)).toBe(0x7c);
    const blocks = [bodyOf("e10-enrolment-block-1"), bodyOf("e10-enrolment-block-0")];
    expect(blocks.map((block) => block.length)).toEqual([100, 72]);
    expect(Buffer.concat(blocks).equals(single)).toBe(true);
  });
});

describe("the records in results", () => {
  const time = "20260302081504";

  test("E7: the date words, with either mark of validity", () => {
    const plain = { user: 27, io: 1, verify: 3, time };
    expect(logRecord("HS101", plain).subarray(8).toString("hex")).toBe("f931023d");
    expect(
      logRecord("HS101", { ...plain, valid: 2 })
        .subarray(8)
        .toString("hex"),
    ).toBe("fa31023d");
    expect(logRecord("HS100", plain).subarray(8).toString("hex")).toBe("ea37023d");
  });

  test("E8: two records behind their text", () => {
    const records = Buffer.concat([
      logRecord("HS101", { user: 27, io: 1, verify: 3, time }),
      logRecord("HS101", { user: 8, io: 2, verify: 1, time: "20260302175959" }),
    ]);
    expect(records.subarray(12).toString("hex")).toBe("080000000102013bf93122ee");
    const body = framed('{"log_array":"BIN_1","log_count":"2","one_log_size":"12"}', "\n\0", [
      records,
    ]);
    expect(body.length).toBe(91);
    expect(body.subarray(0, 4).toString("hex")).toBe("3b000000");
  });

  test("E9: users of both forms", () => {
    const user = { user: 27, privilege: 0, isEnabled: true, password: 1, fingers: 2 };
    const manager = { user: "E-0042", privilege: 1, isEnabled: true, face: 1, fingers: 1 };
    expect(userRecord(4, user).toString("hex")).toBe("1b00000000011100");
    expect(userRecord(16, manager).subarray(16).toString("hex")).toBe("01010c00");
  });
});
