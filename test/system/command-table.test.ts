/**
 * Aim: every command, in every dialect that takes commands, ends as the terminal's word deserves,
 * whoever ordered it: what cannot be relied on is shown as such, and what cannot come never waits.
 */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { post } from "../devices/fkweb/requests.ts";
import { recordJson, v1 } from "../devices/rtlog/frames.ts";
import { eventually } from "../support/eventually.ts";
import { type RunningServer, startServer } from "../support/running-server.ts";
import { SteeredBuild, SteeredServer } from "../support/steered-server.ts";
import { ScriptedTerminal } from "./scripted-terminal.ts";
import { RunningSimulation } from "./simulation.ts";
import { sendWhole, TerminalSocket } from "./terminal-socket.ts";

setDefaultTimeout(90_000);

const OPEN = { DEVICE_ENROLLMENT: "open", LOG_RECOVERY_TIME: "never" };

interface ShownCommand {
  readonly id: number;
  readonly kind: string;
  readonly status: string;
  readonly sent_count: number;
  readonly is_result_pending: boolean;
  readonly return_code: string | null;
  readonly problem: string | null;
  readonly result: Readonly<Record<string, unknown>> | null;
}

interface Answered {
  readonly status: number;
  readonly json: ShownCommand & { readonly code?: string; readonly detail?: string };
}

/** A request to `/v1/devices/{device}/commands`, and what is behind it. */
async function ask(
  server: RunningServer,
  device: string,
  request: { readonly method: string; readonly path?: string; readonly body?: object },
): Promise<Answered> {
  const response = await fetch(
    `${server.webUrl}/v1/devices/${device}/commands${request.path ?? ""}`,
    {
      method: request.method,
      headers: {
        Authorization: `Bearer ${await server.token()}`,
        "Content-Type": "application/json",
      },
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
    },
  );
  return { status: response.status, json: JSON.parse(await response.text()) };
}

async function order(server: RunningServer, device: string, body: object): Promise<number> {
  const { status, json } = await ask(server, device, { method: "POST", body });
  expect([status, json.detail]).toEqual([201, undefined]);
  return json.id;
}

/** The command once nothing more becomes of it. */
async function settled(server: RunningServer, device: string, id: number): Promise<ShownCommand> {
  let shown: ShownCommand | undefined;
  await eventually(`end of command ${id} of ${device}`, async () => {
    shown = (await ask(server, device, { method: "GET", path: `/${id}` })).json;
    return !["waiting", "sent"].includes(shown.status) && !shown.is_result_pending;
  });
  if (shown === undefined) throw new Error("Nothing shown");
  return shown;
}

/** Users of a make, as its commands name them: two who are on it, and nobody. */
interface Users {
  readonly known: string;
  readonly other: string;
  readonly nobody: string;
}

/** How a command ends: its status, and what the note says of it; null for no note. */
type End = readonly [status: string, problem: RegExp | null];

const DONE: End = ["done", null];
const ERROR_NO_ID: End = ["failed", /^The terminal said "ERROR_NO_ID"$/];
const NO_RESULT: End = ["failed", /^No result came: the terminal polled again each time$/];
const NO_PROOF: End = ["unconfirmed", /^The terminal said OK, which is no proof/];
const RESTARTED: End = ["unconfirmed", /^The terminal sends no result of this kind$/];
const MAYBE_DELETED: End = ["unconfirmed", /^The terminal said "Error", and may have deleted/];
const NOT_SUPPORTED: End = ["failed", /^The terminal said "ERROR_NOT_SUPPORTED"$/];
const SUCCESS: End = ["unconfirmed", /^The terminal said "Success" in place of OK$/];
const NOT_KNOWN: End = ["failed", /^How this kind of terminal is told to .* is not known$/];

