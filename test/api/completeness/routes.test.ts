/**
 * Aim: /v1/completeness spells what storage knows in times with offsets, tells who has an answer that
 * it is the same, and takes nothing that is asked wrongly, nor anybody without a token.
 */

import { describe, expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import type { Completeness } from "#domain/completeness.ts";
import { deviceId, punchId, userId } from "#domain/identifiers.ts";
import { ApiFixture, addClient, field, textField } from "../api-fixture.ts";

const at = (hour: number, minute: number) => epochMs(Date.UTC(2026, 2, 2, hour, minute));

const NOTHING = {
  complete_through: null,
  time_zone: "Asia/Manila",
  held_back_by: null,
  pending_devices: 0,
  held_count: 0,
  quarantined: 0,
  missing_records: 0,
  devices: [],
  revision: 0,
  late: [],
  next: 0,
  has_more: false,
};

const KNOWN: Completeness = {
  throughMs: at(0, 10),
  heldBack: { deviceId: deviceId("YORK"), reason: "no-contact" },
  devices: [
    {
      deviceId: deviceId("RTLOG"),
      name: undefined,
      timeZone: "Asia/Manila",
      fromMs: at(0, 0),
      throughMs: at(0, 12),
      receivedThroughMs: at(0, 12),
      receivedEvidence: { kind: "record", atMs: at(0, 13), recordNumber: "42" },
      verifiedThroughMs: undefined,
      verifiedEvidence: undefined,
      waitsFor: "operator",
      heldCount: 1,
      quarantinedCount: 2,
      missingRecordCount: 3,
    },
    {
      deviceId: deviceId("YORK"),
      name: "New York",
      timeZone: "America/New_York",
      fromMs: at(0, 0),
      throughMs: at(0, 10),
      receivedThroughMs: at(0, 9),
      receivedEvidence: { kind: "poll", atMs: at(0, 9) },
      verifiedThroughMs: at(0, 10),
      verifiedEvidence: { commandId: 7, atMs: at(0, 11) },
      waitsFor: undefined,
      heldCount: 0,
      quarantinedCount: 0,
      missingRecordCount: 4,
    },
  ],
  pendingDeviceCount: 5,
  heldCount: 6,
  quarantinedCount: 8,
  lateRevision: 9,
  late: [
    {
      revision: 2,
      punchId: punchId(1_000_001),
      deviceId: deviceId("YORK"),
      userId: userId("27"),
      instantMs: at(0, 1),
      timeZone: "America/New_York",
      landedAtMs: at(0, 11),
      completeThroughMs: at(0, 9),
      origin: "recovered",
    },
  ],
  hasMoreLate: true,
};

describe("GET /v1/completeness", () => {
  test("shows nulls while nothing is known", async () => {
    const answer = await new ApiFixture().get("/v1/completeness");
    expect([answer.status, answer.json]).toEqual([200, NOTHING]);
  });

  test("shows every value with its evidence, in the zone of what it is about", async () => {
    const fixture = new ApiFixture();
    fixture.storage.completeness = KNOWN;
    const { json } = await fixture.get("/v1/completeness?late_after=1&limit=1");
    expect(json).toEqual({
      complete_through: "2026-03-02T08:10:00+08:00",
      time_zone: "Asia/Manila",
      held_back_by: {
        device_id: "YORK",
        name: "New York",
        reason: "no-contact",
        detail: "It is not in contact",
      },
      pending_devices: 5,
      held_count: 6,
      quarantined: 8,
      missing_records: 7,
      devices: [
        {
          device_id: "RTLOG",
          name: null,
          time_zone: "Asia/Manila",
          complete_from: "2026-03-02T08:00:00+08:00",
          complete_through: "2026-03-02T08:12:00+08:00",
          received_through: "2026-03-02T08:12:00+08:00",
          received_evidence: {
            kind: "record",
            at: "2026-03-02T08:13:00+08:00",
            record_number: "42",
          },
          verified_through: null,
          verified_evidence: null,
          waits_for: "operator",
          held_count: 1,
          quarantined: 2,
          missing_records: 3,
        },
        {
          device_id: "YORK",
          name: "New York",
          time_zone: "America/New_York",
          complete_from: "2026-03-01T19:00:00-05:00",
          complete_through: "2026-03-01T19:10:00-05:00",
          received_through: "2026-03-01T19:09:00-05:00",
          received_evidence: {
            kind: "poll",
            at: "2026-03-01T19:09:00-05:00",
            record_number: null,
          },
          verified_through: "2026-03-01T19:10:00-05:00",
          verified_evidence: { command_id: 7, at: "2026-03-01T19:11:00-05:00" },
          waits_for: null,
          held_count: 0,
          quarantined: 0,
          missing_records: 4,
        },
      ],
      revision: 9,
      late: [
        {
          revision: 2,
          punch_id: 1000001,
          device_id: "YORK",
          user_id: "27",
          time: "2026-03-01T19:01:00-05:00",
          time_zone: "America/New_York",
          landed_at: "2026-03-01T19:11:00-05:00",
          complete_through: "2026-03-01T19:09:00-05:00",
          origin: "recovered",
        },
      ],
      next: 2,
      has_more: true,
    });
    expect(fixture.storage.completenessAsked).toEqual([{ lateAfter: 1, lateLimit: 1 }]);
  });

  test("`next` stays where nothing came, and is none that nobody gave", async () => {
    const fixture = new ApiFixture();
    fixture.storage.completeness = { ...KNOWN, late: [], hasMoreLate: false };
    const next = async (query: string) =>
      field((await fixture.get(`/v1/completeness${query}`)).json, "next");
    expect(await next("?late_after=9")).toBe(9);
    expect(await next("?late_after=4000")).toBe(9);
  });

  test("answers 304 to who has it, and not when something changed", async () => {
    const fixture = new ApiFixture();
    fixture.storage.completeness = KNOWN;
    const first = await fixture.get("/v1/completeness");
    const etag = first.headers.get("etag") ?? "";
    expect(etag).toMatch(/^"[\w-]+"$/);
    expect(first.headers.get("content-type")).toBe("application/json");
    const again = await fixture.get("/v1/completeness", { "if-none-match": `"x", ${etag}` });
    expect([again.status, again.text, again.headers.get("etag")]).toEqual([304, "", etag]);
    fixture.storage.completeness = { ...KNOWN, throughMs: at(0, 11) };
    expect((await fixture.get("/v1/completeness", { "if-none-match": etag })).status).toBe(200);
  });

  test.each([
    ["late_after=-1", "parameter-invalid", "late_after"],
    ["late_after=1.5", "parameter-invalid", "late_after"],
    ["late_after=", "parameter-invalid", "late_after"],
    ["limit=0", "parameter-invalid", "limit"],
    ["limit=1001", "parameter-invalid", "limit"],
    ["device=GATE", "parameter-unknown", "device"],
  ])("refuses ?%s", async (query, code, parameter) => {
    const { status, json } = await new ApiFixture().get(`/v1/completeness?${query}`);
    expect([status, field(json, "code"), field(json, "parameters")]).toEqual([
      400,
      code,
      [parameter],
    ]);
  });

  test("wants a token that may read", async () => {
    const fixture = new ApiFixture();
    expect((await fixture.call("/v1/completeness")).status).toBe(401);
    const secret = await addClient(fixture, "writer", ["write"]);
    const token = await fixture.token("writer", secret);
    const headers = { authorization: `Bearer ${token}` };
    const refused = await fixture.call("/v1/completeness", { headers });
    expect([refused.status, textField(refused.json, "code")]).toEqual([403, "scope-missing"]);
  });
});
