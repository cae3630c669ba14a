/**
 * Aim: what a person orders reaches the terminal at a poll, byte for byte, and its result reaches the
 * person; a lost reply, a lost result and `kill -9` in between lose no command.
 */

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { type RunningServer, startServer } from "../support/running-server.ts";
import { SteeredBuild, SteeredServer } from "../support/steered-server.ts";
import { ScriptedTerminal } from "./scripted-terminal.ts";
import { TerminalSocket } from "./terminal-socket.ts";

setDefaultTimeout(60_000);

const DEVICE = "2401058352";
const OPEN = { DEVICE_ENROLLMENT: "open" };
/** 08:15:30 in Manila, as in example E6. */
const E6_MS = Date.UTC(2026, 2, 2, 0, 15, 30);
/** fkweb.md 14 E6: head and body, with the time apart. */
const E6_HEAD =
  "HTTP/1.0 200 OK\r\nContent-Type: application/octet-stream\r\nresponse_code: OK\r\ntrans_id: c-1\r\ncmd_code: SET_TIME\r\nContent-Length: 30\r\nConnection: close\r\n\r\n";
const E6_BODY = (time: string) => `\x1a\0\0\0{"time":"${time}"}\0`;
const RESULT_REPLY = (id: string) =>
  `HTTP/1.0 200 OK\r\nContent-Type: application/octet-stream\r\nresponse_code: OK\r\ntrans_id: ${id}\r\ncmd_code: \r\nContent-Length: 0\r\nConnection: close\r\n\r\n`;

let build: SteeredBuild;

beforeAll(async () => {
  build = await SteeredBuild.make();
});

afterAll(() => build[Symbol.dispose]());

interface ShownCommand {
  readonly id: number;
  readonly status: string;
  readonly sent_count: number;
  readonly result: Record<string, unknown> | null;
  readonly problem: string | null;
}

async function show(server: RunningServer, number: number): Promise<ShownCommand> {
  const { out } = await server.run("commands", "show", String(number), "--json");
  return JSON.parse(out);
}

/** Orders a command and gives how the verb ended. */
function send(server: RunningServer, ...argv: string[]) {
  return server.run("commands", "send", DEVICE, ...argv);
}

test("SET_TIME is handed out as in example E6, and its result ends it", async () => {
  await using server = new SteeredServer(build, { atMs: E6_MS, settings: OPEN });
  await server.start();
  expect(await server.run("clock", "confirm")).toMatchObject({ exitCode: 0 });
  const terminal = new ScriptedTerminal(server.terminalPort, DEVICE);
  expect((await terminal.poll()).code).toBe("");
  expect(await send(server, "set-time")).toMatchObject({ exitCode: 0 });
  const { text } = await terminal.poll();
  // The clock of the server goes on while the test gets here.
  const time = /"time":"(\d{14})"/.exec(text)?.[1] ?? "";
  expect(text).toBe(E6_HEAD + E6_BODY(time));
  expect(time >= "20260302081530" && time < "20260302081630").toBe(true);
  expect(await terminal.result("c-1")).toBe(RESULT_REPLY("c-1"));
  expect(await show(server, 1)).toMatchObject({ status: "done", sent_count: 1 });
  expect((await terminal.poll()).code).toBe("");
});

test("while the box's own clock is not trusted no time is set, and other commands are", async () => {
  await using server = await startServer({ settings: OPEN });
  const terminal = new ScriptedTerminal(server.terminalPort, DEVICE);
  await terminal.poll();
  await send(server, "set-time");
  await send(server, "get-status");
  expect(await terminal.poll()).toMatchObject({ code: "GET_DEVICE_STATUS", id: "c-2" });
});

