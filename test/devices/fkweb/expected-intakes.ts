/**
 * What the fixtures of `test/fixtures/fkweb` mean and get, written by hand from fkweb.md 1, 6 and 14.
 */

import { expect } from "bun:test";
import { E1_JSON, framed } from "./requests.ts";

/** Without their photos. */
const D5_TEXT =
  '{"fk_bin_data_lib":"FKDataHS105","io_mode":285212681,"io_time":"20260302081504","log_image":"(978 characters of base64 left out)","user_id":"27","verify_mode":["FACE"],"work_code":0}';
const D6_TEXT =
  '{"userId":"1000120001","name":"Ana","time":"20260720213000","inOut":"IN","ioMode":10,"doorMode":"open","verifyMode":"Face","workCode":1,"logPhoto":"(960 characters of base64 left out)"}';
const D7_JSON =
  '{"fk_bin_data_lib":"FKDataHS100","io_mode":1,"io_time":"20260302081504","log_image":"BIN_1","user_id":"27","verify_mode":20}';

/** What each fixture means; but for `raw`. */
export const EXPECTED_INTAKES: Readonly<Record<string, unknown>> = {
  "e1-punch-card": {
    kind: "punches",
    deviceId: "2401058352",
    punches: [
      {
        userIdText: "27",
        wallTimeText: "20260302081504",
        directionCode: "1",
        verifyModeCode: "3",
        codeLibrary: "FKDataHS101",
        workCode: undefined,
        rawText: E1_JSON,
      },
    ],
  },
  "e2-punch-face-hs102": {
    kind: "punches",
    deviceId: "0011223344556677",
    punches: [
      {
        userIdText: "E-0042",
        wallTimeText: "20260302180910",
        directionCode: "33554432",
        verifyModeCode: "1073741824",
        codeLibrary: "FKDataHS102",
        workCode: undefined,
        rawText:
          '{"fk_bin_data_lib":"FKDataHS102","io_mode":33554432,"io_time":"20260302180910","log_image":null,"user_id":"E-0042","verify_mode":1073741824}',
      },
    ],
  },
  "e3-punch-no-terminator": {
    kind: "punches",
    deviceId: "EN0190000001",
    punches: [
      {
        userIdText: "00000033",
        wallTimeText: "20260302081504",
        directionCode: "0",
        verifyModeCode: "1",
        codeLibrary: "M50",
        workCode: undefined,
        rawText:
          '{"fk_bin_data_lib":"M50","user_id":"00000033","verify_mode":1,"io_mode":0,"io_time":"20260302081504"}',
      },
    ],
  },
  "e4-punch-photo": {
    kind: "punches",
    deviceId: "2401058352",
    punches: [
      {
        userIdText: "27",
        wallTimeText: "20260302081504",
        directionCode: "1",
        verifyModeCode: "20",
        codeLibrary: "FKDataHS101",
        workCode: undefined,
        rawText:
          '{"fk_bin_data_lib":"FKDataHS101","io_mode":1,"io_time":"20260302081504","log_image":"BIN_1","user_id":"27","verify_mode":20}',
      },
    ],
  },
  "e5-poll": {
    kind: "poll",
    deviceId: "2401058352",
    queue: "empty",
    report: {
      clockText: "20260302081459",
      name: "gate-1",
      firmware: "SIMFW V1.00",
      codeLibrary: "FKDataHS101",
      detailsText:
        '{"fk_info":{"firmware_filename":"simfw_um","fp_data_ver":128,"supported_enroll_data":["FP","PASSWORD","IDCARD"]}}',
    },
  },
  "e10-enrolment-single": {
    kind: "notice",
    deviceId: "2401058352",
    code: "realtime_enroll_data",
    known: true,
    text: "",
    enrollment: {
      userIdText: "27",
      name: "AAA",
      privilege: 0,
      isEnabled: undefined,
      credentials: [0],
      fingerprintCount: 1,
      passwordCount: 0,
      cardCount: 0,
      faceCount: 0,
      veinCount: 0,
    },
  },
  "d1-punch-form": {
    kind: "punches",
    deviceId: "0000001234",
    punches: [
      {
        userIdText: "27",
        wallTimeText: "20150302081504",
        directionCode: "IN",
        verifyModeCode: "FP",
        codeLibrary: undefined,
        workCode: undefined,
        rawText:
          "page_id=realtime_glog&device_id=0000001234&device_name=gate&glog_data={enroll_id:27,verify_mode:FP,io_mode:IN,io_time:20150302081504}",
      },
    ],
  },
  "d1-poll-form": {
    kind: "poll",
    deviceId: "0000001234",
    refuseCommand: expect.any(Function),
    queue: "empty",
    report: {
      clockText: "20150302081459",
      name: "gate",
      firmware: "V1.02",
      detailsText:
        '{"fk_info":{"enrollee":"9","face":"2","fp":"11","pwd":"1","idcard":"3","manager":"1","log":"77","fk_type":"4775"}}',
    },
  },
  "d4-enrolment": {
    kind: "notice",
    deviceId: "EN0190000001",
    code: "realtime_enroll_data",
    known: true,
    text: "",
    enrollment: {
      userIdText: "00000033",
      name: "Ana",
      privilege: 1,
      isEnabled: true,
      credentials: [0, 11],
      fingerprintCount: 1,
      passwordCount: 0,
      cardCount: 1,
      faceCount: 0,
      veinCount: 0,
    },
  },
  "d4-poll": {
    kind: "poll",
    deviceId: "EN0190000001",
    queue: "empty",
    report: {
      clockText: "20260302081459",
      firmware: "M82-1.0",
      codeLibrary: "M50",
      detailsText: '{"fk_info":{"supported_enroll_data":["FP","PASSWORD","CARD","FACE"]}}',
    },
  },
  "d5-punch-photo": {
    kind: "punches",
    deviceId: "5501000001",
    punches: [
      {
        userIdText: "27",
        wallTimeText: "20260302081504",
        directionCode: "285212681",
        verifyModeCode: '["FACE"]',
        codeLibrary: "FKDataHS105",
        workCode: "0",
        rawText: D5_TEXT,
      },
    ],
  },
  "d5-enrolment": {
    kind: "notice",
    deviceId: "5501000001",
    code: "realtime_enroll_data",
    known: true,
    text: "",
    enrollment: {
      userIdText: "27",
      name: "Ben",
      privilege: 0,
      isEnabled: undefined,
      credentials: [10, 12],
      fingerprintCount: 0,
      passwordCount: 1,
      cardCount: 0,
      faceCount: 1,
      veinCount: 0,
    },
  },
  "d6-punch-photo": {
    kind: "punches",
    deviceId: "AMDB26013800122",
    punches: [
      {
        userIdText: "1000120001",
        wallTimeText: "20260720213000",
        directionCode: "IN",
        verifyModeCode: "Face",
        codeLibrary: undefined,
        workCode: "1",
        rawText: D6_TEXT,
      },
    ],
  },
  "d6-enrolment": {
    kind: "notice",
    deviceId: "AMDB26013800122",
    code: "realtime_enroll_data",
    known: true,
    text: "",
    enrollment: {
      userIdText: "1000120001",
      name: "Ana",
      privilege: 0,
      isEnabled: undefined,
      credentials: [0, 10, 12],
      fingerprintCount: 1,
      passwordCount: 1,
      cardCount: 0,
      faceCount: 1,
      veinCount: 0,
    },
  },
  "d6-poll": {
    kind: "poll",
    deviceId: "AMDB26013800122",
    refuseCommand: expect.any(Function),
    queue: "empty",
    report: { clockText: "20260720213000" },
  },
  "d7-punch-photo": {
    kind: "punches",
    deviceId: "M68000000001",
    punches: [
      {
        userIdText: "27",
        wallTimeText: "20260302081504",
        directionCode: "1",
        verifyModeCode: "20",
        codeLibrary: "FKDataHS100",
        workCode: undefined,
        rawText: D7_JSON,
      },
    ],
  },
  "d7-poll": {
    kind: "poll",
    deviceId: "M68000000001",
    report: {
      clockText: "20260302081459",
      name: "m68",
      codeLibrary: "FKDataHS100",
    },
  },
};

