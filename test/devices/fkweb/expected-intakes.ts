/**
 * What the fixtures of `test/fixtures/fkweb` mean, written by hand from fkweb.md 14.
 */

import { E1_JSON } from "./requests.ts";

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
};
/** Bytes of the body that are kept: all but photos and templates. */
export const RAW_BYTES: Readonly<Record<string, number>> = {
  "e1-punch-card": 126,
  "e2-punch-face-hs102": 146,
  "e3-punch-no-terminator": 105,
  "e4-punch-photo": 130,
  "e5-poll": 222,
  "e10-enrolment-single": 0,
};
