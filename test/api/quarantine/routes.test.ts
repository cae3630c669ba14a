/**
 * Aim: `/v1/quarantine` shows what waits and what was decided, page by page and through filters, and of
 * the content nothing that gives anybody away; a wrong request hears what is wrong with it.
 */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import { deviceId } from "#domain/identifiers.ts";
import type { ReceivedIntake } from "#domain/intake.ts";
import { E1_JSON } from "../../devices/fkweb/requests.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { RecordingLog } from "../../support/recording-log.ts";
import { openTestStorage, RECEIVED_AT_MS, type TestStorage } from "../../support/test-storage.ts";
import { type Answer, ApiFixture, field, listField, textField } from "../api-fixture.ts";

const TEMPLATE = "TEMPLATE".repeat(100);

let opened: TestStorage;
let fixture: ApiFixture;

function kept(text: string, device: string | undefined, code = "body-not-json"): ReceivedIntake {
  return {
    intake: {
      kind: "unreadable",
      deviceId: device === undefined ? undefined : deviceId(device),
      code,
      reason: "realtime_glog: The text is not JSON",
      raw: new TextEncoder().encode(text),
    },
    driver: "fkweb",
    remoteAddress: "192.0.2.7",
    receivedAtMs: RECEIVED_AT_MS,
  };
}

beforeEach(async () => {
  opened = openTestStorage();
  const { storage } = opened;
  fixture = new ApiFixture({ storage, clock: new FakeClock(), log: new RecordingLog() });
  await storage.append([
    kept(`${E1_JSON.slice(0, -1)},"fp":"${TEMPLATE}","pwd":"4711"`, "GATE1"),
    kept("{", "GATE2"),
    kept("{", undefined, "no-device-id"),
  ]);
});

afterEach(() => opened[Symbol.dispose]());

async function read(path: string): Promise<Answer> {
  return fixture.call(path, { headers: { authorization: `Bearer ${await fixture.token()}` } });
}

const idsOf = ({ json }: Answer) => listField(json, "entries").map((entry) => field(entry, "id"));

describe("GET /v1/quarantine", () => {
  test("tells of each entry why it is kept, of whom, and how much", async () => {
    const { status, json } = await read("/v1/quarantine?limit=1");
    expect(status).toBe(200);
    expect(listField(json, "entries")).toEqual([
      {
        id: 3,
        status: "waiting",
        code: "no-device-id",
        reason: "realtime_glog: The text is not JSON",
        device_id: null,
        driver: "fkweb",
        address: "192.0.2.7",
        received_at: "2026-03-02T09:00:00+08:00",
        size: 1,
        sha256: new Bun.CryptoHasher("sha256").update("{").digest("hex"),
        decided_at: null,
        decided_by: null,
        punch_id: null,
      },
    ]);
  });

  test("leads on with `next` and a link, until there is no more", async () => {
    const first = await read("/v1/quarantine?limit=2");
    expect(idsOf(first)).toEqual([3, 2]);
    const next = textField(first.json, "next");
    expect(first.headers.get("link")).toBe(`</v1/quarantine?limit=2&after=${next}>; rel="next"`);
    const second = await read(`/v1/quarantine?limit=2&after=${next}`);
    expect(idsOf(second)).toEqual([1]);
    expect(field(second.json, "next")).toBeNull();
    expect(second.headers.get("link")).toBeNull();
  });

  test("filters by terminal, code and status", async () => {
    await opened.storage.discardQuarantined({
      id: 2,
      by: "operator",
      nowMs: epochMs(RECEIVED_AT_MS + 1000),
    });
    expect(idsOf(await read("/v1/quarantine?device=GATE1"))).toEqual([1]);
    expect(idsOf(await read("/v1/quarantine?code=no-device-id"))).toEqual([3]);
    expect(idsOf(await read("/v1/quarantine?status=waiting"))).toEqual([3, 1]);
    const discarded = await read("/v1/quarantine?status=discarded");
    expect(listField(discarded.json, "entries")).toMatchObject([
      { id: 2, decided_at: "2026-03-02T09:00:01+08:00", decided_by: "operator", punch_id: null },
    ]);
  });

  test.each([
    ["?status=lost", "parameter-invalid", "status"],
    ["?limit=0", "parameter-invalid", "limit"],
    ["?after=zzz", "cursor-invalid", "after"],
    ["?state=waiting", "parameter-unknown", "state"],
  ])("says what is wrong with %s", async (query, code, parameter) => {
    const answer = await read(`/v1/quarantine${query}`);
    expect(answer.status).toBe(400);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(answer.json).toMatchObject({ code, parameters: [parameter] });
  });

  test("needs a token", async () => {
    expect((await fixture.call("/v1/quarantine")).status).toBe(401);
    expect((await fixture.call("/v1/quarantine/1")).status).toBe(401);
  });
});

describe("GET /v1/quarantine/{id}", () => {
  test("shows who, when and how of its content, and never a template or a password", async () => {
    const answer = await read("/v1/quarantine/1");
    expect(answer.status).toBe(200);
    expect(answer.text).not.toContain("TEMPLATE");
    expect(answer.text).not.toContain("4711");
    expect(textField(answer.json, "preview").split("\n")).toEqual([
      "fk_bin_data_lib: FKDataHS101",
      "io_mode: 1",
      "io_time: 20260302081504",
      "log_image: (4 characters, not shown)",
      "user_id: 27",
      "verify_mode: 3",
      expect.stringMatching(/^fp: \(\d+ characters, not shown\)$/),
      "pwd: (4 characters, not shown)",
    ]);
    expect(answer.json).toMatchObject({ id: 1, device_id: "GATE1", status: "waiting" });
  });

  test.each(["9", "0", "x", "1.5", "01"])("knows no entry %s", async (id) => {
    const answer = await read(`/v1/quarantine/${id}`);
    expect(answer.status).toBe(404);
    expect(answer.json).toMatchObject({ code: "not-found" });
  });

  test("takes no parameter, and nothing but a reading", async () => {
    expect((await read("/v1/quarantine/1?raw=1")).json).toMatchObject({
      code: "parameter-unknown",
    });
    const headers = { authorization: `Bearer ${await fixture.token()}` };
    const posted = await fixture.call("/v1/quarantine/1", { method: "POST", headers });
    expect(posted.status).toBe(405);
  });
});
