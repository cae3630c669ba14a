/**
 * Aim: the lists of logs have the contract's shapes with true values (3.1 to 3.3, D4, D8), filter
 * before they page, and never hold more than a page.
 */

import { describe, expect, test } from "bun:test";
import { createWebApi, type WebApiOptions } from "#api/server.ts";
import { deviceId, punchId, userId } from "#domain/identifiers.ts";
import { countTurns } from "../../../support/turn-counter.ts";
import { ApiFixture, field, listField, readAnswer } from "../../api-fixture.ts";
import { samplePunch } from "../../fake-storage.ts";

const PATH = "/api/biometric/logs";
/** Records that the server reads at once. */
const PAGE_SIZE = 100;

function ids(json: unknown): unknown[] {
  return listField(json, "logs").map((log) => field(log, "id"));
}

/** Punches 1 to `count`, one a minute, alternating between two terminals and two users. */
function fixtureOf(count: number, change: Partial<WebApiOptions> = {}): ApiFixture {
  const fixture = new ApiFixture(change);
  for (let id = 1; id <= count; id += 1) {
    const minute = new Date(Date.UTC(2026, 2, 2, 8, id)).toISOString();
    const isOdd = id % 2 === 1;
    fixture.storage.punches.push(
      samplePunch(id, {
        wallTimeText: minute.slice(0, 19).replaceAll(/[-T:]/g, ""),
        deviceId: deviceId(isOdd ? "2401058352" : "2401058350"),
        userId: userId(isOdd ? "6" : "7"),
      }),
    );
  }
  return fixture;
}

