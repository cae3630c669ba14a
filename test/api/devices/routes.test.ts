/** Aim: /v1/devices shows every terminal with its true health, page by page, and nothing to strangers. */

import { describe, expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import { ApiFixture, addClient, field, listField, textField } from "../api-fixture.ts";
import { sampleDevice } from "../fake-storage.ts";

const GATE = {
  device_id: "2401058352",
  name: "Main gate",
  status: "approved",
  driver: "fkweb",
  is_online: true,
  first_contact_at: "2026-03-02T00:00:00+08:00",
  last_contact_at: "2026-03-02T08:15:04+08:00",
  last_address: "192.0.2.7",
  allowed_address: "192.0.2.0/24",
  firmware: "FKWF V1",
  code_library: "FKDataHS101",
  clock_text: "20260302081459",
  clock_skew_ms: -5000,
  start_at: "2026-01-26T08:00:00+08:00",
  time_zone: "Asia/Manila",
  direction_policy: "fixed-in",
  direction_codes: "0=out,1=in",
  held_count: 3,
  duplicate_count: 2,
  refused_count: 1,
  quarantine_bytes: 9,
  last_record_number: "77",
  missing_record_count: 4,
  open_command_count: 5,
  complete_through: "2026-03-02T08:14:59+08:00",
};

function withGate(): ApiFixture {
  const fixture = new ApiFixture();
  fixture.storage.devices.push(
    sampleDevice("2401058352", {
      name: "Main gate",
      allowedAddress: "192.0.2.0/24",
      firmware: "FKWF V1",
      codeLibrary: "FKDataHS101",
      clockText: "20260302081459",
      clockSkewMs: -5000,
      directionPolicy: "fixed-in",
      directionCodes: "0=out,1=in",
      quarantineBytes: 9,
      heldCount: 3,
      duplicateCount: 2,
      refusedCount: 1,
      lastRecordNumber: "77",
      missingRecordCount: 4,
      openCommandCount: 5,
      completeThroughMs: epochMs(Date.UTC(2026, 2, 2, 0, 14, 59)),
    }),
  );
  return fixture;
}

function ids(json: unknown): unknown[] {
  return listField(json, "devices").map((device) => field(device, "device_id"));
}

describe("GET /v1/devices", () => {
  test("shows every field of a terminal, alone and in the list", async () => {
    const fixture = withGate();
    expect((await fixture.get("/v1/devices")).json).toEqual({ devices: [GATE], next: null });
    expect((await fixture.get("/v1/devices/2401058352")).json).toEqual(GATE);
  });

  test("shows null for what is not known, and the terminal's own zone", async () => {
    const fixture = new ApiFixture();
    const never = { lastContactMs: undefined, lastAddress: "", driver: "" };
    fixture.storage.devices.push(
      sampleDevice("a/b", { ...never, status: "pending", timeZone: "Asia/Tokyo" }),
    );
    expect((await fixture.get("/v1/devices/a%2Fb")).json).toMatchObject({
      device_id: "a/b",
      name: null,
      status: "pending",
      is_online: false,
      first_contact_at: "2026-03-02T01:00:00+09:00",
      last_contact_at: null,
      allowed_address: null,
      clock_skew_ms: null,
      time_zone: "Asia/Tokyo",
      direction_policy: null,
      last_record_number: null,
    });
  });

  test("calls a terminal online for 5 minutes after its last contact", async () => {
    const fixture = new ApiFixture();
    const nowMs = fixture.clock.nowMs();
    for (const [id, agoMs] of [
      ["in", 300_000],
      ["out", 300_001],
    ] as const) {
      fixture.storage.devices.push(sampleDevice(id, { lastContactMs: epochMs(nowMs - agoMs) }));
    }
    const { json } = await fixture.get("/v1/devices");
    expect(listField(json, "devices").map((device) => field(device, "is_online"))).toEqual([
      true,
      false,
    ]);
  });

  test("leads through all pages by id, and filters by status", async () => {
    const fixture = new ApiFixture();
    for (const id of ["c", "a", "e", "b", "d"]) {
      fixture.storage.devices.push(
        sampleDevice(id, { status: id === "d" ? "blocked" : "approved" }),
      );
    }
    const first = await fixture.get("/v1/devices?limit=2");
    const next = textField(first.json, "next");
    expect(first.headers.get("link")).toBe(`</v1/devices?limit=2&after=${next}>; rel="next"`);
    const second = await fixture.get(`/v1/devices?limit=2&after=${next}`);
    const third = await fixture.get(`/v1/devices?limit=2&after=${textField(second.json, "next")}`);
    expect([ids(first.json), ids(second.json), ids(third.json)]).toEqual([
      ["a", "b"],
      ["c", "d"],
      ["e"],
    ]);
    expect([field(third.json, "next"), third.headers.get("link")]).toEqual([null, null]);
    expect(ids((await fixture.get("/v1/devices?status=blocked")).json)).toEqual(["d"]);
  });

  test.each([
    ["limit=0", "parameter-invalid", ["limit"]],
    ["limit=1001", "parameter-invalid", ["limit"]],
    ["status=allowed", "parameter-invalid", ["status"]],
    ["after=garbage", "cursor-invalid", ["after"]],
    [`after=${Buffer.from("command:7").toString("base64url")}`, "cursor-invalid", ["after"]],
    ["page=2", "parameter-unknown", ["page"]],
  ])("answers 400 to %s", async (query, code, parameters) => {
    const answer = await withGate().get(`/v1/devices?${query}`);
    expect([answer.status, answer.headers.get("content-type")]).toEqual([
      400,
      "application/problem+json",
    ]);
    expect(answer.json).toMatchObject({ code, parameters });
  });

  test("answers 404 for a terminal that nobody knows, and the built-in device", async () => {
    const fixture = withGate();
    fixture.storage.devices.push(sampleDevice("unknown", { driver: "manual" }));
    for (const id of ["2401O58352", "unknown", "%00"]) {
      const answer = await fixture.get(`/v1/devices/${id}`);
      expect([id, answer.status, field(answer.json, "code")]).toEqual([id, 404, "not-found"]);
    }
  });

  test("needs a token that may read", async () => {
    const fixture = withGate();
    expect((await fixture.call("/v1/devices")).status).toBe(401);
    const secret = await addClient(fixture, "writer", ["write"]);
    const authorization = `Bearer ${await fixture.token("writer", secret)}`;
    for (const path of ["/v1/devices", "/v1/devices/2401058352"]) {
      expect((await fixture.call(path, { headers: { authorization } })).status).toBe(403);
    }
  });
});
