/**
 * Aim: the operator's orders over the control socket, over real storage; and that bringing users to a
 * terminal never writes anew somebody who is on it.
 */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createControlApi } from "#api/control/api.ts";
import { epochMs } from "#base/epoch.ts";
import { deviceId, userId } from "#domain/identifiers.ts";
import { CommandCare } from "#ingest/command-care.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { NO_BACKUPS, ROOMY_DISK } from "../../../support/idle-box.ts";
import { RecordingLog } from "../../../support/recording-log.ts";
import { pollFrom, resultFrom } from "../../../support/terminal-intakes.ts";
import { testDesk } from "../../../support/test-desk.ts";
import { testQuarantine } from "../../../support/test-quarantine.ts";
import {
  openTestStorage,
  RECEIVED_AT_MS,
  type TestStorage,
} from "../../../support/test-storage.ts";
import { field, listField } from "../../api-fixture.ts";
import { FixedOwnClock } from "../control-fixture.ts";

const GATE = deviceId("GATE1");
let opened: TestStorage;
let clock: FakeClock;
let log: RecordingLog;
let api: ReturnType<typeof createControlApi>;

beforeEach(async () => {
  opened = openTestStorage();
  clock = new FakeClock(RECEIVED_AT_MS);
  log = new RecordingLog();
  api = createControlApi({
    storage: opened.storage,
    clock,
    log,
    siteTimeZone: "Asia/Manila",
    leadingZeros: "drop",
    expectedUsers: undefined,
    ownClock: new FixedOwnClock(),
    live: { tellDevice: () => undefined },
    onWork: () => undefined,
    backups: NO_BACKUPS,
    disk: ROOMY_DISK,
    webhooks: testDesk({ storage: opened.storage, clock, log }),
    quarantine: testQuarantine({ storage: opened.storage, clock, log }),
    openConditions: () => [],
    reachedLimits: () => [],
    markSettings: () => ({}),
  });
  await opened.storage.append([pollFrom("GATE1"), pollFrom("OTHER")]);
});

afterEach(() => opened[Symbol.dispose]());