describe("GET /api/biometric/logs", () => {
  test("gives the union of the original's fields", async () => {
    const answer = await fixtureOf(1).get(PATH);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(answer.json).toEqual({
      success: true,
      total: 1,
      total_filtered: 1,
      returned: 1,
      primary_device: "2401058352",
      logs: [
        {
          id: 1,
          user_id: 6,
          device_id: "2401058352",
          device_type: "PRIMARY",
          is_primary: true,
          timestamp: "20260302080100",
          datetime: "2026-03-02 08:01:00",
          datetime_utc: "2026-03-02 00:01:00",
          datetime_local: "2026-03-02 08:01:00",
          timezone: "Asia/Manila",
          direction: "in",
          verification_method: "Fingerprint",
          created_at: "2026-03-02 00:15:06",
        },
      ],
    });
  });

  test("gives an empty list when there is none", async () => {
    const answer = await new ApiFixture().get(PATH);
    expect(answer.json).toMatchObject({ total: 0, total_filtered: 0, returned: 0, logs: [] });
  });

  test.each([
    ["6", 6],
    ["0", 0],
    ["-3", -3],
    ["9007199254740991", 9007199254740991],
    ["9007199254740993", "9007199254740993"],
    ["E-0042", "E-0042"],
    ["0006", "0006"],
  ])("shows user %p as %p", async (id, shown) => {
    const fixture = new ApiFixture();
    fixture.storage.punches.push(samplePunch(1, { userId: userId(id) }));
    expect(field((await fixture.get(PATH)).json, "logs", 0, "user_id")).toBe(shown);
  });

  test("shows the other terminal, an unknown method, and in for an undecided direction", async () => {
    const fixture = new ApiFixture();
    fixture.storage.punches.push(
      samplePunch(1, {
        deviceId: deviceId("other"),
        direction: undefined,
        verifyModeCode: "99",
        wallTimeText: "20990101000000",
        doubtfulTime: "future",
      }),
    );
    expect(field((await fixture.get(PATH)).json, "logs", 0)).toMatchObject({
      device_type: "SECONDARY",
      is_primary: false,
      direction: "in",
      verification_method: "Unknown (99)",
    });
  });

  test("orders by wall time, latest first, ties by id", async () => {
    const fixture = new ApiFixture();
    fixture.storage.punches.push(
      samplePunch(3, { wallTimeText: "20260302080000" }),
      samplePunch(1, { wallTimeText: "20260302090000" }),
      samplePunch(2, { wallTimeText: "20260302090000" }),
    );
    expect(ids((await fixture.get(PATH)).json)).toEqual([2, 1, 3]);
  });

  test.each([
    ["limit=2", [6, 5]],
    ["limit=0", [6, 5, 4, 3, 2, 1]],
    ["limit=-4", [6, 5, 4, 3, 2, 1]],
    ["limit=abc", [6, 5, 4, 3, 2, 1]],
    ["limit=", [6, 5, 4, 3, 2, 1]],
    ["limit=99999999999999999999999", [6, 5, 4, 3, 2, 1]],
    ["offset=4", [2, 1]],
    ["offset=-4", [6, 5, 4, 3, 2, 1]],
    ["limit=2&offset=1", [5, 4]],
    ["offset=99", []],
    ["user_id=7", [6, 4, 2]],
    ["user_id=007&limit=2", [6, 4]],
    ["user_id=0", [6, 5, 4, 3, 2, 1]],
    ["user_id=abc", [6, 5, 4, 3, 2, 1]],
    ["user_id=8", []],
    ["device_id=2401058350&limit=1&offset=1", [4]],
    ["device_id=", [6, 5, 4, 3, 2, 1]],
    ["primary_only=true", [5, 3, 1]],
    ["primary_only=YES&device_id=2401058350", [5, 3, 1]],
    ["primary_only=false&device_id=2401058350", [6, 4, 2]],
    ["primary_only=0", [6, 5, 4, 3, 2, 1]],
    ["something=else", [6, 5, 4, 3, 2, 1]],
    ["device_id=2401058352&device_id=2401058350", [5, 3, 1]],
    ["user_id=abc&user_id=7", [6, 5, 4, 3, 2, 1]],
    ["limit=2&limit=3&offset=1&offset=2", [5, 4]],
  ])("answers ?%s", async (query, expected) => {
    const answer = await fixtureOf(6).get(`${PATH}?${query}`);
    expect(answer.status).toBe(200);
    expect(ids(answer.json)).toEqual(expected);
    expect(field(answer.json, "returned")).toBe(expected.length);
    expect(field(answer.json, "total")).toBe(6);
  });

  test.each([
    ["drop", "user_id=007", [6, 4, 2]],
    ["drop", "user_id=7", [6, 4, 2]],
    ["keep", "user_id=007", [7]],
    ["keep", "user_id=%20%2B007%20", [7]],
    ["keep", "user_id=7", [6, 4, 2]],
    ["keep", "user_id=000", [7, 6, 5, 4, 3, 2, 1]],
  ] as const)("with leading zeros to %s answers ?%s", async (leadingZeros, query, expected) => {
    const fixture = fixtureOf(6, { leadingZeros });
    fixture.storage.punches.push(
      samplePunch(7, { userId: userId("007"), wallTimeText: "20260302090000" }),
    );
    expect(ids((await fixture.get(`${PATH}?${query}`)).json)).toEqual([...expected]);
  });

  test("counts what the filters let through, not only the page", async () => {
    const answer = await fixtureOf(6).get(`${PATH}?user_id=7&limit=1`);
    expect(answer.json).toMatchObject({ total: 6, total_filtered: 3, returned: 1 });
  });

  test("hides what is held with a pending terminal", async () => {
    const fixture = new ApiFixture();
    fixture.storage.punches.push(samplePunch(1, { feedPosition: undefined }));
    expect(ids((await fixture.get(PATH)).json)).toEqual([]);
  });
});