/** The list in the order in which it is ordered, with the options of the verb, and its usual ends. */
const COMMANDS: readonly {
  readonly kind: string;
  readonly parameters: (users: Users) => Readonly<Record<string, unknown>>;
  readonly options: (users: Users) => readonly string[];
  readonly end: End;
}[] = [
  { kind: "set-time", parameters: () => ({}), options: () => [], end: DONE },
  { kind: "get-status", parameters: () => ({}), options: () => [], end: DONE },
  { kind: "get-settings", parameters: () => ({}), options: () => [], end: DONE },
  { kind: "list-users", parameters: () => ({}), options: () => [], end: DONE },
  { kind: "read-log", parameters: () => ({}), options: () => [], end: DONE },
  {
    kind: "get-user",
    parameters: ({ known }) => ({ user_id: known }),
    options: ({ known }) => ["--user", known],
    end: DONE,
  },
  {
    kind: "rename-user",
    parameters: ({ known }) => ({ user_id: known, name: "Ana" }),
    options: ({ known }) => ["--user", known, "--name", "Ana"],
    end: DONE,
  },
  {
    kind: "rename-user",
    parameters: ({ nobody }) => ({ user_id: nobody, name: "Ana" }),
    options: ({ nobody }) => ["--user", nobody, "--name", "Ana"],
    end: ERROR_NO_ID,
  },
  {
    kind: "enable-user",
    parameters: ({ known }) => ({ user_id: known, is_enabled: false }),
    options: ({ known }) => ["--user", known, "--no-enabled"],
    end: DONE,
  },
  {
    kind: "show-enrollment",
    parameters: ({ known }) => ({ user_id: known, credential_number: 1 }),
    options: ({ known }) => ["--user", known, "--credential", "1"],
    end: DONE,
  },
  {
    kind: "set-user",
    parameters: ({ nobody }) => ({ user_id: nobody, name: "Ben", is_manager: true }),
    options: ({ nobody }) => ["--user", nobody, "--name", "Ben", "--manager"],
    end: NO_PROOF,
  },
  {
    kind: "delete-user",
    parameters: ({ other }) => ({ user_id: other }),
    options: ({ other }) => ["--user", other],
    end: DONE,
  },
  {
    kind: "rename-device",
    parameters: () => ({ name: "Gate 1" }),
    options: () => ["--name", "Gate 1"],
    end: DONE,
  },
  {
    kind: "get-user",
    parameters: ({ other }) => ({ user_id: other }),
    options: ({ other }) => ["--user", other],
    end: NO_RESULT,
  },
  { kind: "restart", parameters: () => ({}), options: () => [], end: RESTARTED },
];

const plain = (number: number) => String(number);
const padded = (number: number) => String(number).padStart(8, "0");
const withLetters = (number: number) => `E-${String(number).padStart(4, "0")}`;

/** The makes of the scenario in its order, and where one of them ends a command otherwise. */
const MAKES: readonly {
  readonly make: string;
  readonly spell: (number: number) => string;
  readonly otherEnds?: Readonly<Record<string, End>>;
  /** Of everything that `otherEnds` does not name. */
  readonly otherwise?: End;
}[] = [
  { make: "f80 (D2)", spell: plain },
  { make: "ws535 (D2)", spell: padded, otherEnds: { "delete-user": MAYBE_DELETED } },
  { make: "revo (D2)", spell: withLetters },
  { make: "hs105 (D2)", spell: plain },
  { make: "hs100 (D2)", spell: plain },
  { make: "hs200 (D2)", spell: plain },
  { make: "bm70w (D3)", spell: plain },
  {
    make: "m82 (D4)",
    spell: padded,
    otherEnds: { "list-users": NOT_SUPPORTED, "read-log": NOT_SUPPORTED },
  },
  {
    make: "r6 (D6)",
    spell: plain,
    otherEnds: {
      "set-time": SUCCESS,
      "get-status": SUCCESS,
      "set-user": SUCCESS,
      restart: RESTARTED,
    },
    otherwise: NOT_KNOWN,
  },
];
const USERS_PER_TERMINAL = 20;
const deviceAt = (index: number): string => `SIM000${index + 1}`;