async function ask(method: "GET" | "POST", path: string, body?: unknown) {
  const init = { method, headers: { "content-type": "application/json" } };
  const request = new Request(`http://localhost${path}`, {
    ...init,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const response = await api.handle(request);
  const json: unknown = await response.json();
  return { status: response.status, json };
}

function send(kind: string, parameters: Record<string, unknown> = {}) {
  return ask("POST", "/commands/send", { device: "GATE1", kind, parameters });
}

describe("commands on the control socket", () => {
  test("are queued for the operator, listed, shown and taken back", async () => {
    const { status, json } = await send("delete-user", { user_id: "0027" });
    const command = { id: 1, kind: "delete-user", status: "waiting", requested_by: "operator" };
    expect([status, json]).toMatchObject([200, { commands: [command] }]);
    await ask("POST", "/commands/send", { device: "OTHER", kind: "restart" });
    expect((await ask("GET", "/commands")).json).toMatchObject({
      commands: [{ id: 2, device_id: "OTHER" }, { id: 1 }],
    });
    expect(listField((await ask("GET", "/commands?device=GATE1")).json, "commands")).toHaveLength(
      1,
    );
    expect(listField((await ask("GET", "/commands?limit=1")).json, "commands")).toHaveLength(1);
    expect((await ask("GET", "/commands/show?number=1")).json).toMatchObject(command);
    expect((await ask("POST", "/commands/cancel?number=1")).json).toMatchObject({
      id: 1,
      status: "cancelled",
    });
    expect((await ask("POST", "/commands/cancel?number=1")).status).toBe(409);
    expect(log.of("command.cancelled")).toMatchObject([{ fields: { command: 1, by: "operator" } }]);
  });

  test.each([
    ["POST", "/commands/send", { device: "NOBODY", kind: "restart" }, 404, "No terminal"],
    ["POST", "/commands/send", { device: "GATE1", kind: "dance" }, 400, "Unknown kind"],
    ["POST", "/commands/send", { device: "GATE1", kind: "restart", x: 1 }, 400, 'field "x"'],
    ["POST", "/commands/send", { kind: "restart" }, 400, '"device" is missing'],
    ["GET", "/commands?device=NOBODY", undefined, 404, "No terminal"],
    ["GET", "/commands?limit=0", undefined, 400, "limit"],
    ["GET", "/commands/show", undefined, 404, "No command"],
    ["GET", "/commands/show?number=x", undefined, 404, "No command"],
    ["POST", "/commands/cancel?number=9", undefined, 404, "No command"],
    ["POST", "/commands/push-users", { device: "GATE1", users: "7" }, 400, '"users"'],
  ] as const)("%s %s with %j is refused", async (...[method, path, body, status, message]) => {
    const answer = await ask(method, path, body);
    expect(answer).toMatchObject({ status, json: { message: expect.stringContaining(message) } });
  });
});

describe("POST /commands/push-users", () => {
  const said = { department: undefined, furtherFields: {} };

  async function sync(...users: readonly (readonly [string, string | null, boolean?])[]) {
    await opened.storage.syncUsers(
      users.map(([id, name, isEnabled]) => ({ ...said, id: userId(id), name, isEnabled })),
      { atMs: RECEIVED_AT_MS, siteDay: "2026-03-02" as never, errorCount: 0 },
    );
  }

  /** Lets the terminal list its users: 27 and as many others, an HS102. */
  async function list(others = 0, announced = 1 + others): Promise<void> {
    const { json } = await send("list-users");
    const id = field(listField(json, "commands")[0], "id");
    const text = `{"one_user_id_size":"20","user_id_array":"BIN_1","user_id_count":"${announced}"}`;
    const bytes = Array.from({ length: 1 + others }, (_, index) => {
      const user = `000000${27 + index}`;
      return `${Buffer.from(user).toString("hex")}${"00".repeat(16 - user.length)}00011100`;
    }).join("");
    await opened.storage.append([
      pollFrom("GATE1"),
      resultFrom("GATE1", {
        commandIdText: `c-${id}`,
        text,
        binaries: [Uint8Array.fromHex(bytes)],
      }),
    ]);
    const care = new CommandCare({ storage: opened.storage, clock, log });
    care.start();
    await clock.advance(2_000);
    await care.stop();
  }

  function push(users?: readonly string[]) {
    return ask("POST", "/commands/push-users", { device: "GATE1", ...(users && { users }) });
  }

  test("is refused while the terminal has not listed its users within a day", async () => {
    await sync(["27", "Ana"]);
    const refused = { status: 409, json: { message: expect.stringContaining("list-users") } };
    expect(await push()).toMatchObject(refused);
    await send("list-users");
    expect(await push()).toMatchObject(refused);
    await opened.storage.cancelCommand(1, RECEIVED_AT_MS);
    await list();
    expect(await push()).toMatchObject({ status: 200 });
    clock.stepWallClock(86_400_001);
    expect(await push()).toMatchObject(refused);
    expect(await opened.storage.listCommands({ kind: "set-user" }, 10)).toEqual([]);
  });

  test("is refused where the terminal's list was cut: who is not in it may be on the terminal", async () => {
    await sync(["27", "Ana"]);
    await list(0, 2);
    expect(await push()).toMatchObject({ status: 409 });
    await list();
    expect(await push()).toMatchObject({ status: 200 });
  });

  test("renames who is on the terminal, as it spells them, and adds who is not", async () => {
    await sync(["27", "Ana"], ["30", "Ben"], ["31", "Gone", false], ["32", null]);
    await list();
    const { json } = await push();
    expect(listField(json, "commands")).toMatchObject([
      { kind: "rename-user", parameters: { user_id: "00000027", name: "Ana" } },
      { kind: "set-user", parameters: { user_id: "30", name: "Ben", is_manager: false } },
    ]);
    expect(field(json, "skipped")).toEqual({
      unchanged: 0,
      disabled: 1,
      "no-name": 1,
      unfit: 0,
      asked: 0,
      unknown: 0,
    });
    // Once more asks for nothing more.
    const again = await push();
    expect(again.json).toMatchObject({ commands: [], skipped: { asked: 2 } });
  });

  test("renames who is on the terminal also where its list is long", async () => {
    await sync(["27", "Ana"], ["200", "Ben"]);
    await list(300);
    const { json } = await push();
    expect(listField(json, "commands")).toMatchObject([
      { kind: "rename-user", parameters: { user_id: "00000027", name: "Ana" } },
      { kind: "rename-user", parameters: { user_id: "000000200", name: "Ben" } },
    ]);
  });

  test("takes those who are named, and tells who is not known", async () => {
    await sync(["27", "Ana"], ["30", "Ben"]);
    await list();
    const { json } = await push(["0030", "99"]);
    expect(json).toMatchObject({
      commands: [{ kind: "set-user", parameters: { user_id: "30" } }],
      skipped: { unknown: 1 },
    });
  });

  test("fills the terminal's queue and tells how many are left", async () => {
    await sync(...Array.from({ length: 230 }, (_, index) => [`${1000 + index}`, "X"] as const));
    await list();
    const first = await push();
    expect([listField(first.json, "commands").length, field(first.json, "left_count")]).toEqual([
      200, 30,
    ]);
    await opened.storage.expireCommands(epochMs(RECEIVED_AT_MS + 90_000_000));
    expect(field((await push()).json, "left_count")).toBe(30);
    expect((await opened.storage.findDevice(GATE))?.openCommandCount).toBe(200);
  });
});
