/** Aim: the two counts of contract 3.2 and 3.3 have its trees, with true numbers. */

import { expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import { userId } from "#domain/identifiers.ts";
import { ApiFixture } from "../../api-fixture.ts";
import { sampleDevice, samplePunch } from "../../fake-storage.ts";
import { tokenWithScope } from "../../scoped-token.ts";

function fixtureOfTerminals(): ApiFixture {
  const fixture = new ApiFixture();
  const hourAgo = epochMs(fixture.clock.nowMs() - 3_600_000);
  fixture.storage.devices.push(
    sampleDevice("A", { name: "Front door" }),
    sampleDevice("B", { status: "blocked", lastContactMs: hourAgo }),
    sampleDevice("C", { lastContactMs: undefined }),
    sampleDevice("D", { status: "pending" }),
    sampleDevice("E", { status: "retired" }),
  );
  fixture.storage.punches.push(
    samplePunch(1),
    samplePunch(2),
    samplePunch(3),
    samplePunch(4, { feedPosition: undefined }),
  );
  fixture.storage.userIds.push(userId("7"), userId("8"));
  return fixture;
}

test("GET /api/status counts what the HRIS can see, without a field success", async () => {
  const answer = await fixtureOfTerminals().get("/api/status");
  expect(answer.status).toBe(200);
  const created = { created_at: "2026-03-01 16:00:00" };
  expect(answer.json).toEqual({
    total_logs: 3,
    total_devices: 3,
    devices: [
      {
        device_id: "A",
        device_name: "Front door",
        status: "allowed",
        last_seen: "2026-03-02 08:15:04",
        ...created,
        connection_status: "connected",
      },
      {
        device_id: "B",
        device_name: null,
        status: "blocked",
        last_seen: "2026-03-02 07:15:04",
        ...created,
        connection_status: "offline",
      },
      {
        device_id: "C",
        device_name: null,
        status: "allowed",
        last_seen: null,
        ...created,
        connection_status: "never",
      },
    ],
  });
});

test("GET /api/hris/status counts, and has no field success", async () => {
  const answer = await fixtureOfTerminals().get("/api/hris/status");
  expect(answer.status).toBe(200);
  expect(answer.json).toEqual({
    status: "online",
    timestamp: "2026-03-02T08:15:04.000000",
    stats: { total_logs: 3, total_users: 2, total_devices: 3, connected_devices: 1 },
  });
});

test.each(["/api/status", "/api/hris/status", "/api/devices", "/api/hris/devices"])(
  "%s needs a token that may read: defect 32",
  async (path) => {
    const fixture = fixtureOfTerminals();
    const anybody = await fixture.call(path);
    expect(anybody.status).toBe(401);
    expect(anybody.text).not.toContain("Front door");
    const authorization = `Bearer ${await tokenWithScope(fixture, "write")}`;
    expect((await fixture.call(path, { headers: { authorization } })).status).toBe(403);
  },
);
