/**
 * Aim: users are real (contract 3.1, 3.2, defect 21): what the HRIS syncs is what it reads, in the
 * shapes of both families, and a bad list changes nothing.
 */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  type CallOptions,
  expectRow,
  type Row,
  readJson,
  refusal,
  SECONDARY,
  Site,
} from "./contract-site.ts";
import { anyOf, atLeast, flag, int, isoTime, type Shape, text, timeText, words } from "./shape.ts";

setDefaultTimeout(30_000);

const USER_ID = anyOf(int, text);

// `department` and `further_fields` are what `sync` took beside the fields of the contract.
const USER: Shape = {
  user_id: USER_ID,
  name: words,
  "department?": anyOf(null, text),
  "further_fields?": anyOf(null, atLeast({})),
  privilege: int,
  enabled: flag,
  biometric_enabled: flag,
  updated_at: timeText,
};
const RAW_USER: Shape = {
  user_id: USER_ID,
  "name?": anyOf(null, text),
  "department?": anyOf(null, text),
  privilege: int,
  enabled: anyOf(0, 1),
  password_flag: int,
  card_flag: int,
  face_flag: int,
  fp_count: int,
  vein_count: int,
  enrolled_backups: anyOf("", [int], [text], [atLeast({})]),
  updated_at: timeText,
};
const USERS = usersOf(USER);
const RAW_USERS = usersOf(RAW_USER);

// `results` is the design's result per user.
const SYNCED: Shape = {
  success: true,
  message: "Sync request acknowledged",
  received_users: int,
  processed_at: isoTime,
  "results?": [atLeast({})],
};
const HRIS_SYNCED: Shape = {
  success: true,
  message: "Sync request acknowledged",
  received_users: int,
  "processed_at?": isoTime,
  "results?": [atLeast({})],
};

const SYNCED_USERS = [
  { user_id: 7, name: "José Rizal", department: "Gate", enabled: true },
  { user_id: 8, name: "Gabriela Silang", department: "Kitchen", enabled: false },
  { user_id: 120, name: "Andrés Bonifacio", department: "Office", enabled: true },
] as const;

const FAMILIES = [
  { path: "/api/biometric/users", shape: USERS },
  { path: "/api/hris/users", shape: RAW_USERS },
] as const;

interface UsersAnswer {
  readonly total: number;
  readonly returned: number;
  readonly users: readonly {
    readonly user_id: number | string;
    readonly name?: string;
    readonly enabled: boolean | number;
  }[];
}

let site: Site;

beforeAll(async () => {
  site = await Site.open();
  await site.call("POST /api/biometric/sync", { json: { users: SYNCED_USERS } });
});

afterAll(() => site[Symbol.asyncDispose]());

const SELECTIONS: readonly (readonly [query: string, wanted: readonly number[]])[] = [
  ["", [7, 8, 120]],
  ["?limit=2", [7, 8]],
  ["?limit=2&offset=1", [8, 120]],
  ["?offset=2", [120]],
  ["?offset=20", []],
  ["?limit=0", [7, 8, 120]],
  ["?limit=-1", [7, 8, 120]],
  ["?limit=abc", [7, 8, 120]],
  ["?limit=2&offset=-1", [7, 8]],
  ["?user_id=0", [7, 8, 120]],
  ["?user_id=abc", [7, 8, 120]],
];

describe.each(FAMILIES)("GET $path", ({ path, shape }) => {
  test.each(SELECTIONS)(
    "%p gives what it asks for, in the order of the ids",
    async (query, wanted) => {
      const ask = `GET ${path}${query}`;
      const body = readJson<UsersAnswer>(
        await expectRow(site, { what: query, ask, status: 200, shape }),
      );
      expect(body.users.map(({ user_id: id }) => id)).toEqual([...wanted]);
      expect([body.total, body.returned]).toEqual([SYNCED_USERS.length, wanted.length]);
    },
  );

  test("one user: total and returned are 1", async () => {
    const ask = `GET ${path}?user_id=8`;
    const body = readJson<UsersAnswer>(
      await expectRow(site, { what: "one", ask, status: 200, shape }),
    );
    expect(body.users.map(({ user_id: id }) => id)).toEqual([8]);
    expect([body.total, body.returned]).toEqual([1, 1]);
  });

  test("an unknown user: 404", async () => {
    await expectRow(site, {
      what: "unknown",
      ask: `GET ${path}?user_id=555`,
      status: 404,
      shape: refusal("Not Found", "User 555 not found"),
    });
  });
});

