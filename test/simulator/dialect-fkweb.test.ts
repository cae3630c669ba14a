/**
 * Aim: the simulator's bytes are those of the worked examples of the protocol document, written here
 * by hand, so that neither side's encoder can drift from the wire unnoticed.
 */

import { describe, expect, test } from "bun:test";
import type { TerminalMessage, WireRequest } from "#simulator/dialect.ts";
import { dialectOf } from "#simulator/make-terminal.ts";
import { MODELS, type TerminalModel } from "#simulator/models.ts";

const PUNCH = {
  deviceId: "2401058352",
  userId: "27",
  wallTime: "20260302081504",
  ioModeCode: 1,
  verifyModeCode: 3,
  recordNumber: 1,
  photo: undefined,
};
const POLL = { kind: "poll", poll: { name: "gate-1", wallTime: "20260302081459" } } as const;

/** The whole JPEG of E4. */
const E4_PHOTO = Buffer.from("ffd8ffe000104a46494600010100000 1ffd9".replaceAll(" ", ""), "hex");

function encode(
  model: TerminalModel,
  message: TerminalMessage,
  changes: { readonly keepAlive?: boolean; readonly blockBytesMax?: number } = {},
): readonly WireRequest[] {
  const { keepAlive = false, blockBytesMax } = changes;
  const wire =
    model.wire.protocol === "framed" && blockBytesMax !== undefined
      ? { ...model.wire, blockBytesMax }
      : model.wire;
  const speaker = {
    deviceId: PUNCH.deviceId,
    server: "10.0.0.5:7005",
    library: model.library,
    keepAlive,
  };
  return dialectOf({ ...model, wire }, speaker, 7005).encode(message);
}

function encodeOne(...[model, message, changes]: Parameters<typeof encode>): {
  readonly head: string;
  readonly body: Buffer;
  readonly request: WireRequest;
} {
  const [request, ...others] = encode(model, message, changes);
  if (request === undefined) throw new Error("No request");
  expect(others).toEqual([]);
  const bytes = Buffer.from(request.bytes);
  return {
    head: bytes.toString("latin1", 0, request.headBytes),
    body: bytes.subarray(request.headBytes),
    request,
  };
}

const hex = (text: string): string => Buffer.from(text).toString("hex");