describe("GET /api/hris/logs and GET /api/logs", () => {
  const ROW = {
    id: 1,
    device_id: "2401058352",
    user_id: 6,
    io_mode: 0,
    io_mode_str: "OUT",
    verify_mode: 3,
    verify_mode_str: "ID Card",
    timestamp: "20260302081504",
    datetime: "2026-03-02 00:15:04",
    datetime_utc: "2026-03-02 00:15:04",
    datetime_local: "2026-03-02 08:15:04",
    timezone: "Asia/Manila",
    created_at: "2026-03-02 00:15:06",
  };

  test("give rows with UTC as datetime, the second without success", async () => {
    const fixture = new ApiFixture();
    fixture.storage.punches.push(samplePunch(1, { direction: "out", verifyModeCode: "3" }));
    const counts = { total: 1, total_filtered: 1, returned: 1 };
    const hris = await fixture.get("/api/hris/logs");
    expect(hris.headers.get("content-type")).toBe("application/json");
    expect(hris.json).toEqual({ success: true, ...counts, logs: [ROW] });
    expect((await fixture.get("/api/logs")).json).toEqual({ ...counts, logs: [ROW] });
  });

  test("show in for an undecided direction, 0 for a code that is no number, and text ids", async () => {
    const fixture = new ApiFixture();
    const change = { direction: undefined, verifyModeCode: "FACE", userId: userId("E-7") };
    fixture.storage.punches.push(samplePunch(1, change));
    for (const path of ["/api/hris/logs", "/api/logs"]) {
      expect(field((await fixture.get(path)).json, "logs", 0)).toMatchObject({
        user_id: "E-7",
        io_mode: 1,
        io_mode_str: "IN",
        verify_mode: 0,
        verify_mode_str: "Unknown (0)",
      });
    }
  });

  test.each([
    ["/api/hris/logs", "offset=4", [2, 1]],
    ["/api/hris/logs", "limit=2&offset=1&device_id=2401058350", [4, 2]],
    ["/api/hris/logs", "user_id=7&limit=1", [6]],
    ["/api/hris/logs", "primary_only=true", [6, 5, 4, 3, 2, 1]],
    ["/api/hris/logs", "start_date=2026-3-2&end_date=2026-03-02", [6, 5, 4, 3, 2, 1]],
    ["/api/hris/logs", "start_date=2026-03-03", []],
    ["/api/logs", "offset=4", [2, 1]],
    ["/api/logs", "limit=2&device_id=2401058350", [6, 4]],
    ["/api/logs", "limit=-1&offset=x", [6, 5, 4, 3, 2, 1]],
    ["/api/logs", "user_id=7&primary_only=1&start_date=2027-01-01", [6, 5, 4, 3, 2, 1]],
    ["/api/logs", "start_date=yesterday", [6, 5, 4, 3, 2, 1]],
  ])("%s answers ?%s", async (path, query, expected) => {
    const answer = await fixtureOf(6).get(`${path}?${query}`);
    expect(answer.status).toBe(200);
    expect(ids(answer.json)).toEqual([...expected]);
    expect(answer.json).toMatchObject({ total: 6, returned: expected.length });
  });

  test("refuse a wrong range of days where they know days", async () => {
    const query = "start_date=2026-03-02&end_date=2026-03-01";
    const answer = await fixtureOf(1).get(`/api/hris/logs?${query}`);
    expect(answer.status).toBe(400);
    expect(answer.json).toEqual({
      error: "Bad Request",
      message:
        "Invalid date format. Use YYYY-MM-DD format. Error: End date must be after start date",
    });
  });

  test.each(["/api/hris/logs", "/api/logs"])("%s needs a token, and takes HEAD", async (path) => {
    const fixture = fixtureOf(2);
    expect((await fixture.call(path)).status).toBe(401);
    expect((await fixture.call(path, { method: "HEAD" })).status).toBe(401);
    const headers = { authorization: `Bearer ${await fixture.token()}` };
    const answer = await fixture.call(path, { method: "HEAD", headers });
    expect([answer.status, answer.text]).toEqual([200, ""]);
    expect(fixture.storage.logPages).toEqual([]);
  });

  test.each(["/api/hris/logs", "/api/logs"])("%s is read page by page", async (path) => {
    const fixture = fixtureOf(2 * PAGE_SIZE + 50);
    const answer = await fixture.get(path);
    expect(field(answer.json, "returned")).toBe(2 * PAGE_SIZE + 50);
    expect(ids(answer.json)).toHaveLength(2 * PAGE_SIZE + 50);
    expect(fixture.storage.logPages).toHaveLength(3);
  });
});

