/**
 * Proves the body of format `event` against vector 2 of contract 4.1 and the rules of its 4.2 A.
 */

import { describe, expect, test } from "bun:test";
import { deviceId, userId } from "#domain/identifiers.ts";
import type { Punch } from "#domain/punch.ts";
import { encodeEvent } from "#webhooks/event-format.ts";
import type { FormatOptions } from "#webhooks/webhook-event.ts";
import { makeEvent, makePunch } from "./webhook-values.ts";

const OPTIONS: FormatOptions = {
  siteTimeZone: "Asia/Manila",
  primaryDeviceId: deviceId("2401058352"),
  expectedUsers: undefined,
  extraFields: false,
};
const GATE = deviceId("2401058350");

function encode(change: Partial<Punch>, options: FormatOptions = OPTIONS) {
  const punch = makePunch({ deviceId: GATE, ...change });
  return JSON.parse(encodeEvent(makeEvent({ punch }), options));
}

describe("encodeEvent()", () => {
  test("encodeEvent() writes vector 2 of the contract byte for byte", () => {
    expect(encodeEvent(makeEvent({ punch: makePunch({ deviceId: GATE }) }), OPTIONS)).toBe(
      '{"attendance_date": "2025-01-02", "attendance_time": "08:15:30", "data": {"datetime_local": "2025-01-02 08:15:30", "datetime_utc": "2025-01-02 00:15:30", "device_id": "2401058350", "device_type": "SECONDARY", "io_mode": 1, "io_mode_str": "IN", "is_duplicate": false, "is_primary": false, "timestamp": "20250102081530", "timezone": "Asia/Manila", "user_id": 7, "verify_mode": 3, "verify_mode_str": "ID Card"}, "device_id": "2401058350", "event_type": "attendance_log", "source": "biometric_server", "timestamp": 1735776931, "timestamp_local": "2025-01-02 08:15:30", "timestamp_utc": "2025-01-02 00:15:30", "timezone": "Asia/Manila", "user_id": 7}',
    );
  });

  test("encodeEvent() spells an out punch in both direction fields", () => {
    expect(encode({ direction: "out" }).data).toMatchObject({ io_mode: 0, io_mode_str: "OUT" });
  });

  test("encodeEvent() labels the primary terminal in both fields", () => {
    expect(encode({ deviceId: deviceId("2401058352") }).data).toMatchObject({
      device_type: "PRIMARY",
      is_primary: true,
    });
  });

  test.each([
    ["an integer", "33", 33],
    ["a negative integer", "-3", -3],
    ["text with letters", "E-0042", "E-0042"],
    ["kept zeros", "0027", "0027"],
    ["more digits than a number holds", "9007199254740993", "9007199254740993"],
  ])("encodeEvent() shows a user id that is %s as it is", (_case, id, shown) => {
    const event = encode({ userId: userId(id) });
    expect([event.user_id, event.data.user_id]).toEqual([shown, shown]);
  });

  test("encodeEvent() gives local times in the punch's own zone, and names that zone", () => {
    const event = encode({ timeZone: "America/New_York" });
    expect(event).toMatchObject({
      attendance_date: "2025-01-01",
      attendance_time: "19:15:30",
      timestamp_local: "2025-01-01 19:15:30",
      timestamp_utc: "2025-01-02 00:15:30",
      timezone: "America/New_York",
    });
    expect(event.data).toMatchObject({
      datetime_local: "2025-01-01 19:15:30",
      timezone: "America/New_York",
    });
  });

  test("encodeEvent() marks a resend", () => {
    const event = JSON.parse(encodeEvent(makeEvent({ isDuplicate: true }), OPTIONS));
    expect(event.data.is_duplicate).toBe(true);
  });

  test("encodeEvent() adds the punch's number and the source of its direction if asked", () => {
    const plain = encode({ directionSource: "fixed" });
    const extra = encode({ directionSource: "fixed" }, { ...OPTIONS, extraFields: true });
    expect(extra).toEqual({
      ...plain,
      data: { ...plain.data, log_id: 1_000_001, direction_source: "fixed" },
    });
  });
});
