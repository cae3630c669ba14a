/**
 * Aim: the verb `commands` sends what was typed, shows what came back without what could move a
 * cursor, and tells with its exit code what became of a command that it watched.
 */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runVerb, type VerbResult } from "../support/run-verb.ts";

const folder = mkdtempSync(join(tmpdir(), "control-"));
const asked: unknown[] = [];
/** Answers to `show`, the last one again and again. */
let shown: Record<string, unknown>[] = [];
let server: Bun.Server<undefined>;

const COMMAND = {
  id: 7,
  device_id: "2401058352",
  kind: "get-user",
  parameters: { user_id: "27" },
  status: "waiting",
  requested_by: "operator",
  created_at: "2026-03-02T08:15:04+08:00",
  deadline_at: "2026-03-03T08:15:04+08:00",
  sent_count: 0,
  last_sent_at: null,
  finished_at: null,
  return_code: null,
  problem: null,
  result: null,
  is_result_pending: false,
};
const DONE = { ...COMMAND, status: "done", sent_count: 1, return_code: "OK" };

beforeAll(() => {
  server = Bun.serve({
    unix: join(folder, "control.sock"),
    async fetch(request) {
      const { pathname, search, searchParams } = new URL(request.url);
      const body = request.method === "POST" ? await request.text() : "";
      asked.push([request.method, pathname + search, body === "" ? undefined : JSON.parse(body)]);
      if (searchParams.get("number") === "9" || body.includes("NOBODY")) {
        return Response.json({ error: "Not Found", message: "Not there" }, { status: 404 });
      }
      if (pathname === "/commands/show") {
        return Response.json(shown.length > 1 ? shown.shift() : shown[0]);
      }
      if (pathname === "/commands/cancel")
        return Response.json({ ...COMMAND, status: "cancelled" });
      const list = { commands: [COMMAND] };
      if (pathname !== "/commands/push-users") return Response.json(list);
      return Response.json({ ...list, skipped: { unchanged: 2, unfit: 0 }, left_count: 5 });
    },
  });
});

beforeEach(() => {
  asked.length = 0;
  shown = [DONE];
});

afterAll(async () => {
  await server.stop(true);
  rmSync(folder, { recursive: true });
});

function commands(...argv: string[]): Promise<VerbResult> {
  return runVerb(folder, "commands", ...argv);
}

function sent(kind: string, parameters: Record<string, unknown>, more = {}) {
  return ["POST", "/commands/send", { device: "D/1", kind, parameters, ...more }];
}

describe("commands send", () => {
  test.each([
    [["get-user", "--user", "0027"], sent("get-user", { user_id: "0027" })],
    [
      ["set-user", "--user", "7", "--name", "Ana", "--manager", "--no-enabled"],
      sent("set-user", { user_id: "7", name: "Ana", is_manager: true, is_enabled: false }),
    ],
    [
      ["enable-user", "--user", "7", "--enabled"],
      sent("enable-user", { user_id: "7", is_enabled: true }),
    ],
    [
      ["read-log", "--from", "2026-03-01", "--to", "2026-03-02"],
      sent("read-log", { from: "2026-03-01", until: "2026-03-02" }),
    ],
    [
      ["show-enrollment", "--user", "7", "--credential", "12"],
      sent("show-enrollment", { user_id: "7", credential_number: 12 }),
    ],
    [["restart", "--deadline", "5"], sent("restart", {}, { deadline_seconds: 300 })],
  ])("%j asks for it", async (argv, wanted) => {
    const { code, out } = await commands("send", "D/1", ...argv);
    expect(code).toBe(0);
    expect(asked).toEqual([wanted]);
    expect(out).toBe(
      "Command 7 (get-user) waits for 2401058352: biometric-server commands show 7\n",
    );
  });

  test("takes several users for push-users alone", async () => {
    const pushed = await commands("send", "D/1", "push-users", "--user", "7", "--user", "8");
    expect(asked).toEqual([["POST", "/commands/push-users", { device: "D/1", users: ["7", "8"] }]]);
    expect(pushed.out.split("\n").slice(0, 2)).toEqual([
      "2 unchanged",
      "5 found no place: push again when the terminal has taken these",
    ]);
    const { code, error } = await commands("send", "D/1", "get-user", "--user", "7", "--user", "8");
    expect([code, error]).toEqual([2, expect.stringContaining("for 2 users")]);
  });

  test("tells why the server refuses", async () => {
    const { code, out, error } = await commands("send", "NOBODY", "restart");
    expect([code, out]).toEqual([1, ""]);
    expect(error).toStartWith('error: Cannot send "restart" to "NOBODY": Not there\nhint: ');
  });

  test("needs a terminal and a kind, and whole numbers", async () => {
    expect((await commands("send", "D/1")).code).toBe(2);
    expect((await commands("send", "D/1", "restart", "--deadline", "soon")).code).toBe(2);
    expect(asked).toEqual([]);
  });
});