describe("framedDialect()", () => {
  test("framedDialect() gives the punch of E1", () => {
    const json =
      '{"fk_bin_data_lib":"FKDataHS101","io_mode":1,"io_time":"20260302081504","log_image":null,' +
      '"user_id":"27","verify_mode":3}';
    const { body, head } = encodeOne(MODELS.f80, { kind: "punch", punch: PUNCH });
    expect(body.toString("hex")).toBe(`7a000000${hex(json)}0a00`);
    expect(body.length).toBe(126);
    expect(body.subarray(0, 8).toString("hex")).toBe("7a0000007b22666b");
    expect(body.subarray(-6).toString("hex")).toBe("223a337d0a00");
    expect(head).toContain("\r\nContent-Length: 126\r\n");
  });

  test("framedDialect() counts bytes, not characters, in the length prefix", () => {
    const { body } = encodeOne(MODELS.f80, { kind: "punch", punch: { ...PUNCH, userId: "ñ7" } });
    expect(body.subarray(0, 4).toString("hex")).toBe("7b000000");
    expect(body.length).toBe(127);
  });

  test("framedDialect() gives the punch of E2, whose transaction is called cmd_id", () => {
    const json =
      '{"fk_bin_data_lib":"FKDataHS102","io_mode":33554432,"io_time":"20260302180910",' +
      '"log_image":null,"user_id":"E-0042","verify_mode":1073741824}';
    const punch = {
      ...PUNCH,
      userId: "E-0042",
      wallTime: "20260302180910",
      ioModeCode: 33554432,
      verifyModeCode: 1073741824,
    };
    const { head, body } = encodeOne(MODELS.bm70w, { kind: "punch", punch });
    expect(body.toString("hex")).toBe(`8e000000${hex(json)}0a00`);
    expect(body.length).toBe(146);
    expect(head).toStartWith("POST /hdata.aspx HTTP/1.0\r\n");
    expect(head).toContain("\r\ncmd_id: RTLogSendAction\r\n");
    expect(head).not.toContain("trans_id");
  });

  test("framedDialect() gives the punch of E3, which has no terminator", () => {
    const json =
      '{"fk_bin_data_lib":"M50","user_id":"00000033","verify_mode":1,"io_mode":0,' +
      '"io_time":"20260302081504"}';
    const punch = { ...PUNCH, userId: "00000033", verifyModeCode: 1, ioModeCode: 0 };
    const { head, body } = encodeOne(MODELS.m82, { kind: "punch", punch });
    expect(body.toString("hex")).toBe(`65000000${hex(json)}`);
    expect(body.length).toBe(105);
    expect(head).toStartWith("POST http://10.0.0.5:7005/ HTTP/1.0\r\n");
  });

  test("framedDialect() gives the punch of E4 with its photo", () => {
    const json =
      '{"fk_bin_data_lib":"FKDataHS101","io_mode":1,"io_time":"20260302081504",' +
      '"log_image":"BIN_1","user_id":"27","verify_mode":20}';
    const punch = { ...PUNCH, verifyModeCode: 20, photo: E4_PHOTO };
    const { body } = encodeOne(MODELS.f80, { kind: "punch", punch });
    expect(body.toString("hex")).toBe(
      `7e000000${hex(json)}0a0012000000ffd8ffe000104a46494600010100000 1ffd9`.replaceAll(" ", ""),
    );
    expect(body.length).toBe(152);
  });

  test("framedDialect() gives the poll of E5", () => {
    const json =
      '{"fk_info":{"firmware":"SIMFW V1.00","firmware_filename":"simfw_um",' +
      '"fk_bin_data_lib":"FKDataHS101","fp_data_ver":128,' +
      '"supported_enroll_data":["FP","PASSWORD","IDCARD"]},"fk_name":"gate-1",' +
      '"fk_time":"20260302081459"}';
    const { head, body } = encodeOne(MODELS.f80, POLL);
    expect(body.toString("hex")).toBe(`da000000${hex(json)}0a00`);
    expect(body.length).toBe(222);
    expect(head).toContain("\r\nrequest_code: receive_cmd\r\n");
    expect(head).toContain("\r\ntrans_id: ReceiveCommandAction\r\n");
  });

  test("framedDialect() sends the upload of E10 in two blocks", () => {
    const template = Buffer.alloc(40, 0x7d);
    const user = {
      userId: "27",
      name: "Ana",
      privilege: "USER",
      enabled: true,
      credentials: [{ backupNumber: 0, data: template }],
      photo: undefined,
    } as const;
    const requests = encode(MODELS.f80, { kind: "enrollment", user }, { blockBytesMax: 100 });
    const heads = requests.map(({ bytes, headBytes }) =>
      Buffer.from(bytes).toString("latin1", 0, headBytes),
    );
    expect(heads.map((head) => /blk_no: \d+\r\nblk_len: \d+/.exec(head)?.[0])).toEqual([
      "blk_no: 1\r\nblk_len: 100",
      "blk_no: 0\r\nblk_len: 72",
    ]);
    expect(heads[0]).toContain("\r\nrequest_code: realtime_enroll_data\r\n");
    expect(heads[0]).toContain("\r\ntrans_id: RTEnrollDataAction\r\n");
    const json =
      '{"enroll_data_array":[{"backup_number":0,"enroll_data":"BIN_1"}],"user_id":"27",' +
      '"user_name":"Ana","user_privilege":"USER"}';
    const bodies = requests.map(({ bytes, headBytes }) => bytes.subarray(headBytes));
    expect(Buffer.concat(bodies).toString("hex")).toBe(
      `7c000000${hex(json)}0a0028000000${"7d".repeat(40)}`,
    );
  });

  test("framedDialect() gives a user's photo as BIN_1 and numbers to D4", () => {
    const user = {
      userId: "00000033",
      name: "Ben",
      privilege: "MANAGER",
      enabled: false,
      credentials: [{ backupNumber: 11, data: Buffer.from("1234") }],
      photo: Buffer.from("ffd8", "hex"),
    } as const;
    const json =
      '{"enroll_data_array":[{"backup_number":11,"enroll_data":"BIN_2"}],"user_id":"00000033",' +
      '"user_name":"Ben","user_photo":"BIN_1","user_privilege":1,"user_enabled":0,' +
      '"user_depart_id":0}';
    const { body } = encodeOne(MODELS.m82, { kind: "enrollment", user });
    const length = Buffer.from([json.length, 0, 0, 0]).toString("hex");
    expect(body.toString("hex")).toBe(`${length}${hex(json)}02000000ffd80400000031323334`);
  });

  test("framedDialect() names the command in a result and leaves an empty one without body", () => {
    const result = { commandId: "c-1", returnCode: "OK", fields: undefined, binaries: [] };
    const { head, body } = encodeOne(MODELS.f80, { kind: "result", result });
    expect(body.length).toBe(0);
    expect(head).toContain("\r\nrequest_code: send_cmd_result\r\n");
    expect(head).toContain("\r\ntrans_id: c-1\r\n");
    expect(head).toContain("\r\ncmd_return_code: OK\r\n");
    expect(head).toContain("\r\nContent-Length: 0\r\n");
  });

  test("framedDialect() writes the headers in the order captured from terminals", () => {
    const { head } = encodeOne(MODELS.f80, { kind: "punch", punch: PUNCH });
    expect(head).toBe(
      "POST / HTTP/1.0\r\n" +
        "Accept: image/gif, image/jpeg, image/pjpeg, application/vnd.ms-powerpoint, */*\r\n" +
        "Accept-Language: en-us\r\n" +
        "Accept-Encoding: gzip, deflate\r\n" +
        "User-Agent: Mozilla/4.0\r\n" +
        "Content-Type: application/octet-stream\r\n" +
        "Connection: close\r\n" +
        "request_code: realtime_glog\r\n" +
        "Content-Type: application/octet-stream\r\n" +
        "Content-Length: 126\r\n" +
        "trans_id: RTLogSendAction\r\n" +
        "dev_id: 2401058352\r\n" +
        "blk_no: 0\r\n" +
        "blk_len: 126\r\n" +
        "HOST: 10.0.0.5:7005\r\n" +
        "\r\n",
    );
  });

  test("framedDialect() asks for a kept connection only when told to", () => {
    const { head } = encodeOne(MODELS.f80, POLL, { keepAlive: true });
    expect(head).toStartWith("POST / HTTP/1.1\r\n");
    expect(head).toContain("\r\nConnection: keep-alive\r\n");
  });

  test("framedDialect() writes POST //, no space after the colon and NUL alone for such a make", () => {
    const { head, body } = encodeOne(MODELS.ws535, { kind: "punch", punch: PUNCH });
    expect(head).toStartWith("POST // HTTP/1.0\r\nAccept:image/gif,");
    expect(head).toContain("\r\ndev_id:2401058352\r\n");
    expect(body.toString("latin1", 4)).toBe(
      '{"user_id":"27","io_time":"20260302081504","verify_mode":3,"io_mode":1,' +
        '"log_image":null,"fk_bin_data_lib":"FKDataHS101"}\0',
    );
  });
});