describe("the dates of GET /api/biometric/logs", () => {
  function aroundMidnight(): ApiFixture {
    const fixture = new ApiFixture();
    const wallTimes = ["20260301235959", "20260302000000", "20260302235959", "20260303000000"];
    fixture.storage.punches.push(
      ...wallTimes.map((wallTimeText, index) => samplePunch(index + 1, { wallTimeText })),
    );
    return fixture;
  }

  test.each([
    ["start_date=2026-03-02&end_date=2026-03-02", [3, 2]],
    ["start_date=2026-03-02", [4, 3, 2]],
    ["end_date=2026-03-02", [3, 2, 1]],
    ["start_date=2026-3-2&end_date=2026-3-2", [3, 2]],
    ["start_date=&end_date=", [4, 3, 2, 1]],
  ])("are days of the site: ?%s", async (query, expected) => {
    expect(ids((await aroundMidnight().get(`${PATH}?${query}`)).json)).toEqual(expected);
  });

  test.each([
    ["start_date=yesterday", "time data 'yesterday' does not match format '%Y-%m-%d'"],
    ["end_date=02-03-2026", "time data '02-03-2026' does not match format '%Y-%m-%d'"],
    ["start_date=2026-02-30", "'2026-02-30' is not a day of the calendar"],
    ["start_date=2026-03-02&end_date=2026-03-01", "End date must be after start date"],
  ])("are refused when wrong: ?%s", async (query, problem) => {
    const answer = await aroundMidnight().get(`${PATH}?${query}`);
    expect(answer.status).toBe(400);
    expect(answer.json).toEqual({
      error: "Bad Request",
      message: `Invalid date format. Use YYYY-MM-DD format. Error: ${problem}`,
    });
  });
});

