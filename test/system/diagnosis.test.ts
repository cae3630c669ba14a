/**
 * Aim: on the executable, `status` names each terminal that is set wrongly, or misbehaves, with its
 * fix, ends with 3 while something is wrong, and with 0 again once it is over; log and events tell
 * the beginning of each once, with its fix, and its end once.
 */

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { framed, post } from "../devices/fkweb/requests.ts";
import { recordJson, v1 } from "../devices/rtlog/frames.ts";
import type { RunningServer } from "../support/running-server.ts";
import { SteeredBuild, SteeredServer } from "../support/steered-server.ts";
import { readStatus, untilConditions } from "./shown-status.ts";
import { ACKNOWLEDGEMENT, punchRequest, sendWhole, TerminalSocket } from "./terminal-socket.ts";

setDefaultTimeout(120_000);

const TLS_HELLO = Buffer.from("16030100050100000103030d0a0d0a", "hex");
const GARBAGE = Buffer.from("80ff00fe2231\u001b", "latin1");
/** The first record of an old RealSvr: its head alone. */
const OLD_REALSVR = Buffer.from("33991001000000003400000001000000", "hex");
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

let build: SteeredBuild;
beforeAll(async () => {
  build = await SteeredBuild.make();
});
afterAll(() => build[Symbol.dispose]());

/** The clock of a terminal of Manila, 14 digits. */
function clockText(instantMs: number): string {
  return new Date(instantMs + 8 * HOUR_MS).toISOString().replaceAll(/\D/g, "").slice(0, 14);
}

/** A poll that tells the clock. */
function pollRequest(device: string, clock: string): Buffer {
  const body = framed(`{"fk_info":{"firmware":"F1"},"fk_name":"","fk_time":"${clock}"}`);
  return post(body, { dev_id: device, request_code: "receive_cmd" });
}

/** What the events tell of each condition, in their order: `raised`, with its fix, and `cleared`. */
async function readHistory(server: RunningServer): Promise<ReadonlyMap<string, readonly string[]>> {
  const told = new Map<string, string[]>();
  const response = await server.get("/v1/events?limit=1000");
  const page: { events: ToldEvent[]; has_more: boolean } = JSON.parse(await response.text());
  expect(page.has_more).toBe(false);
  for (const { type, data } of page.events) {
    const { condition = CONDITION_OF[type], status = STATUS_OF[type], fix } = data;
    if (condition === undefined) continue;
    const shown = fix == null ? `${status}` : `${status}: ${fix}`;
    told.set(condition, [...(told.get(condition) ?? []), shown]);
  }
  return told;
}

interface ToldEvent {
  readonly type: string;
  readonly data: {
    readonly condition?: string;
    readonly status?: string;
    readonly fix?: string | null;
  };
}

/** Conditions that have an event type of their own. */
const CONDITION_OF: Readonly<Record<string, string>> = {
  "device.offline": "no-contact",
  "device.online": "no-contact",
  "device.clock_skew": "clock-off",
};
const STATUS_OF: Readonly<Record<string, string>> = {
  "device.offline": "raised",
  "device.online": "cleared",
};

test("terminals that are set wrongly are named with their fix, until they are not", async () => {
  const atMs = Date.UTC(2026, 2, 2, 1, 0, 0);
  await using server = new SteeredServer(build, { atMs });
  await server.start();
  const port = server.terminalPort;
  expect((await readStatus(server)).exitCode).toBe(0);
  const punch = { device: "GATE1", user: "27", wallTime: "20260302090000" };
  expect(await sendWhole(port, punchRequest(punch))).toBe(ACKNOWLEDGEMENT);
  expect((await server.run("devices", "address", "GATE1", "192.0.2.1")).exitCode).toBe(0);

  for (let count = 0; count < 3; count += 1) {
    expect(await sendWhole(port, TLS_HELLO)).toBe("");
    expect(await sendWhole(port, GARBAGE)).toBe("");
  }
  const silent = await Promise.all([1, 2, 3, 4, 5, 6].map(() => TerminalSocket.connect(port)));
  // Once this one is answered, those before it have been accepted.
  expect(await sendWhole(port, punchRequest(punch))).toBe("");
  server.advance(61_000);
  for (const { answer } of silent) expect(await answer).toBe("");
  server.advance(6_000);

  const types = ["local-mode", "https-on", "unknown-protocol", "wrong-address"];
  const { conditions } = await untilConditions(server, types);
  expect(conditions.map(({ subject }) => subject)).toEqual([
    "127.0.0.1",
    "127.0.0.1",
    "127.0.0.1",
    "GATE1",
  ]);
  expect(conditions.map(({ fix }) => fix)).toEqual([
    expect.stringContaining('from "Local" to "Internet"'),
    expect.stringContaining("Switch HTTPS (SSL) off"),
    expect.stringContaining("HTTP push"),
    expect.stringContaining("devices address GATE1 any"),
  ]);
  const shown = await server.run("status");
  expect(shown.exitCode).toBe(3);
  expect(shown.out).toContain("127.0.0.1: https-on, since ");
  expect(shown.out).not.toContain("\u001b");

  await server.kill();
  await server.start();
  await untilConditions(server, types);
  expect((await server.run("devices", "address", "GATE1", "any")).exitCode).toBe(0);
  server.advance(11 * MINUTE_MS);
  expect(await untilConditions(server, [])).toMatchObject({ well: true });
  const told = server.logLines("condition.raised").map((line) => /type=(\S+)/.exec(line)?.[1]);
  expect(told.sort()).toEqual(["https-on", "local-mode", "unknown-protocol"]);
  expect(server.logLines("condition.cleared")).toHaveLength(4);
  await server.stop();
  expect((await server.run("status")).exitCode).toBe(1);
});