describe("aidataDialect()", () => {
  test("aidataDialect() gives plain camelCase JSON, never cut into blocks", () => {
    const punch = { ...PUNCH, photo: E4_PHOTO };
    const { head, body } = encodeOne(MODELS.r6, { kind: "punch", punch });
    expect(body.toString()).toBe(
      '{"userId":"27","time":"20260302081504","verifyMode":3,"ioMode":1,"inOut":0,"doorMode":0,' +
        '"logPhoto":"/9j/4AAQSkZJRgABAQAAAf/Z"}',
    );
    expect(head).toStartWith("POST /AIData.aspx HTTP/1.0\r\n");
    expect(head).toContain("\r\ntrans_id: RTLogSend\r\n");
    expect(head).toContain("\r\ndev_model: R6\r\nHOST: ");
  });

  test("aidataDialect() polls with the time alone", () => {
    const { head, body } = encodeOne(MODELS.r6, POLL);
    expect(body.toString()).toBe('{"time":"20260302081459"}');
    expect(head).toContain("\r\nrequest_code: receive_cmd\r\n");
  });

  test("aidataDialect() takes a transaction in the answer to a punch for no acknowledgement", () => {
    const reply = (transaction: string): string =>
      `HTTP/1.0 200 OK\r\nresponse_code: OK\r\ntrans_id: ${transaction}\r\nContent-Length: 0\r\n\r\n`;
    const { request } = encodeOne(MODELS.r6, { kind: "punch", punch: PUNCH });
    expect(request.readReply(reply("RTLogSend"), true)?.acknowledges).toBe(false);
    expect(request.readReply(reply(""), true)?.acknowledges).toBe(true);
    const result = { commandId: "7", returnCode: "Success", fields: undefined, binaries: [] };
    const answered = encodeOne(MODELS.r6, { kind: "result", result }).request;
    expect(answered.readReply(reply("7"), true)?.acknowledges).toBe(true);
  });
});
