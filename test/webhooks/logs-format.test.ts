/**
 * Proves the body of format `logs` against vector 1 of contract 4.1 and the rules of its 4.2 B.
 */

import { describe, expect, test } from "bun:test";
import { deviceId } from "#domain/identifiers.ts";
import type { Punch } from "#domain/punch.ts";
import { encodeLogs } from "#webhooks/logs-format.ts";
import type { FormatOptions } from "#webhooks/webhook-event.ts";
import { makeEvent, makePunch } from "./webhook-values.ts";

const OPTIONS: FormatOptions = {
  siteTimeZone: "Asia/Manila",
  primaryDeviceId: deviceId("2401058352"),
  expectedUsers: undefined,
  extraFields: false,
};

function encode(punch: Punch, options: FormatOptions = OPTIONS): Record<string, unknown> {
  const { logs } = JSON.parse(encodeLogs(makeEvent({ punch }), options));
  expect(logs).toHaveLength(1);
  return logs[0];
}

describe("encodeLogs()", () => {
  test("encodeLogs() writes vector 1 of the contract byte for byte", () => {
    expect(encodeLogs(makeEvent(), OPTIONS)).toBe(
      '{"logs": [{"attendance_time": "2025-01-02 00:15:30", "biometric_id": "7", "datetime": "2025-01-02 00:15:30", "device_id": "GATE-\\u00f1\\u007f", "device_type": "SECONDARY", "direction": "IN", "id": "7", "io_mode": 1, "io_mode_str": "IN", "is_duplicate": false, "source": "biometric_server", "timestamp": "20250102081530", "timestamp_unix": 1735776931, "timezone": "Asia/Manila", "user_id": "7", "verify_method": "ID Card", "verify_mode": 3, "verify_mode_str": "ID Card"}]}',
    );
  });

  test("encodeLogs() marks a resend", () => {
    const { logs } = JSON.parse(encodeLogs(makeEvent({ isDuplicate: true }), OPTIONS));
    expect(logs).toEqual([{ ...encode(makePunch()), is_duplicate: true }]);
  });

  test("encodeLogs() spells an out punch in all three direction fields", () => {
    const log = encode(makePunch({ direction: "out" }));
    expect(log).toMatchObject({ direction: "OUT", io_mode: 0, io_mode_str: "OUT" });
  });

  test("encodeLogs() shows an undecided direction as IN", () => {
    const log = encode(makePunch({ direction: undefined, doubtfulTime: "future" }));
    expect(log).toMatchObject({ direction: "IN", io_mode: 1, io_mode_str: "IN" });
  });

  test("encodeLogs() tells the time that a person said in place of one that is none", () => {
    const wrong = { wallTimeText: "20250132081530" };
    expect(encode(makePunch({ ...wrong, origin: "supplied" })).timestamp).toBe("20250102081530");
    expect(encode(makePunch({ ...wrong, origin: "imported" })).timestamp).toBe("20250132081530");
  });

  test("encodeLogs() labels the primary terminal", () => {
    const log = encode(makePunch({ deviceId: deviceId("2401058352") }));
    expect(log).toMatchObject({ device_id: "2401058352", device_type: "PRIMARY" });
  });

  test("encodeLogs() shows a code it cannot number as 0 and an unknown one as its number", () => {
    expect(encode(makePunch({ verifyModeCode: undefined }))).toMatchObject({
      verify_mode: 0,
      verify_mode_str: "Unknown (0)",
    });
    expect(encode(makePunch({ verifyModeCode: "99" }))).toMatchObject({
      verify_mode: 99,
      verify_method: "Unknown (99)",
    });
  });

  test("encodeLogs() keeps the terminal's own time text, whatever it is", () => {
    expect(encode(makePunch({ wallTimeText: "2025-1-2 8:15" })).timestamp).toBe("2025-1-2 8:15");
  });

  test("encodeLogs() shows the site's zone, and adds local time in the punch's own zone if asked", () => {
    const punch = makePunch({ timeZone: "Asia/Tokyo", directionSource: "fixed" });
    const log = encode(punch, { ...OPTIONS, extraFields: true });
    expect(log).toMatchObject({
      timezone: "Asia/Manila",
      datetime_local: "2025-01-02 09:15:30",
      attendance_date: "2025-01-02",
      log_id: 1_000_001,
      direction_source: "fixed",
    });
    expect(Object.keys(log)).toHaveLength(22);
  });

  test("encodeLogs() gives an undecided direction no source", () => {
    const punch = makePunch({ direction: undefined, directionSource: undefined });
    expect(encode(punch, { ...OPTIONS, extraFields: true }).direction_source).toBeNull();
  });
});