describe("what was synced", () => {
  test("D1: GET /api/biometric/users shows names and who is enabled", async () => {
    const { users } = await site.read<UsersAnswer>("/api/biometric/users");
    expect(users.map(({ user_id: id, name, enabled }) => ({ id, name, enabled }))).toEqual(
      SYNCED_USERS.map(({ user_id: id, name, enabled }) => ({ id, name, enabled })),
    );
  });

  test("GET /api/hris/users shows who is enabled as 0 and 1", async () => {
    const { users } = await site.read<UsersAnswer>("/api/hris/users");
    expect(users.map(({ enabled }) => enabled)).toEqual([1, 0, 1]);
  });
});

describe.each([
  { path: "/api/biometric/sync", shape: SYNCED },
  { path: "/api/hris/sync", shape: HRIS_SYNCED },
] as const)("POST $path", ({ path, shape }) => {
  const ask = `POST ${path}`;

  test("D1: acknowledges, says how many came, and stores them", async () => {
    await using own = await Site.open();
    const row = { ask, status: 200, shape };
    const first = { what: "two", ...row, with: { json: { users: SYNCED_USERS.slice(0, 2) } } };
    const answer = await expectRow(own, first);
    expect(readJson<{ received_users: number }>(answer).received_users).toBe(2);
    // Again with one changed and one new: the others stay.
    const change = { ...SYNCED_USERS[1], name: "Gabriela S.", enabled: true };
    const users = [change, SYNCED_USERS[2]];
    await expectRow(own, { what: "two more", ...row, with: { json: { users } } });
    const stored = await own.read<UsersAnswer>("/api/biometric/users");
    expect(stored.users.map(({ user_id: id, name, enabled }) => [id, name, enabled])).toEqual([
      [7, "José Rizal", true],
      [8, "Gabriela S.", true],
      [120, "Andrés Bonifacio", true],
    ]);
    await own.server.kill();
    await own.server.start();
    expect((await own.read<UsersAnswer>("/api/biometric/users")).users).toHaveLength(3);
  });

  test("acknowledges an empty list and no list", async () => {
    for (const json of [{ users: [] }, {}]) {
      const answer = await expectRow(site, { what: "", ask, with: { json }, status: 200, shape });
      expect(readJson<{ received_users: number }>(answer).received_users).toBe(0);
    }
  });

  test("stores good users beside one that is not, and says which", async () => {
    await using own = await Site.open();
    const users = [SYNCED_USERS[0], { name: "Nobody" }, SYNCED_USERS[2]];
    const answer = await own.call(ask, { json: { users } });
    expect(answer.status).toBe(200);
    const stored = await own.read<UsersAnswer>("/api/biometric/users");
    expect(stored.users.map(({ user_id: id }) => id)).toEqual([7, 120]);
    expect(readJson<{ results: unknown[] }>(answer).results).toHaveLength(3);
  });

  // 500 in the original, and nothing of it may be stored.
  const bad: readonly (readonly [what: string, options: CallOptions])[] = [
    ["a text as users", { json: { users: "7" } }],
    ["an object as users", { json: { users: { user_id: 66 } } }],
    ["a number as users", { json: { users: 7 } }],
    ["a list", { json: [{ user_id: 66 }] }],
    [
      "malformed JSON",
      { body: '{"users":[{"user_id":66}', headers: { "Content-Type": "application/json" } },
    ],
  ];
  test.each(bad)("%s: 400, and nothing changes", async (what, options) => {
    const before = await site.read<unknown>("/api/hris/users");
    const row: Row = {
      what,
      ask,
      with: options,
      status: 400,
      shape: { error: words, message: words },
    };
    await expectRow(site, row);
    expect(await site.read<unknown>("/api/hris/users")).toEqual(before);
  });
});

test("POST /api/biometric/sync without a body: 400, where the original said 500", async () => {
  const shape = { error: words, message: words };
  await expectRow(site, { what: "none", ask: "POST /api/biometric/sync", status: 400, shape });
});

test("an unknown user's punch is taken, and a disabled one's too", async () => {
  await using own = await Site.open();
  await own.call("POST /api/biometric/sync", { json: { users: SYNCED_USERS } });
  await own.punch(
    { device: SECONDARY, user: "8", time: "20260302080000" },
    { device: SECONDARY, user: "4711", time: "20260302080001" },
  );
  const { logs } = await own.read<{ logs: unknown[] }>("/api/biometric/logs");
  expect(logs).toHaveLength(2);
});

function usersOf(user: Shape): Shape {
  return { success: true, total: int, "total_filtered?": int, returned: int, users: [user] };
}
