/**
 * Aim: both lists of users show who the HRIS and terminals in use told of, in the contract's shapes
 * and order, with its lenient parameters.
 */

import { describe, expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import { deviceId, userId } from "#domain/identifiers.ts";
import { enrolls, told } from "../../../support/enrollment-values.ts";
import { punchesFrom, RECEIVED_AT_MS, rawPunch } from "../../../support/test-storage.ts";
import { ApiFixture, addClient, field, listField } from "../../api-fixture.ts";
import { StoredApi } from "../../stored-api.ts";

const PATH = "/api/biometric/users";
const HRIS_PATH = "/api/hris/users";
const SYNC = "/api/biometric/sync";
const LATER_MS = epochMs(RECEIVED_AT_MS + 60_000);

async function idsOf(api: StoredApi, query: string): Promise<unknown[]> {
  const { json } = await api.get(PATH + query);
  const ids = listField(json, "users").map((user) => field(user, "user_id"));
  expect(field(json, "returned")).toBe(ids.length);
  return ids;
}

describe.each([PATH, HRIS_PATH])("GET %s", (path) => {
  test("needs a token that may read", async () => {
    const fixture = new ApiFixture();
    expect((await fixture.call(path)).status).toBe(401);
    const secret = await addClient(fixture, "writer", ["write"]);
    const authorization = `Bearer ${await fixture.token("writer", secret)}`;
    expect((await fixture.call(path, { headers: { authorization } })).status).toBe(403);
  });

  test("is an empty list while nobody is known", async () => {
    using api = new StoredApi();
    const answer = await api.get(path);
    expect(answer.json).toEqual({ success: true, total: 0, users: [], returned: 0 });
  });

  test("is 404 for somebody unknown, who may have punched all the same", async () => {
    using api = new StoredApi();
    await api.storage.append([punchesFrom("GATE", [rawPunch("5", "20260302080000")])]);
    const answer = await api.get(`${path}?user_id=5`);
    expect(answer.status).toBe(404);
    expect(answer.json).toEqual({ error: "Not Found", message: "User 5 not found" });
  });

  test("answers HEAD without reading anything", async () => {
    using api = new StoredApi();
    const headers = { authorization: `Bearer ${await api.fixture.token()}` };
    const answer = await api.fixture.call(path, { method: "HEAD", headers });
    expect([answer.status, answer.text]).toEqual([200, ""]);
  });
});

describe("GET /api/biometric/users", () => {
  test("shows what the HRIS sent, in the contract's types and beside them", async () => {
    using api = new StoredApi();
    await api.post(SYNC, {
      users: [
        {
          user_id: 7,
          name: "Ana Cruz",
          department: "Ops",
          enabled: false,
          grade: [1, { b: null }],
        },
      ],
    });
    expect((await api.get(PATH)).json).toEqual({
      success: true,
      total: 1,
      users: [
        {
          user_id: 7,
          name: "Ana Cruz",
          privilege: 0,
          enabled: false,
          biometric_enabled: false,
          updated_at: "2026-03-02 00:15:04",
          department: "Ops",
          further_fields: { grade: [1, { b: null }] },
        },
      ],
      returned: 1,
    });
  });

  test("shows what terminals told where the HRIS said nothing", async () => {
    using api = new StoredApi();
    await api.post(SYNC, { users: [{ user_id: 1 }, { user_id: 2, name: "Ben", enabled: true }] });
    await api.storage.append([
      enrolls("GATE", told("1", { name: "at the gate", privilege: 1, isEnabled: false })),
      enrolls("GATE2", told("1", { name: "at the door", credentials: [], fingerprintCount: 0 })),
      enrolls("GATE", told("2", { name: "B.", isEnabled: false }), LATER_MS),
      enrolls("GATE", told("E-3", { credentials: [], fingerprintCount: 0 })),
    ]);
    const { json } = await api.get(PATH);
    const shown = listField(json, "users").map((user) =>
      ["user_id", "name", "privilege", "enabled", "biometric_enabled", "updated_at"].map((name) =>
        field(user, name),
      ),
    );
    expect(shown).toEqual([
      [1, "at the gate", 1, false, true, "2026-03-02 01:00:00"],
      [2, "Ben", 0, true, true, "2026-03-02 01:01:00"],
      ["E-3", "User E-3", 0, true, false, "2026-03-02 01:00:00"],
    ]);
  });

  test("takes a punch for a proof of a credential", async () => {
    using api = new StoredApi();
    await api.post(SYNC, { users: [{ user_id: 1 }, { user_id: 2 }] });
    await api.storage.append([punchesFrom("GATE", [rawPunch("00000002", "20260302080000")])]);
    const users = listField((await api.get(PATH)).json, "users");
    expect(users.map((user) => field(user, "biometric_enabled"))).toEqual([false, true]);
  });

  test("hides what a pending terminal told until it is approved", async () => {
    using api = new StoredApi({ enrollment: "approve" });
    await api.storage.append([enrolls("GATE", told("1"))]);
    expect(await idsOf(api, "")).toEqual([]);
    expect((await api.get(`${PATH}?user_id=1`)).status).toBe(404);
    await api.storage.approveDevice(deviceId("GATE"));
    expect(await idsOf(api, "")).toEqual([1]);
  });

  test.each([
    ["", [-3, 0, 2, 9, 10, "0x1", "12345678901234567890", "E-2"]],
    ["?limit=3", [-3, 0, 2]],
    ["?offset=6", ["12345678901234567890", "E-2"]],
    ["?limit=2&offset=2", [2, 9]],
    ["?limit=2&offset=100", []],
    ["?limit=99999999999999999999&offset=7", ["E-2"]],
    ["?limit=0&offset=-1", [-3, 0, 2, 9, 10, "0x1", "12345678901234567890", "E-2"]],
    ["?limit=abc&offset=x&user_id=x", [-3, 0, 2, 9, 10, "0x1", "12345678901234567890", "E-2"]],
    ["?limit=1&limit=5", [-3]],
    ["?user_id=0&limit=1", [-3]],
    ["?user_id=10&limit=1&offset=5", [10]],
    ["?user_id=%20%2B0010", [10]],
    ["?user_id=-3", [-3]],
    ["?user_id=12345678901234567890", ["12345678901234567890"]],
  ])("reads %p as the original did: %p", async (query, ids) => {
    using api = new StoredApi();
    const users = ["E-2", 10, 9, "12345678901234567890", 2, "0x1", 0, -3];
    await api.post(SYNC, { users: users.map((user_id) => ({ user_id })) });
    expect(await idsOf(api, query)).toEqual(ids);
    const total = field((await api.get(PATH + query)).json, "total");
    expect(total).toBe(query.includes("user_id=") && !/user_id=(x|0&)/.test(query) ? 1 : 8);
  });

  test("keeps users apart who differ in zeros, where the site does", async () => {
    using api = new StoredApi({ leadingZeros: "keep" });
    await api.post(SYNC, { users: [{ user_id: "007" }, { user_id: 7 }] });
    expect(await idsOf(api, "")).toEqual([7, "007"]);
    expect(await idsOf(api, "?user_id=007")).toEqual(["007"]);
  });

  test("is whole over many pages, and lets others work between them", async () => {
    using api = new StoredApi();
    const users = Array.from({ length: 450 }, (_, index) => ({ user_id: index + 1 }));
    await api.post(SYNC, { users });
    expect(await idsOf(api, "")).toEqual(users.map((user) => user.user_id));
    expect(await idsOf(api, "?limit=250&offset=100")).toEqual(
      users.slice(100, 350).map((user) => user.user_id),
    );
  });

  test("gives further fields back as data, whatever they are called", async () => {
    using api = new StoredApi();
    await api.post(
      SYNC,
      '{"users":[{"user_id":1,"__proto__":{"polluted":1},"constructor":2,"toString":3}]}',
    );
    const { text } = await api.get(PATH);
    expect(text).toContain(
      '"further_fields":{"__proto__":{"polluted":1},"constructor":2,"toString":3}',
    );
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });

  test("drops a user from a list under way whose only terminal was blocked meanwhile", async () => {
    using api = new StoredApi();
    const { storage } = api;
    await storage.append([enrolls("GATE", told("1")), enrolls("GATE2", told("2"))]);
    const ids = await storage.listUserIds();
    await storage.blockDevice(deviceId("GATE"));
    expect((await storage.readUsers(ids)).map((user) => user.id)).toEqual([userId("2")]);
  });
});

describe("GET /api/hris/users", () => {
  test("has the contract's fields, as integers, over all terminals", async () => {
    using api = new StoredApi();
    await api.post(SYNC, { users: [{ user_id: 7, name: "Ana", enabled: false }] });
    await api.storage.append([
      enrolls(
        "GATE",
        told("7", {
          privilege: 1,
          credentials: [0, 1, 10],
          fingerprintCount: 2,
          passwordCount: 1,
        }),
      ),
      enrolls(
        "GATE2",
        told("7", {
          privilege: undefined,
          credentials: [1, 11, 12, 20],
          cardCount: 1,
          faceCount: 1,
          veinCount: 1,
        }),
        LATER_MS,
      ),
    ]);
    expect((await api.get(HRIS_PATH)).json).toEqual({
      success: true,
      total: 1,
      users: [
        {
          user_id: 7,
          privilege: 1,
          enabled: 0,
          password_flag: 1,
          card_flag: 1,
          face_flag: 1,
          fp_count: 2,
          vein_count: 1,
          enrolled_backups: [1, 11, 12, 20, 0, 10],
          updated_at: "2026-03-02 01:01:00",
        },
      ],
      returned: 1,
    });
  });

  test("is all zeros for somebody whom no terminal told of", async () => {
    using api = new StoredApi();
    await api.post(SYNC, { users: [{ user_id: 7 }] });
    expect(listField((await api.get(`${HRIS_PATH}?user_id=7`)).json, "users")).toEqual([
      {
        user_id: 7,
        privilege: 0,
        enabled: 1,
        password_flag: 0,
        card_flag: 0,
        face_flag: 0,
        fp_count: 0,
        vein_count: 0,
        enrolled_backups: [],
        updated_at: "2026-03-02 00:15:04",
      },
    ]);
  });
});
