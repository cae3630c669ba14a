/**
 * Aim: whoever follows the cursor of /v1/punches sees every punch once as it stands, and nothing
 * that is asked wrongly is answered as if it had been asked otherwise.
 */

import { describe, expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import { deviceId, feedPosition, userId } from "#domain/identifiers.ts";
import { ApiFixture, field, listField, textField } from "../api-fixture.ts";
import { samplePunch } from "../fake-storage.ts";

const FIRST = {
  id: 1,
  revision: 1,
  device_id: "2401058352",
  user_id: "6",
  user_id_text: "00000006",
  time: "2026-03-02T08:15:04+08:00",
  time_zone: "Asia/Manila",
  wall_time: "20260302081504",
  wall_time_text: "20260302081504",
  received_at: "2026-03-02T08:15:06+08:00",
  direction: "in",
  direction_source: "alternate",
  is_repeat: false,
  direction_code: "1",
  device_direction: "in",
  verify_mode_code: "1",
  verify_methods: ["fingerprint"],
  code_library: "FKDataHS101",
  work_code: null,
  local_time_flag: null,
  doubtful_time: null,
  suggested_time: null,
  is_historic: false,
  outside_user_range: false,
  origin: "live",
};

function fixtureOf(count: number): ApiFixture {
  const fixture = new ApiFixture();
  for (let id = 1; id <= count; id += 1) fixture.storage.punches.push(samplePunch(id));
  return fixture;
}

function ids(json: unknown): unknown[] {
  return listField(json, "punches").map((punch) => field(punch, "id"));
}

describe("GET /v1/punches", () => {
  test("shows every field of a punch", async () => {
    const answer = await fixtureOf(1).get("/v1/punches");
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      punches: [FIRST],
      next: expect.any(String),
      has_more: false,
    });
  });

  test("shows null for what a punch lacks, and the flags of one that is doubted", async () => {
    const fixture = new ApiFixture();
    fixture.storage.punches.push(
      samplePunch(1, {
        direction: undefined,
        directionSource: undefined,
        directionCode: undefined,
        verifyModeCode: undefined,
        codeLibrary: undefined,
        doubtfulTime: "future",
        suggestedInstantMs: epochMs(Date.UTC(2026, 2, 1, 0, 0, 0)),
        localTimeFlag: "doubled",
        isHistoric: true,
        isRepeat: true,
        workCode: "9",
        origin: "recovered",
      }),
    );
    const answer = await fixture.get("/v1/punches/1");
    expect(answer.json).toEqual({
      ...FIRST,
      direction: null,
      direction_source: null,
      direction_code: null,
      device_direction: null,
      verify_mode_code: null,
      verify_methods: [],
      code_library: null,
      doubtful_time: "future",
      suggested_time: "2026-03-01T08:00:00+08:00",
      local_time_flag: "doubled",
      is_historic: true,
      outside_user_range: false,
      is_repeat: true,
      work_code: "9",
      origin: "recovered",
    });
  });

  test("says what the codes mean, by their library", async () => {
    const fixture = new ApiFixture();
    const codes = [
      ["33554432", "1073741824", "FKDataHS102"],
      ["0", "26", "FKDataHS101"],
      ["1", "10", "M50"],
    ] as const;
    for (const [index, [directionCode, verifyModeCode, codeLibrary]] of codes.entries()) {
      fixture.storage.punches.push(
        samplePunch(index + 1, { directionCode, verifyModeCode, codeLibrary }),
      );
    }
    const shown = listField((await fixture.get("/v1/punches")).json, "punches").map((punch) => [
      field(punch, "device_direction"),
      field(punch, "verify_methods"),
    ]);
    expect(shown).toEqual([
      ["out", ["face"]],
      [null, ["fingerprint", "face"]],
      [null, []],
    ]);
  });

  test("leads through all pages, and its last cursor finds what comes later", async () => {
    const fixture = fixtureOf(5);
    const seen: unknown[] = [];
    let path = "/v1/punches?limit=2";
    let links = 0;
    for (let page = 0; page < 3; page += 1) {
      const answer = await fixture.get(path);
      seen.push(...ids(answer.json));
      const next = textField(answer.json, "next");
      path = `/v1/punches?limit=2&after=${next}`;
      const link = answer.headers.get("link");
      if (field(answer.json, "has_more") === true) {
        links += 1;
        expect(link).toBe(`</v1/punches?limit=2&after=${next}>; rel="next"`);
      } else {
        expect(link).toBeNull();
      }
    }
    expect(seen).toEqual([1, 2, 3, 4, 5]);
    expect(links).toBe(2);
    expect(ids((await fixture.get(path)).json)).toEqual([]);
    fixture.storage.punches[0] = samplePunch(1, { revision: 2, feedPosition: feedPosition(6) });
    const later = await fixture.get(path);
    expect(listField(later.json, "punches")).toEqual([{ ...FIRST, revision: 2 }]);
  });

  test("has 100 punches on a page, and 1000 at most", async () => {
    const fixture = fixtureOf(1_001);
    expect(ids((await fixture.get("/v1/punches")).json)).toHaveLength(100);
    expect(ids((await fixture.get("/v1/punches?limit=1000")).json)).toHaveLength(1_000);
  });

  test("filters by device, user, time and direction", async () => {
    const fixture = fixtureOf(1);
    fixture.storage.punches.push(
      samplePunch(2, { deviceId: deviceId("other"), direction: "out" }),
      samplePunch(3, { userId: userId("E-0042") }),
      samplePunch(4, { instantMs: epochMs(Date.UTC(2026, 2, 3)) }),
    );
    const get = async (query: string) => ids((await fixture.get(`/v1/punches?${query}`)).json);
    expect(await get("device=other")).toEqual([2]);
    expect(await get("user=E-0042")).toEqual([3]);
    expect(await get("direction=out")).toEqual([2]);
    expect(await get("from=2026-03-02T08:15:04%2B08:00&to=2026-03-03T00:00:00Z")).toEqual([
      1, 2, 3,
    ]);
    expect(await get("from=2026-03-02T08:15:05+08:00")).toEqual([4]);
    expect(await get("device=2401058352&user=6&direction=in")).toEqual([1, 4]);
  });

  test.each([
    ["drop", "007", [1]],
    ["drop", "7", [1]],
    ["drop", "000", [4]],
    ["drop", "E-007", [3]],
    ["keep", "007", [2]],
    ["keep", "7", [1]],
  ] as const)("with leading zeros to %s finds user %s", async (leadingZeros, user, expected) => {
    const fixture = new ApiFixture({ leadingZeros });
    for (const [index, id] of ["7", "007", "E-007", "0"].entries()) {
      fixture.storage.punches.push(samplePunch(index + 1, { userId: userId(id) }));
    }
    expect(ids((await fixture.get(`/v1/punches?user=${user}`)).json)).toEqual([...expected]);
  });

  test("answers 410 cursor-reset to a cursor of an earlier history", async () => {
    const fixture = fixtureOf(2);
    const next = textField((await fixture.get("/v1/punches?limit=1")).json, "next");
    fixture.storage.feedEpoch = "epoch-two";
    const answer = await fixture.get(`/v1/punches?after=${next}`);
    expect(answer.status).toBe(410);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(field(answer.json, "code")).toBe("cursor-reset");
    expect(field(answer.json, "type")).toBe("urn:biometric-server:problem:cursor-reset");
  });

  test.each([
    ["after=garbage", "cursor-invalid", ["after"]],
    ["after=", "parameter-invalid", ["after"]],
    ["limit=0", "parameter-invalid", ["limit"]],
    ["limit=1001", "parameter-invalid", ["limit"]],
    ["limit=5000", "parameter-invalid", ["limit"]],
    ["limit=abc", "parameter-invalid", ["limit"]],
    ["limit=1&limit=2", "parameter-invalid", ["limit"]],
    ["device=D1&device=D0", "parameter-invalid", ["device"]],
    ["limit=1&device=D1&limit=1", "parameter-invalid", ["limit"]],
    ["from=2026-03-02", "parameter-invalid", ["from"]],
    ["to=yesterday", "parameter-invalid", ["to"]],
    ["direction=IN", "parameter-invalid", ["direction"]],
    ["user_id=6&devise=1", "parameter-unknown", ["user_id", "devise"]],
  ])("answers 400 to %s", async (query, code, parameters) => {
    const answer = await fixtureOf(1).get(`/v1/punches?${query}`);
    expect(answer.status).toBe(400);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(answer.json).toMatchObject({ code, parameters, status: 400 });
  });

  test("answers 304 while a page is the same, and 200 once it is not", async () => {
    const fixture = fixtureOf(3);
    const path = "/v1/punches?limit=10";
    const etag = (await fixture.get(path)).headers.get("etag") ?? "";
    expect(etag).toMatch(/^"[\w-]+"$/);
    const same = await fixture.get(path, { "if-none-match": `"other", ${etag}` });
    expect([same.status, same.text, same.headers.get("etag")]).toEqual([304, "", etag]);
    fixture.storage.punches[0] = samplePunch(1, { revision: 2, feedPosition: feedPosition(4) });
    expect((await fixture.get(path, { "if-none-match": etag })).status).toBe(200);
    fixture.storage.punches.push(samplePunch(5));
    expect((await fixture.get(path, { "if-none-match": etag })).status).toBe(200);
  });
});

describe("GET /v1/punches/{id}", () => {
  test("gives the punch", async () => {
    const answer = await fixtureOf(1).get("/v1/punches/1");
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual(FIRST);
  });

  test.each(["2", "0", "-1", "abc", "1.0", "1e0", "99999999999999999999", "%20"])(
    "answers 404 to the id %s",
    async (id) => {
      const answer = await fixtureOf(1).get(`/v1/punches/${id}`);
      expect(answer.status).toBe(404);
      expect(field(answer.json, "code")).toBe("not-found");
    },
  );

  test("answers 400 to an id that is no text", async () => {
    const answer = await fixtureOf(1).get("/v1/punches/%zz");
    expect(answer.status).toBe(400);
    expect(field(answer.json, "code")).toBe("request-invalid");
  });

  test("hides a punch that is held with its pending terminal", async () => {
    const fixture = new ApiFixture();
    fixture.storage.punches.push(samplePunch(1, { feedPosition: undefined }));
    expect((await fixture.get("/v1/punches/1")).status).toBe(404);
  });
});
