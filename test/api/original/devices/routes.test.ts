/** Aim: GET /api/biometric/devices has the shape of contract.md D3 and shows only what is in use. */

import { describe, expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import { ApiFixture, field } from "../../api-fixture.ts";
import { sampleDevice } from "../../fake-storage.ts";

const PATH = "/api/biometric/devices";

describe("GET /api/biometric/devices", () => {
  test("shows approved and blocked terminals, and neither pending nor retired ones", async () => {
    const fixture = new ApiFixture();
    fixture.storage.devices.push(
      sampleDevice("2401058352", { name: "Front door" }),
      sampleDevice("blocked-one", { status: "blocked" }),
      sampleDevice("pending-one", { status: "pending" }),
      sampleDevice("retired-one", { status: "retired" }),
    );
    const answer = await fixture.get(PATH);
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      success: true,
      total: 2,
      devices: [
        {
          device_id: "2401058352",
          device_name: "Front door",
          status: "allowed",
          last_seen: "2026-03-02 08:15:04",
          created_at: "2026-03-01 16:00:00",
          connection_status: "connected",
          is_primary: true,
          device_type: "PRIMARY",
        },
        {
          device_id: "blocked-one",
          device_name: null,
          status: "blocked",
          last_seen: "2026-03-02 08:15:04",
          created_at: "2026-03-01 16:00:00",
          connection_status: "connected",
          is_primary: false,
          device_type: "SECONDARY",
        },
      ],
    });
  });

  test.each([
    [0, "connected"],
    [119_999, "connected"],
    [120_000, "recent"],
    [1_799_999, "recent"],
    [1_800_000, "offline"],
    [-3_600_000, "connected"],
  ])("calls a terminal last heard %d ms ago %s", async (ageMs, expected) => {
    const fixture = new ApiFixture();
    const lastContactMs = epochMs(fixture.clock.nowMs() - ageMs);
    fixture.storage.devices.push(sampleDevice("a", { lastContactMs }));
    const answer = await fixture.get(PATH);
    expect(field(answer.json, "devices", 0, "connection_status")).toBe(expected);
  });
});

test("GET /api/hris/devices and /api/devices show the same terminals in their shapes", async () => {
  const fixture = new ApiFixture();
  fixture.storage.devices.push(
    sampleDevice("2401058352", { name: "Front door" }),
    sampleDevice("new", { status: "blocked", lastContactMs: undefined }),
    sampleDevice("pending-one", { status: "pending" }),
  );
  const devices = [
    {
      device_id: "2401058352",
      device_name: "Front door",
      status: "allowed",
      last_seen: "2026-03-02 08:15:04",
      created_at: "2026-03-01 16:00:00",
      connection_status: "connected",
    },
    {
      device_id: "new",
      device_name: null,
      status: "blocked",
      last_seen: null,
      created_at: "2026-03-01 16:00:00",
      connection_status: "never",
    },
  ];
  const older = await fixture.get("/api/hris/devices");
  expect([older.status, older.json]).toEqual([200, { success: true, total: 2, devices }]);
  const open = await fixture.get("/api/devices");
  expect([open.status, open.json]).toEqual([200, { total: 2, devices }]);
});
