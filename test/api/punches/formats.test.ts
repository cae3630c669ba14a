/**
 * Aim: the feed says the same in every format, a reader of rows can go on behind any of them, and a
 * client gets the format that it asked for or a clear refusal.
 */

import { describe, expect, test } from "bun:test";
import { PunchRow } from "#api/punches/model.ts";
import { epochMs } from "#base/epoch.ts";
import { deviceId, feedPosition, userId } from "#domain/identifiers.ts";
import { eventually } from "../../support/eventually.ts";
import { type Answer, ApiFixture, field, listField, textField } from "../api-fixture.ts";
import { samplePunch } from "../fake-storage.ts";

function fixtureOf(count: number): ApiFixture {
  const fixture = new ApiFixture();
  for (let id = 1; id <= count; id += 1) fixture.storage.punches.push(samplePunch(id));
  return fixture;
}

function linesOf({ text }: Answer): readonly string[] {
  expect(text === "" || text.endsWith("\n")).toBe(true);
  return text.split(/\r?\n/).slice(0, -1);
}

function jsonRows(answer: Answer): readonly Record<string, unknown>[] {
  return linesOf(answer).map((line) => JSON.parse(line));
}

const NDJSON = { accept: "application/x-ndjson" };
const CSV = { accept: "text/csv" };

describe("GET /v1/punches as rows", () => {
  test("has the punches of a page as lines, with a cursor each", async () => {
    const fixture = fixtureOf(3);
    const page = await fixture.get("/v1/punches");
    const punches = listField(page.json, "punches");
    const ndjson = await fixture.get("/v1/punches?limit=10", NDJSON);
    expect(ndjson.headers.get("content-type")).toBe("application/x-ndjson");
    expect(jsonRows(ndjson)).toEqual(
      punches.map((punch, index) => ({ ...Object(punch), cursor: `${index + 1}.epoch-one` })),
    );
    const csv = await fixture.get("/v1/punches?limit=10", CSV);
    expect(csv.headers.get("content-type")).toBe("text/csv");
    const [names, ...lines] = linesOf(csv);
    expect(names).toBe(Object.keys(PunchRow.properties).join(","));
    expect(lines.map((line) => line.split(",")[0])).toEqual(["1", "2", "3"]);
    expect(lines.at(-1)).toEndWith(",live,3.epoch-one");
  });

  test("keeps apart what only looks like the end of a row", async () => {
    const fixture = new ApiFixture();
    const users = ['},{"id":', '"},{"id":1', "},{", "\n", '\\"},{\\"id\\":'];
    for (const [index, user] of users.entries()) {
      fixture.storage.punches.push(samplePunch(index + 1, { userId: userId(user) }));
    }
    const rows = jsonRows(await fixture.get("/v1/punches?format=ndjson"));
    expect(rows.map((row) => row.user_id)).toEqual(users);
  });

  test.each(["ndjson", "csv"])("pages lead on by header, in %s", async (format) => {
    const fixture = fixtureOf(5);
    const path = `/v1/punches?limit=3&format=${format}`;
    const first = await fixture.get(path);
    const next = first.headers.get("next-cursor") ?? "";
    expect(next).toBe("3.epoch-one");
    expect(first.headers.get("link")).toBe(
      `</v1/punches?limit=3&format=${format}&after=${next}>; rel="next"`,
    );
    const second = await fixture.get(`${path}&after=${next}`);
    expect(second.headers.get("next-cursor")).toBe("5.epoch-one");
    expect(second.headers.get("link")).toBeNull();
    const heads = format === "csv" ? 1 : 0;
    expect([first, second].map((page) => linesOf(page).length - heads)).toEqual([3, 2]);
    const end = await fixture.get(`${path}&after=5.epoch-one`);
    expect([linesOf(end).length, end.headers.get("next-cursor")]).toEqual([heads, "5.epoch-one"]);
  });

  test.each(["ndjson", "csv"])("is everything without a limit, in %s", async (format) => {
    const fixture = fixtureOf(1_300);
    const answer = await fixture.get(`/v1/punches?format=${format}&after=7.epoch-one`);
    const lines = linesOf(answer).slice(format === "csv" ? 1 : 0);
    const seen = lines.map((line) => Number(/\d+/.exec(line)?.[0]));
    expect(seen).toEqual(Array.from({ length: 1_293 }, (_, index) => index + 8));
    for (const name of ["etag", "link", "next-cursor"]) {
      expect([name, answer.headers.get(name)]).toEqual([name, null]);
    }
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });

  test("ends where the feed ended when it began, however much is stored meanwhile", async () => {
    const fixture = fixtureOf(1_200);
    const { storage } = fixture;
    const list = storage.listPunchesAfter.bind(storage);
    storage.listPunchesAfter = async (...page) => {
      const found = await list(...page);
      for (let more = 0; more < 600; more += 1) {
        storage.punches.push(samplePunch(storage.punches.length + 1));
      }
      return found;
    };
    const rows = jsonRows(await fixture.get("/v1/punches?format=ndjson"));
    expect(rows.length).toBeGreaterThanOrEqual(1_200);
    expect(rows.length).toBeLessThan(3_000);
  });

  test("goes on where a part of the feed has nothing that a filter lets through", async () => {
    const fixture = fixtureOf(1_200);
    const { storage } = fixture;
    const list = storage.listPunchesAfter.bind(storage);
    let reads = 0;
    storage.listPunchesAfter = async (after, ...more) => {
      reads += 1;
      return reads % 2 === 1
        ? { punches: [], nextAfter: after, hasMore: true }
        : list(after, ...more);
    };
    expect(jsonRows(await fixture.get("/v1/punches?format=ndjson"))).toHaveLength(1_200);
    expect(reads).toBeGreaterThan(4);
  });

  test("is cut off when the token ends, and told in the log", async () => {
    const fixture = fixtureOf(20_000);
    let reads = 0;
    const { storage } = fixture;
    const list = storage.listPunchesAfter.bind(storage);
    storage.listPunchesAfter = async (...page) => {
      reads += 1;
      if (reads === 5) await storage.revokeClient("hris_system", fixture.clock.nowMs());
      return list(...page);
    };
    await expect(fixture.get("/v1/punches?format=csv")).rejects.toThrow("not valid any more");
    expect(fixture.log.lines.map(({ event }) => event)).toContain("api.cut-off");
  });
});