test("terminals that misbehave are named with their fix, in status, log and events, once", async () => {
  const atMs = Date.UTC(2026, 2, 2, 1, 0, 0);
  const settings = { DEVICE_ENROLLMENT: "open" };
  await using server = new SteeredServer(build, { atMs, settings });
  await server.start();
  const port = server.terminalPort;
  const send = (bytes: Uint8Array) => sendWhole(port, bytes);
  const poll = (device: string, clock = clockText(server.nowMs)) =>
    send(pollRequest(device, clock));

  expect(await send(OLD_REALSVR)).toBe("");
  const nameless = framed('{"user_id":"1"}');
  for (let count = 0; count < 3; count += 1) {
    expect(await send(post(nameless, { dev_id: undefined }))).toBe(ACKNOWLEDGEMENT);
  }
  for (let count = 0; count < 20; count += 1) {
    const punch = { device: "STORM", user: "", wallTime: clockText(atMs - count * 1000) };
    expect(await send(punchRequest(punch))).toBe(ACKNOWLEDGEMENT);
  }
  const serials = ["S1", "S2", "S1", "S2", "S1"];
  for (const [index, serial] of serials.entries()) {
    const fields = { fk_device_id: '"TWINS"', SerialNo: `"${serial}"`, user_id: `"${index}"` };
    // The numbers of the two do not go together either: 10, 20, 11, 21, 12.
    const number = serial === "S1" ? 10 + index / 2 : 20 + (index - 1) / 2;
    const record = v1(recordJson({ ...fields, log_id: String(number) }));
    const socket = await TerminalSocket.connect(port);
    socket.send(record);
    socket.end();
    expect(await socket.answer).toContain('"result":"OK"');
  }
  await poll("RESET");
  server.advance(6_000);
  await poll("RESET", "20000101000000");
  const again = { device: "AGAIN", user: "27", wallTime: clockText(atMs) };
  for (let count = 0; count < 12; count += 1) {
    expect(await send(punchRequest(again))).toBe(ACKNOWLEDGEMENT);
    await poll("REGULAR");
    server.advance(4_000);
  }
  const raised = [
    "old-realsvr",
    "no-device-id",
    "shared-id",
    "resend-storm",
    "clock-off",
    "clock-reset",
    "missing-records",
    "quarantine",
    "quarantine-storm",
  ];
  const { conditions } = await untilConditions(server, raised);
  const fixes = new Map(conditions.map(({ type, fix }) => [type, fix]));
  expect(fixes.get("old-realsvr")).toContain("FKWeb");
  expect(fixes.get("shared-id")).toContain("another device id");
  expect(fixes.get("resend-storm")).toContain("Restart the terminal");
  expect(fixes.get("clock-reset")).toContain("battery");
  expect(fixes.get("quarantine-storm")).toContain("devices block STORM");

  server.advance(11 * MINUTE_MS);
  const silent = [
    "shared-id",
    "no-contact",
    "clock-off",
    "clock-reset",
    "missing-records",
    "quarantine",
  ];
  const later = await untilConditions(server, silent);
  const missed = later.conditions.find(({ type }) => type === "no-contact");
  expect(missed?.subject).toBe("REGULAR");
  expect(missed?.fix).toContain("power and network");

  await poll("REGULAR");
  server.advance(6_000);
  await untilConditions(
    server,
    silent.filter((type) => type !== "no-contact"),
  );
  expect((await server.run("devices", "retire", "REGULAR")).exitCode).toBe(0);
  await poll("RESET");
  server.advance(HOUR_MS);
  await poll("RESET");
  server.advance(6_000);
  await untilConditions(server, ["missing-records"]);
  expect((await server.run("devices", "retire", "RESET")).exitCode).toBe(0);
  server.advance(24 * HOUR_MS);
  await untilConditions(server, []);

  const types = [...raised, "no-contact"].sort();
  const history = await readHistory(server);
  // Of what goes into quarantine there is an event of its own, `quarantine.added`.
  expect([...history.keys()].sort()).toEqual(types.filter((type) => type !== "quarantine"));
  for (const { type, fix } of [...conditions, ...later.conditions]) {
    if (type === "quarantine") continue;
    expect([type, history.get(type)]).toEqual([type, [`raised: ${fix}`, "cleared"]]);
  }
  // What is told the moment it is noticed has a line of its own, which names the fix, too.
  const toldAtOnce = ["clock-off", "shared-id"];
  expect(server.logLines("device.twins")).toEqual([expect.stringContaining("another id")]);
  expect(server.logLines("device.clock-off")).toEqual([expect.stringContaining("hint=")]);
  expect(server.logLines("device.clock-right")).toHaveLength(1);
  const told = (event: string) =>
    server.logLines(event).map((line) => /type=(\S+)/.exec(line)?.[1] ?? line);
  expect(told("condition.raised").sort()).toEqual(
    types.filter((type) => !toldAtOnce.includes(type)),
  );
  for (const line of server.logLines("condition.raised")) expect(line).toContain(" hint=");
  expect(told("condition.cleared").sort()).toEqual(types.filter((type) => type !== "clock-off"));
});
