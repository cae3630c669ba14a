/** Aim: GET /api/biometric/status has the contract's tree and types, filled with true values. */

import { describe, expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import { deviceId, userId } from "#domain/identifiers.ts";
import { punchesFrom, rawPunch } from "../../../support/test-storage.ts";
import { ApiFixture, field } from "../../api-fixture.ts";
import { sampleDevice, samplePunch } from "../../fake-storage.ts";
import { StoredApi } from "../../stored-api.ts";

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
    fixture.storage.userFigures = { activeCount: 3, biometricCount: 2 };
    fixture.storage.syncFigures = {
      lastAttemptMs: epochMs(Date.UTC(2026, 2, 2, 0, 10, 0)),
      lastSuccessMs: epochMs(Date.UTC(2026, 2, 1, 0, 10, 0)),
      errorCount: 4,
    };
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
        total_active_employees: 3,
        employees_with_biometric_id: 2,
        connection_rate_percent: 67,
        duplicate_biometric_ids_count: 0,
        duplicate_biometric_ids: [],
      },
      sync: {
        enabled: true,
        attendance_interval: 15,
        user_interval: 60,
        auto_create_records: true,
        statistics: {
          last_sync_attempt: "2026-03-02T00:10:00.000Z",
          last_successful_sync: "2026-03-01T00:10:00.000Z",
          total_synced_today: 2,
          sync_errors_today: 4,
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

  test("knows of no sync and no employee before the first", async () => {
    const { json } = await new ApiFixture().get(PATH);
    expect(field(json, "connections")).toEqual({
      total_active_employees: 0,
      employees_with_biometric_id: 0,
      connection_rate_percent: 0,
      duplicate_biometric_ids_count: 0,
      duplicate_biometric_ids: [],
    });
    expect(field(json, "sync", "statistics")).toMatchObject({
      last_sync_attempt: null,
      last_successful_sync: null,
      sync_errors_today: 0,
    });
  });

  test("tells of real syncs and employees, over a restart and into the next day", async () => {
    using api = new StoredApi();
    const statistics = async (read: StoredApi) =>
      field((await read.get(PATH)).json, "sync", "statistics");
    await api.post("/api/biometric/sync", { users: [{ user_id: 1 }, { user_id: 2 }, {}] });
    await api.storage.append([punchesFrom("GATE", [rawPunch("1", "20260302080000")])]);
    expect(field((await api.get(PATH)).json, "connections")).toMatchObject({
      total_active_employees: 2,
      employees_with_biometric_id: 1,
      connection_rate_percent: 50,
    });
    await api.fixture.clock.advance(60_000);
    await api.post("/api/hris/sync", "[");
    const told = {
      last_sync_attempt: "2026-03-02T00:16:04.000Z",
      last_successful_sync: "2026-03-02T00:15:04.000Z",
      sync_errors_today: 2,
    };
    expect(await statistics(api)).toMatchObject(told);
    await api.opened.reopen();
    using again = new StoredApi({}, { storage: api.storage });
    expect(await statistics(again)).toMatchObject(told);
    await again.fixture.clock.advance(24 * 3_600_000);
    expect(await statistics(again)).toMatchObject({ ...told, sync_errors_today: 0 });
  });
});

describe("GET /api/biometric/status with a range of users", () => {
  const primaryUserRange = { from: 6, to: 8 };
  const alignment = async (users: readonly string[]) => {
    const fixture = new ApiFixture({ primaryUserRange });
    for (const [index, user] of users.entries()) {
      fixture.storage.punches.push(samplePunch(index + 1, { userId: userId(user) }));
    }
    const elsewhere = { userId: userId("99"), deviceId: deviceId("2401058350") };
    fixture.storage.punches.push(samplePunch(100, elsewhere));
    return field((await fixture.get(PATH)).json, "alignment");
  };

  test("names who is missing and who is extra", async () => {
    expect(await alignment(["6", "E-7", "9"])).toEqual({
      primary_device_id: "2401058352",
      primary_device_name: "Primary Terminal (Users 6-8)",
      expected_users: [6, 7, 8],
      primary_device_users: [6, 9, "E-7"],
      missing_users: [7, 8],
      extra_users: [9, "E-7"],
      alignment_status: "NEEDS_ATTENTION",
    });
  });

  test("lists numbers by their value, and other ids behind them", async () => {
    expect(await alignment(["10", "E-7", "9", "0010", "-2", "100", "A1"])).toMatchObject({
      primary_device_users: [-2, 9, 10, 100, "0010", "A1", "E-7"],
      extra_users: [-2, 9, 10, 100, "0010", "A1", "E-7"],
    });
  });

  test("is perfect when all and nobody else punched there", async () => {
    expect(await alignment(["6", "7", "8"])).toMatchObject({
      missing_users: [],
      extra_users: [],
      alignment_status: "PERFECT",
    });
  });
});
