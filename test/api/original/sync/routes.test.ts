/**
 * Aim: a sync stores users, says what became of each, and is the same when it is sent again; what
 * is odd is refused with its reason and changes nothing, and one bad user never spoils another.
 */

import { describe, expect, test } from "bun:test";
import { punchesFrom, rawPunch } from "../../../support/test-storage.ts";
import { ApiFixture, addClient, field, listField } from "../../api-fixture.ts";
import { StoredApi } from "../../stored-api.ts";

const PATH = "/api/biometric/sync";
const HRIS_PATH = "/api/hris/sync";
const USERS = "/api/biometric/users";

async function storedNames(api: StoredApi): Promise<Record<string, unknown>> {
  const users = listField((await api.get(USERS)).json, "users");
  return Object.fromEntries(
    users.map((user) => [String(field(user, "user_id")), field(user, "name")]),
  );
}

async function resultOf(api: StoredApi, user: unknown): Promise<unknown> {
  const answer = await api.post(PATH, { users: [user] });
  expect(answer.status).toBe(200);
  return field(answer.json, "results", 0);
}

describe.each([PATH, HRIS_PATH])("POST %s", (path) => {
  test("needs a token that may write", async () => {
    const fixture = new ApiFixture();
    const body = JSON.stringify({ users: [{ user_id: 1 }] });
    const headers = { "content-type": "application/json" };
    expect((await fixture.call(path, { method: "POST", headers, body })).status).toBe(401);
    const secret = await addClient(fixture, "reader", ["read"]);
    const authorization = `Bearer ${await fixture.token("reader", secret)}`;
    const init = { method: "POST", headers: { ...headers, authorization }, body };
    expect((await fixture.call(path, init)).status).toBe(403);
    expect(await fixture.storage.listUserIds()).toEqual([]);
  });

  test("tells of each user whether it is new, and changes nothing when sent again", async () => {
    using api = new StoredApi();
    const body = { users: [{ user_id: 1, name: "Ana" }, { user_id: "E-2" }] };
    const results = async () => {
      const { json } = await api.post(path, body);
      return listField(json, "results");
    };
    expect(await results()).toEqual([
      { index: 0, user_id: 1, result: "stored" },
      { index: 1, user_id: "E-2", result: "stored" },
    ]);
    const before = (await api.get(USERS)).text;
    await api.fixture.clock.advance(60_000);
    expect(await results()).toEqual([
      { index: 0, user_id: 1, result: "unchanged" },
      { index: 1, user_id: "E-2", result: "unchanged" },
    ]);
    expect((await api.get(USERS)).text).toBe(before);
  });

  test.each([
    ["an empty object", {}, 0],
    ["an empty list", { users: [] }, 0],
    ["fields beside the users", { users: [{ user_id: 1 }], since: "yesterday" }, 1],
  ])("takes %s", async (_what, body, received) => {
    using api = new StoredApi();
    const answer = await api.post(path, body);
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({
      success: true,
      message: "Sync request acknowledged",
      received_users: received,
    });
  });

  test.each([
    ["nothing", ""],
    ["half a body", '{"users":[{"user_id":1}'],
    ["null", "null"],
    ["a list", "[]"],
    ["a text", '"users"'],
    ["a number", "5"],
    ["users that are null", '{"users":null}'],
    ["users that are an object", '{"users":{"user_id":1}}'],
    ["users that are a text", '{"users":"1"}'],
    ["too deep a body", `{"users":${"[".repeat(200)}${"]".repeat(200)}}`],
  ])("refuses %s in the original's shape", async (_what, body) => {
    using api = new StoredApi();
    const answer = await api.post(path, body);
    expect(answer.status).toBe(400);
    expect(answer.json).toEqual({ error: "Bad Request", message: expect.any(String) });
    expect(await api.storage.listUserIds()).toEqual([]);
  });

  test("takes 5,000 users in a request and refuses 5,001", async () => {
    using api = new StoredApi();
    const users = Array.from({ length: 5001 }, (_, index) => ({ user_id: index }));
    const refused = await api.post(path, { users });
    expect(refused.status).toBe(400);
    expect(field(refused.json, "message")).toBe(
      'Failed to process sync request: "users" has 5001 entries, at most 5000 are taken in one request',
    );
    expect(await api.storage.listUserIds()).toEqual([]);
    expect((await api.post(path, { users: users.slice(1) })).status).toBe(200);
    expect(await api.storage.listUserIds()).toHaveLength(5000);
  });

  test("refuses a body over 1 MiB", async () => {
    using api = new StoredApi();
    const answer = await api.post(path, { users: [{ user_id: 1, note: "x".repeat(1024 * 1024) }] });
    expect(answer.status).toBe(413);
    expect(Object.keys(Object(answer.json))).toEqual(["error", "message"]);
  });
});

