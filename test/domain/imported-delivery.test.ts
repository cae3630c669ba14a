/**
 * Aim: an undelivered message names its punch and keeps the time of its event, in the payloads of
 * both late revisions (contract.md 4.2 and 6, rule 6).
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { epochMs } from "#base/epoch.ts";
import { deviceId } from "#domain/identifiers.ts";
import { readImportedDelivery } from "#domain/imported-delivery.ts";

/** The payload of vector 2 of the contract. */
const EVENT = {
  event_type: "attendance_log",
  timestamp: 1735776931,
  timestamp_utc: "2025-01-02 00:15:30",
  timestamp_local: "2025-01-02 08:15:30",
  timezone: "Asia/Manila",
  attendance_date: "2025-01-02",
  attendance_time: "08:15:30",
  data: {
    device_id: "2401058350",
    user_id: 7,
    io_mode: 1,
    io_mode_str: "IN",
    timestamp: "20250102081530",
    datetime_utc: "2025-01-02 00:15:30",
    is_duplicate: false,
  },
  source: "biometric_server",
  device_id: "2401058350",
  user_id: 7,
};

/** The payload of vector 1 of the contract. */
const LOG = {
  user_id: "7",
  biometric_id: "7",
  id: "7",
  device_id: "GATE-ñ\u007f",
  attendance_time: "2025-01-02 00:15:30",
  timestamp: "20250102081530",
  timestamp_unix: 1735776931,
  is_duplicate: false,
};

function read(kept: unknown, created_at: string | null = null) {
  const webhook_data = typeof kept === "string" ? kept : JSON.stringify(kept);
  return readImportedDelivery({ id: "1", webhook_data, created_at }, "Asia/Manila");
}

const event = (payload: unknown, timestamp: unknown = "1735776999") =>
  read({ payload, signature: "00", timestamp });
const logs = (log: unknown) =>
  read({
    payload_json: JSON.stringify({ logs: [log] }),
    signature: "00",
    timestamp: "1735776999",
    string_fields: ["user_id"],
  });

describe("readImportedDelivery()", () => {
  test("reads the payload of the earlier late revision", () => {
    expect(event(EVENT)).toEqual({
      ok: true,
      value: {
        deviceId: deviceId("2401058350"),
        userIdText: "7",
        wallTime: "20250102081530",
        eventAtMs: epochMs(1735776931000),
      },
    } as ReturnType<typeof event>);
  });

  test("reads the payload of the newest revision, which is kept as text", () => {
    expect(logs(LOG)).toEqual({
      ok: true,
      value: {
        deviceId: deviceId("GATE-ñ\u007f"),
        userIdText: "7",
        wallTime: "20250102081530",
        eventAtMs: epochMs(1735776931000),
      },
    } as ReturnType<typeof logs>);
  });

  test("looks for the event's time in the payload, beside it, and in the row", () => {
    const { timestamp: _, ...timeless } = EVENT;
    const beside = event(timeless);
    expect(beside.ok && beside.value.eventAtMs).toBe(epochMs(1735776999000));
    const ofRow = read({ payload: timeless, timestamp: "soon" }, "2025-01-02 00:20:00");
    expect(ofRow.ok && ofRow.value.eventAtMs).toBe(epochMs(Date.UTC(2025, 0, 2, 0, 20, 0)));
    const none = read({ payload: timeless, timestamp: -1 });
    expect(!none.ok && none.error.code).toBe("no-time");
  });

  test("stands where the punch stands when the terminal's time is no time", () => {
    const later = logs({ ...LOG, timestamp: "" });
    expect(later.ok && String(later.value.wallTime)).toBe("20250102081530");
    const earlier = event({ ...EVENT, data: { ...EVENT.data, timestamp: "no time" } });
    expect(earlier.ok && String(earlier.value.wallTime)).toBe("20250102081530");
  });

  test("says what a message is that tells of no punch", () => {
    const test = event({ event_type: "test_webhook", timestamp: 1735776931, message: "Test" });
    expect(test).toEqual({
      ok: false,
      error: {
        code: "not-a-punch",
        reason: 'The message tells of no punch (event "test_webhook")',
      },
    });
    const empty = read({ payload_json: '{"logs":[]}', timestamp: "1735776999" });
    expect(!empty.ok && empty.error.code).toBe("not-a-punch");
    for (const log of [
      { ...LOG, user_id: "" },
      { ...LOG, user_id: null },
    ]) {
      const nobody = logs(log);
      expect(!nobody.ok && nobody.error.code).toBe("no-user");
    }
    const nowhere = event({ ...EVENT, data: { ...EVENT.data, device_id: null } });
    expect(!nowhere.ok && nowhere.error.code).toBe("no-device");
  });

  test.each(["", "no json", "[]", "7", "null", '{"payload":7}', '{"payload_json":"{"}'])(
    "does not read %p",
    (kept) => {
      const result = read(kept);
      expect(!result.ok && result.error.code).toBe("not-readable");
    },
  );

  test("takes any JSON without a throw", () => {
    fc.assert(
      fc.property(fc.json(), fc.json(), (one, other) => {
        readImportedDelivery({ id: "1", webhook_data: one }, "Asia/Manila");
        logs(JSON.parse(one));
        event({ ...EVENT, data: JSON.parse(one), timestamp: JSON.parse(other) });
        return true;
      }),
      { numRuns: 300 },
    );
  });
});