/** Bytes of the body that are kept, from its start: all but photos and templates. */
const RAW_BYTES: Readonly<Record<string, number>> = {
  "e4-punch-photo": 130,
  "e10-enrolment-single": 0,
  "d4-enrolment": 0,
  "d5-enrolment": 0,
  "d6-enrolment": 0,
};

/** What is kept where it is not the start of the body: without base64, or from inside a block. */
const RAW_TEXTS: Readonly<Record<string, string>> = {
  "d5-punch-photo": D5_TEXT,
  "d6-punch-photo": D6_TEXT,
  "d7-punch-photo": framed(D7_JSON, "\0").toString("latin1"),
  "d7-poll": framed(
    '{"fk_name":"m68","fk_time":"20260302081459","fk_info":{"fk_bin_data_lib":"FKDataHS100"}}',
    "\0",
  ).toString("latin1"),
};

const OK_REPLY = replyOf("OK");
const IDLE_REPLY = replyOf("ERROR_NO_CMD", "trans_id: \r\ncmd_code: \r\n");

/** The replies to fixtures that are no record of D2 to D7. */
const REPLIES: Readonly<Record<string, string>> = {
  "e5-poll": IDLE_REPLY,
  "d4-poll": IDLE_REPLY,
  "d6-poll": IDLE_REPLY,
  "d7-poll": IDLE_REPLY,
  "d1-punch-form": replyOf("OK", "", "{result:OK}\r\nresult=OK"),
  "d1-poll-form": replyOf("ERROR_NO_CMD", "", "{result:ERROR_NO_CMD}\r\nresult=ERROR_NO_CMD"),
};

/** What is kept of a fixture whose body is `body`, latin-1. */
export function expectedRaw(name: string, body: string): string {
  return RAW_TEXTS[name] ?? body.slice(0, RAW_BYTES[name]);
}

/** The whole reply to a fixture that was stored, latin-1. */
export function expectedReply(name: string): string {
  return REPLIES[name] ?? OK_REPLY;
}

function replyOf(code: string, headers = "", body = ""): string {
  const lines = `HTTP/1.0 200 OK\r\nContent-Type: application/octet-stream\r\nresponse_code: ${code}\r\n`;
  return `${lines}${headers}Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
}