function usersAt(index: number): Users {
  const first = index * USERS_PER_TERMINAL + 1;
  const spell = MAKES[index]?.spell ?? plain;
  return { known: spell(first + 2), other: spell(first + 3), nobody: spell(900) };
}

function endsAt(index: number): readonly End[] {
  const { otherEnds = {}, otherwise } = MAKES[index] ?? {};
  return COMMANDS.map(({ kind, end }) => otherEnds[kind] ?? otherwise ?? end);
}

describe("the whole list of commands", () => {
  let server: RunningServer;
  let simulation: RunningSimulation;
  /** Of each terminal, in the order of the list. */
  const ended = new Map<string, readonly ShownCommand[]>();

  beforeAll(async () => {
    server = await startServer({ settings: OPEN });
    expect(await server.run("clock", "confirm")).toMatchObject({ exitCode: 0 });
    simulation = new RunningSimulation(server, "--scenario", "commands", "--poll-interval", "0.3");
    await eventually("the punches of all terminals", async () => {
      return (await server.listPunches()).length === MAKES.length * 5;
    });
    const ordered = await Promise.all(MAKES.map((_, index) => orderAll(index)));
    for (const [index, ids] of ordered.entries()) {
      const device = deviceAt(index);
      ended.set(device, await Promise.all(ids.map((id) => settled(server, device, id))));
    }
  });

  afterAll(async () => {
    await simulation[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  /** The first terminal hears from an operator, the others from a program. */
  async function orderAll(index: number): Promise<readonly number[]> {
    const ids: number[] = [];
    const users = usersAt(index);
    for (const { kind, parameters, options } of COMMANDS) {
      if (index > 0) {
        ids.push(await order(server, deviceAt(index), { kind, parameters: parameters(users) }));
        continue;
      }
      const sent = await server.run(
        "commands",
        "send",
        deviceAt(0),
        kind,
        ...options(users),
        "--json",
      );
      expect(sent.exitCode).toBe(0);
      const [command] = JSON.parse(sent.out);
      ids.push(command.id);
    }
    return ids;
  }

  test.each(MAKES.map(({ make }, index) => [make, index] as const))(
    "ends on %s as it deserves",
    (_, index) => {
      const commands = ended.get(deviceAt(index)) ?? [];
      const wanted = endsAt(index).map(([status], at) => `${COMMANDS[at]?.kind} ${status}`);
      expect(commands.map(({ kind, status }) => `${kind} ${status}`)).toEqual(wanted);
      for (const [at, [, problem]] of endsAt(index).entries()) {
        const note = commands[at]?.problem ?? null;
        if (problem === null) expect(note).toBeNull();
        else expect(note).toMatch(problem);
      }
    },
  );

  test("brings what was asked for", () => {
    const [, status, settings, list, log, user] = ended.get("SIM0001") ?? [];
    expect(status?.result).toMatchObject({ total_user_count: 20, total_log_count: 5 });
    expect(settings?.result).toMatchObject({ Receive_Interval: "11" });
    expect(list?.result).toMatchObject({ user_count: 20, unreadable_count: 0 });
    expect(user?.result).toMatchObject({
      user_id: "3",
      name: "User 3",
      credential_numbers: [0, 10, 11],
    });
    expect(log?.result).toMatchObject({ read_count: 5, known_count: 5, added_count: 0 });
    // D6 has its own count, behind a word that is not OK.
    expect(ended.get("SIM0009")?.[1]?.result).toMatchObject({ userCount: 20 });
  });

  test("reads the log of every make that has one as known, whatever its records keep", () => {
    const reports = MAKES.flatMap(({ make }, index) => {
      const log = ended.get(deviceAt(index))?.[4];
      return log?.status === "done"
        ? [[make, log.result?.known_count, log.result?.read_count]]
        : [];
    });
    const withLog = MAKES.filter(({ make }) => !/D4|D6/.test(make));
    expect(reports).toEqual(withLog.map(({ make }) => [make, 5, 5]));
  });

  test("does to the terminals what it says", async () => {
    const listed = await settled(
      server,
      "SIM0001",
      await order(server, "SIM0001", { kind: "list-users" }),
    );
    const users = listed.result?.users;
    const ids = Array.isArray(users) ? users.map(({ user_id: id }) => id) : [];
    // 4 is deleted, 900 is new.
    expect([ids.includes("4"), ids.includes("900"), ids.length]).toEqual([false, true, 20]);
    const got = await order(server, "SIM0001", { kind: "get-user", parameters: { user_id: "3" } });
    expect((await settled(server, "SIM0001", got)).result).toMatchObject({
      name: "Ana",
      is_enabled: false,
      credential_numbers: [0, 1, 10, 11],
    });
    const { out } = await server.run("devices", "list", "--json");
    const first = JSON.parse(out).devices.find(({ id }: { id: string }) => id === "SIM0001");
    expect(first.name).toBe("Gate 1");
  });
});

test("D5 is told framed nothing, and its records come as base64 in bare JSON", async () => {
  await using server = await startServer({ settings: OPEN });
  const headers = { dev_id: "5501000001", dev_model: "FA210", blk_no: undefined };
  const poll = () =>
    sendWhole(
      server.terminalPort,
      post(
        Buffer.from('{"fk_time":"20260302081459","fk_info":{"fk_bin_data_lib":"FKDataHS101"}}'),
        {
          ...headers,
          request_code: "receive_cmd",
          trans_id: "ReceiveCommandAction",
        },
      ),
    );
  await poll();
  const id = await order(server, "5501000001", { kind: "list-users" });
  expect(await poll()).toContain("\r\ncmd_code: GET_USER_ID_LIST\r\n");
  // Twenty times the user of fkweb.md 14 E9, each with another number.
  const records = Array.from({ length: 20 }, (_, index) => [index + 1, 0, 0, 0, 0, 1, 0x11, 0]);
  const json = JSON.stringify({
    user_id_count: 20,
    one_user_id_size: 8,
    user_id_array: Buffer.from(records.flat()).toString("base64"),
  });
  await sendWhole(
    server.terminalPort,
    post(Buffer.from(json), {
      ...headers,
      request_code: "send_cmd_result",
      trans_id: `c-${id}`,
      cmd_return_code: "OK",
    }),
  );
  expect(await settled(server, "5501000001", id)).toMatchObject({
    status: "done",
    result: { user_count: 20, unreadable_count: 0 },
  });
  const renamed = await order(server, "5501000001", {
    kind: "rename-device",
    parameters: { name: "G" },
  });
  expect(await poll()).toEndWith(
    '\r\nContent-Length: 16\r\nConnection: close\r\n\r\n{"fk_name":"G"}\0',
  );
  expect((await settledAfter(server, renamed)).status).toBe("done");

  async function settledAfter(at: RunningServer, number: number) {
    const answer = { ...headers, request_code: "send_cmd_result", trans_id: `c-${number}` };
    await sendWhole(at.terminalPort, post(new Uint8Array(0), { ...answer, cmd_return_code: "OK" }));
    return settled(at, "5501000001", number);
  }
});

test("D1, whose commands nobody knows, is told none, and the person hears it", async () => {
  await using server = await startServer({ settings: OPEN });
  const poll = () =>
    sendWhole(
      server.terminalPort,
      "POST /fkwebserver/ HTTP/1.0\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 36\r\n\r\npage_id=receive_cmd&device_id=000042",
    );
  await poll();
  const id = await order(server, "000042", { kind: "delete-user", parameters: { user_id: "7" } });
  await poll();
  expect(await settled(server, "000042", id)).toMatchObject({
    status: "failed",
    sent_count: 0,
    problem: "How this kind of terminal is told to delete-user is not known",
  });
});

test("a terminal of raw records takes no command: the API and the verb say so at once", async () => {
  await using server = await startServer({ settings: OPEN });
  const text = recordJson({ log_id: "1", user_id: '"7"', fk_device_id: "77", emergency: '"no"' });
  const socket = await TerminalSocket.connect(server.terminalPort);
  socket.send(v1(text));
  socket.end();
  await eventually("the punch", async () => (await server.listPunches()).length === 1);
  const answer = await ask(server, "77", { method: "POST", body: { kind: "set-time" } });
  expect([answer.status, answer.json.code]).toEqual([409, "device-takes-no-commands"]);
  expect(await server.run("commands", "send", "77", "set-time")).toMatchObject({
    exitCode: 1,
    error: expect.stringContaining('The terminal speaks "rtlog", which has no commands'),
  });
  expect((await server.run("commands", "list", "--json")).out).toBe('{"commands":[]}\n');
});

describe("a command that its terminal never ends", () => {
  let build: SteeredBuild;

  beforeAll(async () => {
    build = await SteeredBuild.make();
  });

  afterAll(() => build[Symbol.dispose]());

  test("expires at its deadline, taken or not, and a result behind it is kept beside that", async () => {
    const atMs = Date.UTC(2026, 2, 2, 0, 15, 30);
    await using server = new SteeredServer(build, { atMs, settings: OPEN });
    await server.start();
    const terminal = new ScriptedTerminal(server.terminalPort, "2401058352");
    await terminal.poll();
    const body = { kind: "get-status", deadline_seconds: 60 };
    const taken = await order(server, "2401058352", body);
    const untaken = await order(server, "2401058352", body);
    expect(await terminal.poll()).toMatchObject({ id: `c-${taken}` });
    server.advance(61_000);
    expect(await settled(server, "2401058352", taken)).toMatchObject({
      status: "expired",
      sent_count: 1,
      problem: "No result came in time: it may have been done",
    });
    expect(await settled(server, "2401058352", untaken)).toMatchObject({
      status: "expired",
      sent_count: 0,
      problem: "The terminal did not take it in time",
    });
    expect((await terminal.poll()).code).toBe("");
    await terminal.result(`c-${taken}`, { json: '{"total_log_count":"77"}' });
    const late = await server.run("commands", "show", String(taken));
    expect(late.out).toContain('may have been done. Later the terminal said "OK"');
    expect(late.out).toMatch(/^total_log_count +77$/m);
    // Of several of one terminal the log tells the first at once.
    expect(server.logLines("command.expired")).toHaveLength(1);
  });
});

test("what is taken back, unknown, or not for this terminal is never handed out", async () => {
  await using server = await startServer({ settings: OPEN });
  const terminal = new ScriptedTerminal(server.terminalPort, "2401058352");
  await terminal.poll();
  await new ScriptedTerminal(server.terminalPort, "OTHER").poll();
  const byProgram = await order(server, "2401058352", { kind: "restart" });
  const byOperator = await order(server, "2401058352", { kind: "get-status" });
  const other = await ask(server, "OTHER", { method: "DELETE", path: `/${byProgram}` });
  expect([other.status, other.json.code]).toEqual([404, "not-found"]);
  const gone = await ask(server, "2401058352", { method: "DELETE", path: `/${byProgram}` });
  expect([gone.status, gone.json.status]).toEqual([200, "cancelled"]);
  expect((await server.run("commands", "cancel", String(byOperator))).out).toMatch(
    /^Status +cancelled$/m,
  );
  expect((await terminal.poll()).code).toBe("");
  expect(await server.run("commands", "cancel", String(byOperator))).toMatchObject({ exitCode: 1 });
  expect(await server.run("commands", "cancel", "99")).toMatchObject({ exitCode: 1 });
  // A result of what was never handed out changes nothing.
  await terminal.result(`c-${byProgram}`);
  await terminal.result("c-99");
  expect(
    (await ask(server, "2401058352", { method: "GET", path: `/${byProgram}` })).json,
  ).toMatchObject({
    status: "cancelled",
    return_code: null,
  });
  expect(server.logLines("command.stray")).toHaveLength(1);
});