describe("POST /api/biometric/sync", () => {
  test("answers with the contract's fields and a result per user", async () => {
    using api = new StoredApi();
    const answer = await api.post(PATH, { users: [{ user_id: 1 }] });
    expect(answer.json).toEqual({
      success: true,
      message: "Sync request acknowledged",
      received_users: 1,
      processed_at: "2026-03-02T08:15:04.000000",
      results: [{ index: 0, user_id: 1, result: "stored" }],
    });
  });

  test("answers 400 where no JSON is declared, as the original's 500 was caught", async () => {
    using api = new StoredApi();
    const answer = await api.post(PATH, "{}", { "content-type": "text/plain" });
    expect([answer.status, field(answer.json, "error")]).toEqual([400, "Bad Request"]);
  });

  test("stores the good users beside the bad ones", async () => {
    using api = new StoredApi();
    const { json } = await api.post(PATH, {
      users: [{ user_id: 1, name: "Ana" }, null, { user_id: 2, name: 5 }, { user_id: 3 }],
    });
    expect(field(json, "received_users")).toBe(4);
    expect(listField(json, "results")).toEqual([
      { index: 0, user_id: 1, result: "stored" },
      {
        index: 1,
        user_id: null,
        result: "refused",
        reason: "The entry is null: an object is wanted",
      },
      {
        index: 2,
        user_id: 2,
        result: "refused",
        reason: '"name" is 5: text of at most 200 characters is wanted',
      },
      { index: 3, user_id: 3, result: "stored" },
    ]);
    expect(await storedNames(api)).toEqual({ "1": "Ana", "3": "User 3" });
  });

  test("leaves what a request leaves out, and takes away what it says is null", async () => {
    using api = new StoredApi();
    const shown = async () => {
      const { json } = await api.get(`${USERS}?user_id=7`);
      const { updated_at: _, ...user } = Object(field(json, "users", 0));
      return user;
    };
    const full = {
      user_id: 7,
      name: "Ana",
      department: "Ops",
      enabled: false,
      card: "A1",
      grade: 3,
    };
    await api.post(PATH, { users: [full] });
    const known = await shown();
    expect(await resultOf(api, { user_id: 7 })).toMatchObject({ result: "unchanged" });
    expect(await shown()).toEqual(known);
    expect(await resultOf(api, { user_id: 7, grade: 4, level: 1 })).toMatchObject({
      result: "stored",
    });
    const graded = { ...known, further_fields: { card: "A1", grade: 4, level: 1 } };
    expect(await shown()).toEqual(graded);
    const nulls = { user_id: 7, name: null, department: null, enabled: null, card: null };
    expect(await resultOf(api, nulls)).toMatchObject({ result: "stored" });
    expect(await shown()).toEqual({
      ...graded,
      name: "User 7",
      department: null,
      enabled: true,
      further_fields: { grade: 4, level: 1 },
    });
  });

  test("refuses further fields that are too many with those that are known", async () => {
    using api = new StoredApi();
    const fields = { user_id: 1, name: "Ana", one: "x".repeat(3000) };
    expect(await resultOf(api, fields)).toMatchObject({ result: "stored" });
    const result = await resultOf(api, { user_id: 1, name: "Eva", two: "x".repeat(3000) });
    expect(field(result, "reason")).toStartWith("With those that are known, the further fields");
    expect(await storedNames(api)).toEqual({ "1": "Ana" });
    const instead = { user_id: 1, one: null, two: "x".repeat(3000) };
    expect(await resultOf(api, instead)).toMatchObject({ result: "stored" });
  });

  test("counts refused requests in the status, which cost no write", async () => {
    using api = new StoredApi();
    await api.post(PATH, { users: [{ user_id: 1 }] });
    const { walBytes } = await api.storage.figures();
    for (const body of ["", "[]", '{"users":5}', { users: [null] }]) await api.post(PATH, body);
    expect((await api.storage.figures()).walBytes).toBe(walBytes);
    const { json } = await api.get("/api/biometric/status");
    expect(field(json, "sync", "statistics", "sync_errors_today")).toBe(4);
  });

  test("takes the last good one of the same user, and says so", async () => {
    using api = new StoredApi();
    const { json } = await api.post(PATH, {
      users: [
        { user_id: 7, name: "first" },
        { user_id: "007", name: "second" },
        { user_id: 8 },
        { user_id: "7", name: false },
      ],
    });
    expect(listField(json, "results")).toMatchObject([
      { index: 0, user_id: 7, result: "refused", reason: "Index 1 has the same user" },
      { index: 1, user_id: 7, result: "stored" },
      { index: 2, user_id: 8, result: "stored" },
      { index: 3, user_id: 7, result: "refused" },
    ]);
    expect(await storedNames(api)).toEqual({ "7": "second", "8": "User 8" });
  });

  test("knows a user by zeros where the site keeps them", async () => {
    using api = new StoredApi({ leadingZeros: "keep" });
    await api.post(PATH, {
      users: [
        { user_id: "007", name: "A" },
        { user_id: 7, name: "B" },
      ],
    });
    expect(await storedNames(api)).toEqual({ "7": "B", "007": "A" });
  });

  test.each([
    [{ user_id: 1, name: null, department: null, enabled: null }],
    [{ user_id: "E 0042", name: "Zoë 漢字 🙂", department: "" }],
    [{ user_id: "x".repeat(64), name: "n".repeat(200), enabled: 1 }],
    [{ user_id: -3, enabled: 0 }],
    [{ user_id: 9_007_199_254_740_991, further: { deep: [1, "a\nb", null, true, 1.5] } }],
  ])("takes %j", async (user) => {
    using api = new StoredApi();
    expect(await resultOf(api, user)).toMatchObject({ result: "stored" });
  });

  test.each([
    [5, "The entry is 5: an object is wanted"],
    [[], "The entry is a list: an object is wanted"],
    [{}, '"user_id" is missing: '],
    [{ id: 5 }, '"user_id" is missing: '],
    [{ user_id: null }, '"user_id" is null: '],
    [{ user_id: "" }, '"user_id" is "": '],
    [{ user_id: " 7" }, '"user_id" is " 7": '],
    [{ user_id: "7\u0000" }, '"user_id" is "7\\u0000": '],
    [{ user_id: 7.5 }, '"user_id" is 7.5: '],
    [{ user_id: 9_007_199_254_740_992 }, '"user_id" is 9007199254740992: '],
    [{ user_id: true }, '"user_id" is true: '],
    [{ user_id: [7] }, '"user_id" is a list: '],
    [{ user_id: "x".repeat(65) }, '"user_id" is "xxxxx'],
    [{ user_id: 1, name: {} }, '"name" is an object: text'],
    [{ user_id: 1, name: "x".repeat(201) }, '"name" has 201 characters: '],
    [{ user_id: 1, name: "A\u0000B" }, '"name" has control characters: '],
    [{ user_id: 1, name: "A\nB" }, '"name" has control characters: '],
    [{ user_id: 1, name: "\ud800" }, '"name" has control characters: '],
    [{ user_id: 1, department: 4 }, '"department" is 4: text'],
    [{ user_id: 1, enabled: "yes" }, '"enabled" is "yes": true or false is wanted'],
    [{ user_id: 1, enabled: 2 }, '"enabled" is 2: true or false is wanted'],
    [{ user_id: 1, "a\u0000": 1 }, 'The name of the field "a\\u0000" has control characters'],
    [{ user_id: 1, note: { a: ["\u0000"] } }, 'Field "note" has a NUL'],
    [{ user_id: 1, card: 2 ** 64 }, 'Field "card" has a NUL, half a character'],
    [{ user_id: 1, note: "x".repeat(5000) }, "The further fields have 5011 bytes of JSON: "],
  ])("refuses %j: %s", async (user, reason) => {
    using api = new StoredApi();
    const result = await resultOf(api, user);
    expect(result).toMatchObject({ index: 0, result: "refused" });
    expect(field(result, "reason")).toStartWith(reason);
    expect(await api.storage.listUserIds()).toEqual([]);
  });

  test("refuses an infinite number, which JSON can spell", async () => {
    using api = new StoredApi();
    const { json } = await api.post(PATH, '{"users":[{"user_id":1,"n":1e999},{"user_id":1e999}]}');
    expect(listField(json, "results").map((one) => field(one, "result"))).toEqual([
      "refused",
      "refused",
    ]);
  });

  test("takes all of a repeated request that was answered before a restart as known", async () => {
    using api = new StoredApi();
    const body = { users: [{ user_id: 1, name: "Ana", a: { b: 1 } }] };
    await api.post(PATH, body);
    await api.opened.reopen();
    using again = new StoredApi({}, { storage: api.storage });
    expect(field((await again.post(PATH, body)).json, "results", 0, "result")).toBe("unchanged");
  });

  test("keeps nobody from punching: unknown, disabled or refused", async () => {
    using api = new StoredApi();
    await api.post(PATH, {
      users: [
        { user_id: 1, enabled: false },
        { user_id: 2, name: 5 },
      ],
    });
    const outcomes = await api.storage.append(
      ["1", "2", "3"].map((user) => punchesFrom("GATE", [rawPunch(user, "20260302080000")])),
    );
    expect(outcomes.map((outcome) => outcome.kind)).toEqual(["stored", "stored", "stored"]);
    const logs = listField((await api.get("/api/biometric/logs")).json, "logs");
    expect(logs.map((log) => field(log, "user_id")).sort()).toEqual([1, 2, 3]);
  });
});

describe("POST /api/hris/sync", () => {
  test("has an answer of its own, and fills the same store", async () => {
    using api = new StoredApi();
    const answer = await api.post(HRIS_PATH, { users: [{ user_id: 1, name: "Ana" }] });
    expect(answer.json).toEqual({
      success: true,
      message: "Sync request acknowledged",
      received_users: 1,
      results: [{ index: 0, user_id: 1, result: "stored" }],
    });
    expect(await storedNames(api)).toEqual({ "1": "Ana" });
  });

  test("answers 415 where no JSON is declared", async () => {
    using api = new StoredApi();
    const answer = await api.post(HRIS_PATH, "{}", { "content-type": "text/plain" });
    expect(answer.status).toBe(415);
  });
});