describe("a long answer of GET /api/biometric/logs", () => {
  test("is read page by page, each led on by the last record of the one before", async () => {
    const fixture = fixtureOf(2_500);
    const answer = await fixture.get(`${PATH}?offset=100`);
    const expected = Array.from({ length: 2_400 }, (_, index) => 2_400 - index);
    expect(ids(answer.json)).toEqual(expected);
    expect(field(answer.json, "returned")).toBe(2_400);
    const pages = fixture.storage.logPages;
    expect(pages.map((page) => page.offset)).toEqual([100, ...pages.slice(1).map(() => 0)]);
    expect(new Set(pages.map((page) => page.limit))).toEqual(new Set([PAGE_SIZE]));
    const last = fixture.storage.punches[2_400 - PAGE_SIZE];
    expect(pages[1]?.before?.id).toBe(punchId(2_401 - PAGE_SIZE));
    expect(pages[1]?.before?.wallTime).toBe(last?.wallTime);
  });

  test("ends at a limit inside a later page", async () => {
    const fixture = fixtureOf(2_500);
    const answer = await fixture.get(`${PATH}?limit=${PAGE_SIZE + 50}`);
    expect(field(answer.json, "returned")).toBe(PAGE_SIZE + 50);
    expect(fixture.storage.logPages.map((page) => page.limit)).toEqual([PAGE_SIZE, 50]);
  });

  test("leaves a turn of the event loop between any two pages, however many clients read", async () => {
    const fixture = fixtureOf(6 * PAGE_SIZE);
    const api = createWebApi(fixture.options);
    const headers = { authorization: `Bearer ${await fixture.token()}` };
    using counter = countTurns();
    const turns: number[] = [];
    fixture.storage.onLogPage = () => turns.push(counter.turn);
    const read = async (): Promise<number> => {
      const response = await api.handle(new Request(`http://localhost${PATH}`, { headers }));
      return listField((await readAnswer(response)).json, "logs").length;
    };
    for (const count of await Promise.all([read(), read(), read()])) {
      expect(count).toBe(6 * PAGE_SIZE);
    }
    expect(turns.length).toBeGreaterThanOrEqual(18);
    expect(new Set(turns).size).toBe(turns.length);
  });

  test("is given up when the client goes, while it waits for its turn", async () => {
    const fixture = fixtureOf(6 * PAGE_SIZE);
    const api = createWebApi(fixture.options);
    const headers = { authorization: `Bearer ${await fixture.token()}` };
    const response = await api.handle(new Request(`http://localhost${PATH}`, { headers }));
    const reader = response.body?.getReader();
    await reader?.read();
    await reader?.cancel();
    await fixture.clock.advance(1_000);
    expect(fixture.storage.logPages.length).toBeLessThanOrEqual(2);
    expect(fixture.log.of("api.cut-off")).toEqual([]);
  });

  test("waits while 16 others are under way, and goes on when one of them ends", async () => {
    const fixture = fixtureOf(6 * PAGE_SIZE);
    const api = createWebApi(fixture.options);
    const headers = { authorization: `Bearer ${await fixture.token()}` };
    const open = async () => {
      const response = await api.handle(new Request(`http://localhost${PATH}`, { headers }));
      const reader = response.body?.getReader();
      if (reader === undefined) throw new Error("No body");
      await reader.read();
      return reader;
    };
    const first = await open();
    await first.read();
    for (let other = 0; other < 15; other += 1) await (await open()).read();
    expect(fixture.log.of("api.answer-waits")).toEqual([]);

    const late = await open();
    let isWaiting = true;
    const secondPage = late.read().finally(() => {
      isWaiting = false;
    });
    for (let round = 0; round < 20; round += 1) await fixture.clock.advance(1);
    expect(isWaiting).toBe(true);
    expect(fixture.log.of("api.answer-waits")).toHaveLength(1);
    await first.cancel();
    expect((await secondPage).done).toBe(false);
  });

  test("is not read at all for HEAD", async () => {
    const fixture = fixtureOf(6 * PAGE_SIZE);
    const headers = { authorization: `Bearer ${await fixture.token()}` };
    const answer = await fixture.call(PATH, { method: "HEAD", headers });
    expect([answer.status, answer.text]).toEqual([200, ""]);
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(fixture.storage.logPages).toEqual([]);
    expect((await fixture.call(PATH, { method: "HEAD" })).status).toBe(401);
    const wrong = await fixture.call(`${PATH}?start_date=x`, { method: "HEAD", headers });
    expect(wrong.status).toBe(400);
  });

  test.each([PAGE_SIZE, 2 * PAGE_SIZE])(
    "is whole when it ends with a full page of %d",
    async (count) => {
      const answer = await fixtureOf(count).get(PATH);
      expect(field(answer.json, "returned")).toBe(count);
      expect(ids(answer.json)).toHaveLength(count);
    },
  );

  test("breaks off when its client's token is not valid any more", async () => {
    const fixture = fixtureOf(40 * PAGE_SIZE);
    const api = createWebApi(fixture.options);
    const headers = { authorization: `Bearer ${await fixture.token()}` };
    const response = await api.handle(new Request(`http://localhost${PATH}`, { headers }));
    await fixture.clock.advance(24 * 3_600_000);
    expect(readAnswer(response)).rejects.toThrow("not valid any more");
    await fixture.clock.advance(1);
    expect(fixture.storage.logPages.length).toBeLessThan(20);
    expect(fixture.log.of("api.cut-off")).toHaveLength(1);
  });

  test("is not read ahead of a client that does not read", async () => {
    const fixture = fixtureOf(10_000);
    const api = createWebApi(fixture.options);
    const headers = { authorization: `Bearer ${await fixture.token()}` };
    const response = await api.handle(new Request(`http://localhost${PATH}`, { headers }));
    await fixture.clock.advance(1_000);
    expect(fixture.storage.logPages.length).toBeLessThanOrEqual(3);
    await response.body?.cancel();
  });

  test("is a 500 when storage fails at once, and breaks off when it fails later", async () => {
    const early = fixtureOf(10);
    early.storage.failLogsFromCall = 1;
    const answer = await early.get(PATH);
    expect(answer.status).toBe(500);
    expect(answer.json).toEqual({
      error: "Internal Server Error",
      message: "Failed to retrieve logs",
    });
    expect(early.log.of("api.failed")).toMatchObject([
      { level: "error", fields: { method: "GET", path: PATH, error: "disk on fire" } },
    ]);

    const late = fixtureOf(2_500);
    late.storage.failLogsFromCall = 2;
    const api = createWebApi(late.options);
    const headers = { authorization: `Bearer ${await late.token()}` };
    const response = await api.handle(new Request(`http://localhost${PATH}`, { headers }));
    expect(readAnswer(response)).rejects.toThrow("disk on fire");
    await late.clock.advance(1);
    expect(late.log.of("api.cut-off")).toHaveLength(1);
  });
});
