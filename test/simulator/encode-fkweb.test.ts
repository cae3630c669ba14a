/**
 * Aim: the simulator's bytes are those of the worked examples of the protocol document, written here
 * by hand, so that neither side's encoder can drift from the wire unnoticed.
 */

import { describe, expect, test } from "bun:test";
import { encodePollBody, encodePunchBody, encodeRequest } from "#simulator/encode-fkweb.ts";

/** Protocol document, section 14, E1. */
const E1_JSON =
  '{"fk_bin_data_lib":"FKDataHS101","io_mode":1,"io_time":"20260302081504","log_image":null,' +
  '"user_id":"27","verify_mode":3}';
const E1_PUNCH = {
  deviceId: "2401058352",
  userId: "27",
  wallTime: "20260302081504",
  ioModeCode: 1,
  verifyModeCode: 3,
};

/** Protocol document, section 14, E5. */
const E5_JSON =
  '{"fk_info":{"firmware":"SIMFW V1.00","firmware_filename":"simfw_um",' +
  '"fk_bin_data_lib":"FKDataHS101","fp_data_ver":128,' +
  '"supported_enroll_data":["FP","PASSWORD","IDCARD"]},"fk_name":"gate-1",' +
  '"fk_time":"20260302081459"}';

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

describe("encodePunchBody()", () => {
  test("encodePunchBody() gives the bytes of E1", () => {
    const body = encodePunchBody(E1_PUNCH);
    expect(hex(body)).toBe(`7a000000${Buffer.from(E1_JSON).toString("hex")}0a00`);
    expect(body.length).toBe(126);
    expect(hex(body.subarray(0, 8))).toBe("7a0000007b22666b");
    expect(hex(body.subarray(-6))).toBe("223a337d0a00");
  });

  test("encodePunchBody() counts bytes, not characters, in the length prefix", () => {
    const body = encodePunchBody({ ...E1_PUNCH, userId: "ñ7" });
    expect(hex(body.subarray(0, 4))).toBe("7b000000");
    expect(body.length).toBe(127);
  });
});

describe("encodePollBody()", () => {
  test("encodePollBody() gives the bytes of E5", () => {
    const body = encodePollBody({ name: "gate-1", wallTime: "20260302081459" });
    expect(hex(body)).toBe(`da000000${Buffer.from(E5_JSON).toString("hex")}0a00`);
    expect(body.length).toBe(222);
  });
});

describe("encodeRequest()", () => {
  const body = new Uint8Array([1, 2, 0xff]);
  const head = { deviceId: "SIM0001", server: "10.0.0.5:7005" } as const;

  test("encodeRequest() writes the headers in the order captured from terminals", () => {
    const request = encodeRequest(
      { ...head, requestCode: "realtime_glog", keepAlive: false },
      body,
    );
    expect(Buffer.from(request).toString("latin1")).toBe(
      "POST / HTTP/1.0\r\n" +
        "Accept: image/gif, image/jpeg, image/pjpeg, application/vnd.ms-powerpoint, */*\r\n" +
        "Accept-Language: en-us\r\n" +
        "Accept-Encoding: gzip, deflate\r\n" +
        "User-Agent: Mozilla/4.0\r\n" +
        "Content-Type: application/octet-stream\r\n" +
        "Connection: close\r\n" +
        "request_code: realtime_glog\r\n" +
        "Content-Type: application/octet-stream\r\n" +
        "Content-Length: 3\r\n" +
        "trans_id: RTLogSendAction\r\n" +
        "dev_id: SIM0001\r\n" +
        "blk_no: 0\r\n" +
        "blk_len: 3\r\n" +
        "HOST: 10.0.0.5:7005\r\n" +
        "\r\n" +
        "\x01\x02\xff",
    );
  });

  test("encodeRequest() asks for a kept connection only when told to, and names a poll a poll", () => {
    const request = encodeRequest({ ...head, requestCode: "receive_cmd", keepAlive: true }, body);
    const text = Buffer.from(request).toString("latin1");
    expect(text.startsWith("POST / HTTP/1.1\r\n")).toBe(true);
    expect(text).toContain("\r\nConnection: keep-alive\r\n");
    expect(text).toContain("\r\nrequest_code: receive_cmd\r\n");
    expect(text).toContain("\r\ntrans_id: ReceiveCommandAction\r\n");
  });
});
