/**
 * Aim: an order over the API is taken once and as it is meant, or refused with what is wrong; what
 * became of it is shown; nobody without `admin` gives or takes back one.
 */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import { deviceId } from "#domain/identifiers.ts";
import { pollFrom, resultFrom } from "../../support/terminal-intakes.ts";
import { punchesFrom, RECEIVED_AT_MS, rawPunch } from "../../support/test-storage.ts";
import { type Answer, field, listField, textField } from "../api-fixture.ts";
import { StoredApi } from "../stored-api.ts";

const PATH = "/v1/devices/2401058352/commands";
let api: StoredApi;

beforeEach(async () => {
  api = new StoredApi();
  await api.storage.append([pollFrom("2401058352"), pollFrom("OTHER")]);
});

afterEach(() => api[Symbol.dispose]());

const order = (body: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  api.post(PATH, body, headers);

async function remove(path: string): Promise<Answer> {
  const authorization = `Bearer ${await api.fixture.token()}`;
  return api.fixture.call(path, { method: "DELETE", headers: { authorization } });
}

describe("POST /v1/devices/{id}/commands", () => {
  test("queues the command and says where to look for it", async () => {
    const body = { kind: "rename-user", parameters: { user_id: "0027", name: "Ana" } };
    const answer = await order(body);
    expect([answer.status, answer.headers.get("location")]).toEqual([201, `${PATH}/1`]);
    expect(answer.json).toEqual({
      id: 1,
      device_id: "2401058352",
      ...body,
      status: "waiting",
      requested_by: "client hris_system",
      created_at: "2026-03-02T08:15:04+08:00",
      deadline_at: "2026-03-03T08:15:04+08:00",
      sent_count: 0,
      last_sent_at: null,
      finished_at: null,
      return_code: null,
      problem: null,
      result: null,
      is_result_left_out: false,
      is_result_pending: false,
    });
    expect((await api.get(`${PATH}/1`)).json).toEqual(answer.json);
    expect(api.fixture.log.of("command.queued")).toMatchObject([
      { fields: { command: 1, device: "2401058352", by: "client hris_system" } },
    ]);
  });

  test("shows what became of it", async () => {
    await order({ kind: "get-status" });
    const atMs = epochMs(RECEIVED_AT_MS + 11_000);
    const text = '{"user_count":"4"}';
    await api.storage.append([
      pollFrom("2401058352", atMs),
      resultFrom("2401058352", { commandIdText: "c-1", text }, atMs),
    ]);
    expect((await api.get(`${PATH}/1`)).json).toMatchObject({
      status: "done",
      sent_count: 1,
      last_sent_at: "2026-03-02T09:00:11+08:00",
      finished_at: "2026-03-02T09:00:11+08:00",
      return_code: "OK",
      result: { user_count: "4" },
    });
  });

  test("takes a deadline", async () => {
    const { json } = await order({ kind: "get-status", deadline_seconds: 60 });
    expect(field(json, "deadline_at")).toBe("2026-03-02T08:16:04+08:00");
  });

  test("reads a log from the terminal's start date, and further back only when told", async () => {
    const start = (await api.storage.findDevice(deviceId("2401058352")))?.startAtMs;
    expect(start).toBe(epochMs(RECEIVED_AT_MS - 35 * 86_400_000));
    const handedFrom = async () => {
      const [outcome] = await api.storage.append([pollFrom("2401058352")]);
      const handed = outcome?.kind === "stored" ? outcome.command : undefined;
      await api.storage.append([resultFrom("2401058352", { commandIdText: handed?.id ?? "" })]);
      return handed?.command;
    };
    const asked = await order({ kind: "read-log" });
    expect(field(asked.json, "parameters")).toEqual({});
    expect(await handedFrom()).toMatchObject({ fromWallTime: "20260126090000" });
    const told = await order({ kind: "read-log", parameters: { from: "2020-01-01" } });
    expect(field(told.json, "parameters")).toEqual({ from: "20200101000000" });
    expect(await handedFrom()).toMatchObject({ fromWallTime: "20200101000000" });
    const before = await order({ kind: "read-log", parameters: { until: "2026-01-01" } });
    expect([before.status, before.json]).toMatchObject([
      400,
      { code: "command-invalid", parameters: ["until"] },
    ]);
  });

  test.each([
    [{ kind: "clear-log" }, "command-kind-unknown", undefined, /known are set-time, /],
    [{ kind: "set-time", parameters: { time: "1" } }, "command-invalid", ["time"], /takes none/],
    [{ kind: "get-user" }, "command-invalid", ["user_id"], /missing/],
    [{ kind: "get-user", parameters: { user_id: 7 } }, "command-invalid", ["user_id"], /is 7/],
    [{ kind: 7 }, "request-invalid", undefined, /"kind" is 7/],
    [{}, "request-invalid", undefined, /"kind" is missing/],
    [{ kind: "set-time", parameters: [] }, "request-invalid", undefined, /"parameters"/],
    [{ kind: "set-time", when: 1 }, "request-invalid", undefined, /Unknown field "when"/],
    [{ kind: "set-time", deadline_seconds: 59 }, "request-invalid", undefined, /from 60 to/],
    [{ kind: "set-time", deadline_seconds: "x" }, "request-invalid", undefined, /from 60 to/],
  ] as const)(
    "answers 400 to %j and queues nothing",
    async (...[body, code, parameters, detail]) => {
      const answer = await order(body);
      expect([answer.status, answer.json]).toMatchObject([
        400,
        { code, detail: expect.stringMatching(detail), ...(parameters && { parameters }) },
      ]);
      expect(await api.storage.listCommands({}, 10)).toEqual([]);
    },
  );

  test("answers 404 for an unknown terminal and 409 for one that is not in use", async () => {
    const body = { kind: "set-time" };
    expect((await api.post("/v1/devices/NOBODY/commands", body)).status).toBe(404);
    expect((await api.post("/v1/devices/unknown/commands", body)).status).toBe(404);
    await api.storage.blockDevice(deviceId("2401058352"));
    expect([(await order(body)).status, (await order(body)).json]).toMatchObject([
      409,
      { code: "device-not-approved", detail: expect.stringContaining("blocked") },
    ]);
  });

  test("answers 409 for a terminal whose protocol has no commands", async () => {
    const punch = punchesFrom("77", [rawPunch("1", "20260302081504")]);
    await api.storage.append([{ ...punch, driver: "rtlog" }]);
    const answer = await api.post("/v1/devices/77/commands", { kind: "get-status" });
    expect([answer.status, answer.json]).toMatchObject([
      409,
      { code: "device-takes-no-commands", detail: expect.stringContaining('speaks "rtlog"') },
    ]);
  });

  test("answers 409 while the terminal's log is being read, and names the command", async () => {
    await order({ kind: "read-log" });
    const again = await order({ kind: "read-log", parameters: { from: "2020-01-01" } });
    expect([again.status, again.json]).toMatchObject([
      409,
      { code: "log-being-read", detail: expect.stringContaining("Command 1 reads") },
    ]);
    expect(await api.storage.listCommands({}, 10)).toHaveLength(1);
  });

  test("answers 409 once 200 commands are open", async () => {
    await api.storage.queueCommands({
      deviceId: deviceId("2401058352"),
      commands: Array(200).fill({ kind: "restart" }),
      requestedBy: "server",
      nowMs: RECEIVED_AT_MS,
      deadlineMs: epochMs(RECEIVED_AT_MS + 86_400_000),
    });
    const answer = await order({ kind: "set-time" });
    expect([answer.status, field(answer.json, "code")]).toEqual([409, "command-queue-full"]);
  });

  test("gives a repeated Idempotency-Key its command, and another body 422", async () => {
    const key = { "idempotency-key": "a-1" };
    const first = await order({ kind: "restart" }, key);
    const second = await order({ kind: "restart", parameters: {} }, key);
    expect([first.status, second.status]).toEqual([201, 200]);
    expect(second.json).toEqual(first.json);
    const other = await order({ kind: "set-time" }, key);
    expect([other.status, field(other.json, "code")]).toEqual([422, "idempotency-key-reused"]);
    expect((await order({ kind: "set-time" }, { "idempotency-key": "a-2" })).status).toBe(201);
    expect(await api.storage.listCommands({}, 10)).toHaveLength(2);
  });

  test("keeps the keys of two clients apart", async () => {
    const headers = { "idempotency-key": "a-1", "content-type": "application/json" };
    for (const name of ["one", "two"]) {
      const authorization = `Bearer ${await api.fixture.token(name)}`;
      const init = { method: "POST", body: '{"kind":"restart"}' };
      const answer = await api.fixture.call(PATH, {
        ...init,
        headers: { ...headers, authorization },
      });
      expect(answer.json).toMatchObject({ requested_by: `client ${name}` });
      expect(answer.status).toBe(201);
    }
  });

  test.each(["", "x".repeat(256), "é"])("answers 400 to the Idempotency-Key %p", async (key) => {
    const answer = await order({ kind: "restart" }, { "idempotency-key": key });
    expect([answer.status, field(answer.json, "code")]).toEqual([400, "idempotency-key-invalid"]);
    expect(await api.storage.listCommands({}, 10)).toEqual([]);
  });
});

describe("GET /v1/devices/{id}/commands", () => {
  test("leads through all pages, newest first, of this terminal alone", async () => {
    for (let count = 0; count < 5; count += 1) await order({ kind: "restart" });
    await api.post("/v1/devices/OTHER/commands", { kind: "restart" });
    await api.storage.cancelCommand(4, RECEIVED_AT_MS);
    const seen: unknown[] = [];
    let path = `${PATH}?limit=2`;
    for (let page = 0; page < 3; page += 1) {
      const answer = await api.get(path);
      seen.push(listField(answer.json, "commands").map((command) => field(command, "id")));
      const next = field(answer.json, "next");
      expect(answer.headers.get("link") === null).toBe(next === null);
      path = `${PATH}?limit=2&after=${next}`;
    }
    expect(seen).toEqual([[5, 4], [3, 2], [1]]);
    const open = await api.get(`${PATH}?open=true`);
    expect(listField(open.json, "commands").map((command) => field(command, "id"))).toEqual([
      5, 3, 2, 1,
    ]);
  });

  test("leaves a long result out of a page, and gives it with the command", async () => {
    await order({ kind: "list-users" });
    await api.storage.append([
      pollFrom("2401058352"),
      resultFrom("2401058352", { commandIdText: "c-1", text: "{}" }),
    ]);
    const users = Array.from({ length: 400 }, (_, index) => ({ user_id: `${1000 + index}` }));
    const result = { user_count: 400, users };
    const settled = { commandId: 1, users: [], problem: undefined, nowMs: RECEIVED_AT_MS };
    await api.storage.settleUserList({ ...settled, resultText: JSON.stringify(result) });
    expect((await api.get(PATH)).json).toMatchObject({
      commands: [{ id: 1, result: null, is_result_left_out: true }],
    });
    const own = { result, is_result_left_out: false };
    expect((await api.get(`${PATH}/1`)).json).toMatchObject(own);
  });

  test.each(["after=x", "limit=0", "open=yes", "status=done"])(
    "answers 400 to %s",
    async (query) => {
      expect((await api.get(`${PATH}?${query}`)).status).toBe(400);
    },
  );

  test.each(["2", "0", "x", "1e0", "-1", "99999999999999999999"])(
    "answers 404 to the number %s",
    async (number) => {
      await order({ kind: "restart" });
      for (const answer of [
        await api.get(`${PATH}/${number}`),
        await remove(`${PATH}/${number}`),
      ]) {
        expect([answer.status, field(answer.json, "code")]).toEqual([404, "not-found"]);
      }
      expect((await api.get("/v1/devices/OTHER/commands/1")).status).toBe(404);
    },
  );
});

describe("DELETE /v1/devices/{id}/commands/{number}", () => {
  test("takes back a command that waits, once", async () => {
    await order({ kind: "restart" });
    const answer = await remove(`${PATH}/1`);
    expect([answer.status, answer.json]).toMatchObject([200, { status: "cancelled" }]);
    expect(textField(answer.json, "finished_at")).toBe("2026-03-02T08:15:04+08:00");
    const again = await remove(`${PATH}/1`);
    expect([again.status, field(again.json, "code")]).toEqual([409, "command-not-waiting"]);
    expect(api.fixture.log.of("command.cancelled")).toHaveLength(1);
  });

  test("does not take back what was handed out", async () => {
    await order({ kind: "get-status" });
    await api.storage.append([pollFrom("2401058352")]);
    expect((await remove(`${PATH}/1`)).status).toBe(409);
    expect((await api.get(`${PATH}/1`)).json).toMatchObject({ status: "sent" });
  });
});

test("who may only read or write gives no order and takes none back, and is told why", async () => {
  await order({ kind: "restart" });
  // The clients of the fixture are those of its storage.
  const secretSha256 = new Bun.CryptoHasher("sha256").update("s").digest("hex");
  await api.storage.addClient({
    name: "payroll",
    secretSha256,
    scopes: ["read", "write"],
    createdAtMs: RECEIVED_AT_MS,
  });
  const authorization = `Bearer ${await api.fixture.token("payroll", "s")}`;
  const headers = { authorization, "content-type": "application/json" };
  const call = (method: string, path: string) =>
    api.fixture.call(path, {
      method,
      headers,
      ...(method === "POST" ? { body: '{"kind":"restart"}' } : {}),
    });
  expect((await call("GET", PATH)).status).toBe(200);
  expect((await call("GET", `${PATH}/1`)).status).toBe(200);
  for (const [method, path] of [
    ["POST", PATH],
    ["DELETE", `${PATH}/1`],
  ] as const) {
    const answer = await call(method, path);
    expect([answer.status, field(answer.json, "code")]).toEqual([403, "scope-missing"]);
  }
  expect(await api.storage.listCommands({}, 10)).toMatchObject([{ status: "waiting" }]);
});