describe("the format of GET /v1/punches", () => {
  test.each([
    ["/v1/punches", {}, "application/json"],
    ["/v1/punches", { accept: "text/html,*/*;q=0.8" }, "application/json"],
    ["/v1/punches", CSV, "text/csv"],
    ["/v1/punches?format=ndjson", CSV, "application/x-ndjson"],
    ["/v1/punches?format=json", { accept: "image/png" }, "application/json"],
  ])("of %s with %p is %s", async (path, headers, type) => {
    const answer = await fixtureOf(1).get(path, { ...headers });
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, type]);
    expect(answer.headers.get("vary")).toBe("accept");
  });

  test("is refused with 406 when nothing of it is taken", async () => {
    const answer = await fixtureOf(1).get("/v1/punches", { accept: "image/png, text/html" });
    expect(answer.status).toBe(406);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(answer.json).toMatchObject({ code: "not-acceptable", status: 406 });
    expect(textField(answer.json, "detail")).toContain("text/csv");
  });

  test("is part of the tag", async () => {
    const fixture = fixtureOf(2);
    const tags = new Set<string | null>();
    for (const format of ["json", "ndjson", "csv"]) {
      const path = `/v1/punches?format=${format}`;
      const tag = (await fixture.get(path)).headers.get("etag") ?? "";
      expect(tag).toMatch(/^"[\w-]+"$/);
      tags.add(tag);
      for (const given of [tag, `W/${tag}`]) {
        const same = await fixture.get(path, { "if-none-match": given });
        expect([same.status, same.text]).toEqual([304, ""]);
      }
    }
    expect(tags.size).toBe(3);
  });

  test.each(["json", "ndjson", "csv"])("is answered to HEAD, of %s", async (format) => {
    const fixture = fixtureOf(1_200);
    const path = `/v1/punches?format=${format}&wait=60`;
    const get = await fixture.get(path);
    const head = await fixture.call(path, {
      method: "HEAD",
      headers: { authorization: `Bearer ${await fixture.token()}` },
    });
    expect([head.status, head.text]).toEqual([200, ""]);
    expect(Object.fromEntries(head.headers)).toEqual(Object.fromEntries(get.headers));
    const end = await fixture.call(`${path}&after=1200.epoch-one`, {
      method: "HEAD",
      headers: { authorization: `Bearer ${await fixture.token()}` },
    });
    expect(end.status).toBe(200);
  });
});

/** Each waiting request has one timer. */
async function untilWaiting({ clock }: ApiFixture, count: number): Promise<void> {
  await eventually(`${count} requests wait`, async () => clock.plannedCount === count);
}

