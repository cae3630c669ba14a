/**
 * Aim: on the executable, `status` names each terminal that is set wrongly with its fix, ends with 3
 * while something is wrong, and with 0 again once it is over; each is told once.
 */

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import type { RunningServer } from "../support/running-server.ts";
import { SteeredBuild, SteeredServer } from "../support/steered-server.ts";
import { ACKNOWLEDGEMENT, punchRequest, sendWhole, TerminalSocket } from "./terminal-socket.ts";

setDefaultTimeout(120_000);

const TLS_HELLO = Buffer.from("16030100050100000103030d0a0d0a", "hex");
const GARBAGE = Buffer.from("80ff00fe2231\u001b", "latin1");
const MINUTE_MS = 60_000;

let build: SteeredBuild;
beforeAll(async () => {
  build = await SteeredBuild.make();
});
afterAll(() => build[Symbol.dispose]());

interface Status {
  readonly well: boolean;
  readonly conditions: readonly {
    readonly type: string;
    readonly subject: string;
    readonly fix: string;
  }[];
}

async function readStatus(server: RunningServer): Promise<{ exitCode: number; status: Status }> {
  const { exitCode, out } = await server.run("status", "--json");
  return { exitCode, status: JSON.parse(out) };
}

async function untilTypes(server: RunningServer, types: readonly string[]): Promise<Status> {
  let last: Status | undefined;
  await eventually(`status names ${types.join(", ") || "nothing"}`, async () => {
    const { exitCode, status } = await readStatus(server);
    last = status;
    expect(exitCode).toBe(status.well ? 0 : 3);
    return status.conditions.map(({ type }) => type).join() === types.join();
  });
  if (last === undefined) throw new Error("No status was read");
  return last;
}

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
  const { conditions } = await untilTypes(server, types);
  expect(conditions.map(({ subject }) => subject)).toEqual([
    "127.0.0.1",
    "127.0.0.1",
    "127.0.0.1",
    "GATE1",
  ]);
  expect(conditions.map(({ fix }) => fix)).toEqual([
    expect.stringContaining('from "Local" to "Network"'),
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
  await untilTypes(server, types);
  expect((await server.run("devices", "address", "GATE1", "any")).exitCode).toBe(0);
  server.advance(11 * MINUTE_MS);
  expect(await untilTypes(server, [])).toMatchObject({ well: true });
  const told = server.logLines("condition.raised").map((line) => /type=(\S+)/.exec(line)?.[1]);
  expect(told.sort()).toEqual(["https-on", "local-mode", "unknown-protocol"]);
  expect(server.logLines("condition.cleared")).toHaveLength(4);
  await server.stop();
  expect((await server.run("status")).exitCode).toBe(1);
});
