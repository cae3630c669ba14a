/** Aim: GET /api/biometric/status has the contract's tree and types, filled with true values. */

import { describe, expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import { deviceId, userId } from "#domain/identifiers.ts";
import { ApiFixture, field } from "../../api-fixture.ts";
import { sampleDevice, samplePunch } from "../../fake-storage.ts";

const PATH = "/api/biometric/status";

describe("GET /api/biometric/status", () => {
  test("gives the whole tree", async () => {
    const fixture = new ApiFixture({ rateLimit: { requests: 7, windowSeconds: 30 } });
    fixture.storage.devices.push(
      sampleDevice("2401058352", { name: "Front door" }),
      sampleDevice("2401058350", {
        status: "blocked",
        lastContactMs: epochMs(Date.UTC(2026, 2, 1, 0, 0, 0)),
      }),
    );
    fixture.storage.punches.push(
      samplePunch(1),
      samplePunch(2, { userId: userId("E-7"), deviceId: deviceId("2401058350") }),
      samplePunch(3, { wallTimeText: "20260301235959" }),
    );
    const answer = await fixture.get(PATH);
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      success: true,
      connection: {
        status: "connected",
        api_url: "http://localhost:5050",
        last_test: "2026-03-02T00:15:04.000Z",
      },
      devices: [
        {
          id: "2401058352",
          name: "Front door",
          status: "allowed",
          last_seen: "2026-03-02 08:15:04",
          connection_status: "connected",
          is_primary: true,
          device_type: "PRIMARY",
        },
        {
          id: "2401058350",
          name: "Unnamed",
          status: "blocked",
          last_seen: "2026-03-01 08:00:00",
          connection_status: "disconnected",
          is_primary: false,
          device_type: "SECONDARY",
        },
      ],
      alignment: {
        primary_device_id: "2401058352",
        primary_device_name: "Front door",
        total_primary_users: 1,
        primary_device_users: [6],
        alignment_status: "DYNAMIC",
      },
      connections: {
        total_active_employees: 2,
        employees_with_biometric_id: 2,
        connection_rate_percent: 100,
        duplicate_biometric_ids_count: 0,
        duplicate_biometric_ids: [],
      },
      sync: {
        enabled: true,
        attendance_interval: 15,
        user_interval: 60,
        auto_create_records: true,
        statistics: {
          last_sync_attempt: null,
          last_successful_sync: null,
          total_synced_today: 2,
          sync_errors_today: 0,
          primary_device_logs_today: 1,
        },
      },
      config: {
        client_id: "hris_system",
        token_expiry_hours: 24,
        rate_limit_requests: 7,
        rate_limit_window: 30,
        primary_device_id: "2401058352",
      },
      webhook: {
        enabled: true,
        url: "http://hris.example/hook",
        mode: "sync",
        rate_limit: 60,
        timeout: 30,
        retry_enabled: true,
      },
    });
  });

  test("says null for the devices when there is none to show", async () => {
    const fixture = new ApiFixture();
    fixture.storage.devices.push(
      sampleDevice("new", { status: "pending" }),
      sampleDevice("old", { status: "retired" }),
    );
    const answer = await fixture.get(PATH);
    expect(field(answer.json, "devices")).toBeNull();
    expect(field(answer.json, "connection", "status")).toBe("disconnected");
    expect(field(answer.json, "alignment", "primary_device_name")).toBe(
      "Primary Terminal (Dynamic Users)",
    );
  });

  test("takes a terminal for connected until 120 s after its last contact", async () => {
    const fixture = new ApiFixture();
    fixture.storage.devices.push(sampleDevice("2401058352"));
    const status = async () => field((await fixture.get(PATH)).json, "connection", "status");
    await fixture.clock.advance(119_999);
    expect(await status()).toBe("connected");
    await fixture.clock.advance(1);
    expect(await status()).toBe("disconnected");
  });

  test("counts today by the site's days", async () => {
    const fixture = new ApiFixture();
    fixture.storage.punches.push(samplePunch(1));
    const today = async () =>
      field((await fixture.get(PATH)).json, "sync", "statistics", "total_synced_today");
    await fixture.clock.advance(Date.UTC(2026, 2, 2, 15, 59, 59) - fixture.clock.nowMs());
    expect(await today()).toBe(1);
    await fixture.clock.advance(1_000);
    expect(await today()).toBe(0);
  });
});