describe("commands send --watch", () => {
  test("waits until the result is there, and shows it", async () => {
    const result = { user_id: "27", name: "A\u001b[2J", credential_numbers: [0, 11] };
    shown = [COMMAND, { ...DONE, is_result_pending: true }, { ...DONE, result }];
    const { code, out } = await commands("send", "D/1", "get-user", "--user", "27", "--watch");
    expect(code).toBe(0);
    expect(out).toContain("Terminal said  OK\n");
    expect(out).toContain("credential_numbers  [0,11]\n");
    expect(out).toContain("name                A?[2J\n");
    expect(asked).toHaveLength(4);
  });

  test.each([
    [{ status: "failed", problem: 'The terminal said "BUSY"' }, 1],
    [{ status: "unconfirmed", problem: "No proof" }, 1],
    [{ status: "expired", problem: "Too late" }, 1],
    [{ status: "cancelled", problem: null }, 1],
    [{ status: "done", problem: "Half of it cannot be read" }, 1],
    [{ status: "done", problem: null }, 0],
  ])("ends with what became of it: %j", async (end, wanted) => {
    shown = [{ ...DONE, ...end }];
    const { code, out } = await commands("send", "D/1", "restart", "--watch");
    expect(code).toBe(wanted);
    expect(out).toContain(`Command 7 (get-user) is ${end.status}`);
    expect(out).toContain(end.problem ?? "");
    const json = await commands("send", "D/1", "restart", "--watch", "--json");
    expect([json.code, JSON.parse(json.out)]).toMatchObject([wanted, [{ id: 7, ...end }]]);
  });
});

describe("commands list, show and cancel", () => {
  test("list prints a table, of one terminal when told", async () => {
    const { code, out } = await commands("list", "D/1");
    expect(code).toBe(0);
    expect(asked).toEqual([["GET", "/commands?device=D%2F1", undefined]]);
    expect(out.split("\n")).toEqual([
      "COMMAND  TERMINAL    KIND      FOR         STATUS   ASKED AT             ASKED BY  NOTE",
      "7        2401058352  get-user  user_id=27  waiting  2026-03-02 08:15:04  operator  -",
      "",
    ]);
    expect(JSON.parse((await commands("list", "--json")).out)).toEqual({ commands: [COMMAND] });
  });

  test("show prints one, with a terminal's users as a table", async () => {
    const users = [{ user_id: "27", is_enabled: true }];
    shown = [{ ...DONE, kind: "list-users", result: { user_count: 1, users } }];
    const { out } = await commands("show", "7");
    expect(out).toContain("Handed out     once\n");
    expect(out).toEndWith("\nuser_count  1\n\nUSER ID  IS ENABLED\n27       true\n");
  });

  test("cancel takes it back, or tells why not", async () => {
    expect((await commands("cancel", "7")).out).toContain("Status         cancelled\n");
    expect(asked).toEqual([["POST", "/commands/cancel?number=7", undefined]]);
    const { code, error } = await commands("cancel", "9");
    expect([code, error]).toEqual([1, expect.stringContaining("Cannot cancel")]);
  });
});