describe("the wait of GET /v1/punches", () => {
  test.each(["-1", "61", "0.5", "1e1", "a", "", "60s", "99999999999"])(
    "is refused as %p",
    async (wait) => {
      const answer = await fixtureOf(1).get(`/v1/punches?wait=${wait}`);
      expect(answer.status).toBe(400);
      expect(answer.json).toMatchObject({ code: "parameter-invalid", parameters: ["wait"] });
    },
  );

  test.each(["json", "ndjson", "csv"])("ends with what is stored, in %s", async (format) => {
    const fixture = fixtureOf(1);
    const path = `/v1/punches?after=1.epoch-one&wait=60&format=${format}`;
    const waiting = fixture.get(path);
    await untilWaiting(fixture, 1);
    await fixture.clock.advance(59_000);
    fixture.storage.punches.push(samplePunch(2));
    fixture.options.waitingReaders.wake();
    const answer = await waiting;
    expect(answer.status).toBe(200);
    expect(answer.text).toMatch(/"id":2,|\r\n2,/);
  });

  test("ends empty after its seconds, and with 304 for who has that already", async () => {
    const fixture = fixtureOf(1);
    const path = "/v1/punches?after=1.epoch-one";
    const before = await fixture.get(path);
    const headers = { "if-none-match": before.headers.get("etag") ?? "" };
    const waiting = [fixture.get(`${path}&wait=10`), fixture.get(`${path}&wait=10`, headers)];
    await untilWaiting(fixture, 2);
    await fixture.clock.advance(10_000);
    const [empty, same] = await Promise.all(waiting);
    expect(empty?.json).toEqual({ punches: [], next: "1.epoch-one", has_more: false });
    expect(same?.status).toBe(304);
  });

  test("of too many at once is refused with 429 and when to come back", async () => {
    const fixture = fixtureOf(0);
    const token = await fixture.token();
    const ask = () =>
      fixture.call("/v1/punches?wait=60", { headers: { authorization: `Bearer ${token}` } });
    const waiting = Array.from({ length: 8 }, ask);
    await untilWaiting(fixture, 8);
    const answer = await ask();
    expect(answer.status).toBe(429);
    expect(field(answer.json, "code")).toBe("too-many-waiting");
    expect(answer.headers.get("retry-after")).toBe("5");
    fixture.options.waitingReaders.close();
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual(Array(8).fill(200));
  });
});

describe("a cursor of an earlier history of the feed", () => {
  test("is refused with the time from which on to read again, which can be sent as it is", async () => {
    const fixture = fixtureOf(1);
    fixture.storage.endedFeedEpochs = [
      {
        epoch: "0123456789abcdef",
        endedAtMs: epochMs(Date.UTC(2026, 2, 3)),
        rereadFromMs: epochMs(Date.UTC(2026, 1, 28, 16)),
      },
    ];
    const answer = await fixture.get("/v1/punches?after=7.0123456789abcdef");
    expect(answer.status).toBe(410);
    expect(answer.json).toMatchObject({
      code: "cursor-reset",
      reread_from: "2026-03-01T00:00:00+08:00",
      parameters: ["after"],
    });
    const from = encodeURIComponent(textField(answer.json, "reread_from"));
    const again = await fixture.get(`/v1/punches?from=${from}`);
    expect(listField(again.json, "punches")).toHaveLength(1);
  });

  test("tells nothing of when where that is not known", async () => {
    const answer = await fixtureOf(1).get("/v1/punches?after=7.fedcba9876543210");
    expect(answer.status).toBe(410);
    expect(field(answer.json, "reread_from")).toBeUndefined();
  });
});

test("the examples of the OpenAPI document are what is answered", async () => {
  const fixture = new ApiFixture();
  fixture.storage.feedEpoch = "0f1e2d3c4b5a6978";
  fixture.storage.punches.push(
    samplePunch(1_000_001, {
      feedPosition: feedPosition(1),
      deviceId: deviceId("2401058352"),
      userId: userId("7"),
      userIdText: "00000007",
      verifyModeCode: "7",
    }),
  );
  const document = await fixture.call("/swagger/json");
  const content = field(
    document.json,
    "paths",
    "/v1/punches",
    "get",
    "responses",
    "200",
    "content",
  );
  for (const type of ["application/x-ndjson", "text/csv"]) {
    const { text } = await fixture.get("/v1/punches", { accept: type });
    expect([type, field(content, type, "example")]).toEqual([type, text]);
  }
});
