/** Aim: the body of format `standard`, spelled out by hand, and bounded whatever a terminal sends. */

import { describe, expect, test } from "bun:test";
import { deviceId, userId } from "#domain/identifiers.ts";
import { encodeStandard } from "#webhooks/standard-format.ts";
import type { FormatOptions } from "#webhooks/webhook-event.ts";
import { makeEvent, makePunch } from "./webhook-values.ts";

const OPTIONS: FormatOptions = {
  siteTimeZone: "Asia/Manila",
  primaryDeviceId: deviceId("2401058352"),
  expectedUsers: undefined,
  extraFields: false,
};
const PUNCH = makePunch({ deviceId: deviceId("2401058352"), codeLibrary: "FKDataHS101" });

describe("encodeStandard()", () => {
  test("writes type, time and the punch as /v1/punches shows it", () => {
    expect(JSON.parse(encodeStandard(makeEvent({ punch: PUNCH }), OPTIONS))).toEqual({
      type: "punch.created",
      timestamp: "2025-01-02T08:15:31.999+08:00",
      data: {
        id: 1_000_001,
        revision: 1,
        device_id: "2401058352",
        user_id: "7",
        user_id_text: "00000007",
        time: "2025-01-02T08:15:30+08:00",
        time_zone: "Asia/Manila",
        wall_time: "20250102081530",
        wall_time_text: "20250102081530",
        received_at: "2025-01-02T08:15:31+08:00",
        direction: "in",
        direction_source: "alternate",
        is_repeat: false,
        direction_code: "0",
        device_direction: null,
        verify_mode_code: "3",
        verify_methods: ["card"],
        code_library: "FKDataHS101",
        work_code: null,
        local_time_flag: null,
        doubtful_time: null,
        suggested_time: null,
        outside_user_range: false,
        is_historic: false,
        origin: "live",
      },
    });
  });

  test("tells a correction by its type and the punch's revision", () => {
    const punch = makePunch({ revision: 3, direction: "out" });
    const body = JSON.parse(encodeStandard(makeEvent({ type: "punch.updated", punch }), OPTIONS));
    expect(body).toMatchObject({ type: "punch.updated", data: { revision: 3, direction: "out" } });
  });

  test("marks a resend, and only that", () => {
    const body = JSON.parse(encodeStandard(makeEvent({ isDuplicate: true }), OPTIONS));
    expect(body.data.is_duplicate).toBe(true);
  });

  test("marks a user whom the site does not expect there", () => {
    const expectedUsers = { deviceId: deviceId("2401058352"), range: { from: 8, to: 9 } };
    const body = encodeStandard(makeEvent({ punch: PUNCH }), { ...OPTIONS, expectedUsers });
    expect(JSON.parse(body).data.outside_user_range).toBe(true);
  });

  test("stays under 20 KB whatever a terminal sends, and says what it cut", () => {
    const long = "ñ".repeat(65_536);
    const punch = makePunch({ userId: userId(long), userIdText: long, workCode: long });
    const body = encodeStandard(makeEvent({ punch }), OPTIONS);
    expect(body.length).toBeLessThan(20_000);
    const { data } = JSON.parse(body);
    expect(data.truncated).toEqual(["user_id", "user_id_text", "work_code"]);
    expect(data.work_code).toBe(`${"ñ".repeat(1_000)}…`);
    expect(data.wall_time).toBe("20250102081530");
  });
});
