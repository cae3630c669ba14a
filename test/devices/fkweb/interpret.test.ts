/**
 * Aim: a poll tells what it can and never fails, and a request the domain has no word for stays
 * a notice with its vendor name.
 */

import { describe, expect, test } from "bun:test";
import { interpretMessage } from "#devices/fkweb/interpret.ts";
import type { JsonObject } from "#devices/fkweb/message.ts";
import type { DeviceReport } from "#domain/intake.ts";

const RAW = new Uint8Array([1]);

function report(fields: JsonObject): DeviceReport {
  const intake = interpretMessage({ kind: "poll", deviceIdText: "A1", fields, raw: RAW });
  if (intake.kind !== "poll") throw new Error(intake.kind);
  return intake.report;
}

describe("interpretMessage() of a poll", () => {
  test("leaves out what is missing or empty, so that known values stay", () => {
    expect(report({})).toEqual({});
    expect(report({ fk_name: "", fk_time: "", fk_info: {} })).toEqual({});
  });

  test("takes the clock verbatim, also as 12 digits or a number", () => {
    expect(report({ fk_time: "260302081459" })).toEqual({ clockText: "260302081459" });
    expect(report({ fk_time: 20260302081459 })).toEqual({ clockText: "20260302081459" });
  });

  test("keeps the rest as JSON", () => {
    expect(report({ fk_name: "gate", mask: 1, fk_info: { face_data_ver: 528 } })).toEqual({
      name: "gate",
      detailsText: '{"mask":1,"fk_info":{"face_data_ver":528}}',
    });
  });

  test("passes over values of foreign types and of unreasonable length", () => {
    expect(report({ fk_name: ["x"], fk_time: null, fk_info: "x" })).toEqual({});
    expect(report({ fk_name: "x".repeat(129) })).toEqual({});
  });

  test("passes over text that is not well-formed Unicode", () => {
    expect(report({ fk_name: "gate \ud800", fk_time: "20260302081459" })).toEqual({
      clockText: "20260302081459",
    });
  });

  test("leaves details above 8 KiB out, counted in bytes", () => {
    expect(report({ x: "é".repeat(4092) }).detailsText?.length).toBe(4100);
    expect(report({ x: "é".repeat(4093) })).toEqual({});
  });
});

describe("interpretMessage() of a notice", () => {
  test.each([
    ["realtime_enroll_data", true],
    ["realtime_door_status", true],
    ["send_cmd_result", true],
    ["realtime_barcode", false],
    ["door_visit", false],
  ])("%s is documented: %p", (requestCode, known) => {
    const text = '{"a":1}';
    const notice = interpretMessage({
      kind: "notice",
      deviceIdText: "A1",
      requestCode,
      text,
      raw: RAW,
    });
    expect<unknown>(notice).toEqual({
      kind: "notice",
      deviceId: "A1",
      code: requestCode,
      known,
      text,
      raw: RAW,
    });
  });
});