test("a lost reply and a lost result are made up for at the next poll", async () => {
  await using server = await startServer({ settings: OPEN });
  const terminal = new ScriptedTerminal(server.terminalPort, DEVICE);
  await terminal.poll();
  await send(server, "delete-user", "--user", "00000027");
  // The reply goes into a connection that is gone.
  const socket = await TerminalSocket.connect(server.terminalPort);
  socket.send(
    `POST / HTTP/1.0\r\nrequest_code: receive_cmd\r\ndev_id: ${DEVICE}\r\ntrans_id: x\r\nContent-Length: 0\r\n\r\n`,
  );
  await eventually("hand-out", async () => (await show(server, 1)).status === "sent");
  socket.reset();
  const again = await terminal.poll();
  expect(again).toMatchObject({ code: "DELETE_USER", id: "c-1" });
  expect(again.body.toString("latin1")).toBe('\x17\0\0\0{"user_id":"00000027"}\0');
  expect(await terminal.result("c-1", { code: "Error" })).toBe(RESULT_REPLY("c-1"));
  expect(await show(server, 1)).toMatchObject({
    status: "unconfirmed",
    sent_count: 2,
    problem: expect.stringContaining('"Error"'),
  });
});

test("kill -9 between hand-out and result, and before it, loses no command", async () => {
  await using server = await startServer({ settings: OPEN });
  const terminal = new ScriptedTerminal(server.terminalPort, DEVICE);
  await terminal.poll();
  await send(server, "get-status");
  await send(server, "get-settings");
  await server.kill();
  await server.start();
  expect(await terminal.poll()).toMatchObject({ code: "GET_DEVICE_STATUS", id: "c-1" });
  await server.kill();
  await server.start();
  // The terminal was faster than the server.
  const json = '{"password_count":"4","total_log_count":"77"}';
  expect(await terminal.result("c-1", { json })).toBe(RESULT_REPLY("c-1"));
  await server.kill();
  await server.start();
  expect(await show(server, 1)).toMatchObject({
    status: "done",
    result: { password_count: "4", total_log_count: "77" },
  });
  expect(await terminal.poll()).toMatchObject({ code: "GET_DEVICE_SETTING", id: "c-2" });
});

test("--watch waits for the result, shows a terminal's users, and tells failure by its exit code", async () => {
  await using server = await startServer({ settings: OPEN });
  const terminal = new ScriptedTerminal(server.terminalPort, DEVICE);
  await terminal.poll();
  const watched = send(server, "list-users", "--watch");
  await eventually("order", async () => (await terminal.poll()).code === "GET_USER_ID_LIST");
  const json = '{"one_user_id_size":"8","user_id_array":"BIN_1","user_id_count":"1"}';
  // fkweb.md 14 E9.
  await terminal.result("c-1", { json, binaries: [Buffer.from("1b00000000011100", "hex")] });
  const { exitCode, out } = await watched;
  expect([exitCode, out]).toEqual([0, expect.stringMatching(/^27 +0 +true +1 +0 +0 +2 /m)]);

  const failing = send(server, "rename-user", "--user", "9", "--name", "Ana", "--watch");
  await eventually("order", async () => (await terminal.poll()).code === "SET_USER_NAME");
  await terminal.result("c-2", { code: "ERROR_NO_ID" });
  expect(await failing).toMatchObject({
    exitCode: 1,
    out: expect.stringContaining('is failed: The terminal said "ERROR_NO_ID"'),
  });
});

test("nothing of a user's credentials is in an answer, the log, or the database", async () => {
  await using server = await startServer({ settings: OPEN });
  const terminal = new ScriptedTerminal(server.terminalPort, DEVICE);
  await terminal.poll();
  await send(server, "get-user", "--user", "27");
  await terminal.poll();
  const secret = "CARD-0000004711-TEMPLATE";
  const json =
    '{"enable_flag":"ON","enroll_data_array":[{"backup_number":11,"enroll_data":"BIN_1"}],"user_id":"27","user_name":"Ana","user_privilege":"USER"}';
  await terminal.result("c-1", { json, binaries: [Buffer.from(secret)] });
  expect(await show(server, 1)).toMatchObject({
    status: "done",
    result: { user_id: "27", name: "Ana", credential_numbers: [11] },
  });
  expect(server.printed).not.toContain(secret);
  await server.stop();
  const database = await Bun.file(`${server.dataDir}/biometric.db`).bytes();
  expect(Buffer.from(database).includes(secret)).toBe(false);
});
