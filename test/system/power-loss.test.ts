/**
 * Aim: what terminals send after their clocks fell back is stored, marked and kept apart, also where
 * two losses of power repeat one second; it moves nobody's in and out, and the clocks are set again.
 */

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import type { ListedPunch } from "../support/running-server.ts";
import { SteeredBuild, SteeredServer } from "../support/steered-server.ts";
import { WebhookReceiver } from "../support/webhook-receiver.ts";
import { ScriptedTerminal } from "./scripted-terminal.ts";
import { punchKey, readAcknowledged, simulate } from "./simulation.ts";
import { ACKNOWLEDGEMENT, punchRequest, sendWhole } from "./terminal-socket.ts";

setDefaultTimeout(60_000);

/** 9:00 in Manila. */
const START_MS = Date.UTC(2026, 2, 2, 1);
const DEVICE = "GATE1";
const OPEN = { DEVICE_ENROLLMENT: "open" };

let build: SteeredBuild;
beforeAll(async () => {
  build = await SteeredBuild.make();
});
afterAll(() => build[Symbol.dispose]());

interface TimedPunch extends ListedPunch {
  readonly doubtful_time: string | null;
  readonly suggested_time: string | null;
  readonly revision: number;
}

async function listTimed(server: SteeredServer): Promise<readonly TimedPunch[]> {
  const response = await server.get("/v1/punches?limit=1000");
  const page: { punches: TimedPunch[]; has_more: boolean } = JSON.parse(await response.text());
  expect(page.has_more).toBe(false);
  return page.punches;
}

test("one second of two losses of power is two punches, outside of in and out, until the time is set", async () => {
  await using receiver = new WebhookReceiver();
  const settings = { ...receiver.settings, ...OPEN };
  await using server = new SteeredServer(build, { atMs: START_MS, settings });
  await server.start();
  expect(await server.run("clock", "confirm")).toMatchObject({ exitCode: 0 });
  const terminal = new ScriptedTerminal(server.terminalPort, DEVICE);
  const punch = async (wallTime: string) => {
    const bytes = punchRequest({ device: DEVICE, user: "27", wallTime });
    expect(await sendWhole(server.terminalPort, bytes)).toBe(ACKNOWLEDGEMENT);
  };
  /** 7 seconds after the punch of the reset clock it tells its time, and is set. */
  const pollAfterReset = async (): Promise<readonly [fromMs: number, toMs: number]> => {
    const fromMs = server.nowMs;
    const { code, id, body } = await terminal.poll("20000101000010");
    const toMs = server.nowMs;
    expect(code).toBe("SET_TIME");
    expect(body.toString("latin1")).toContain('"time":"20260302');
    await terminal.result(id);
    return [fromMs - 8000, toMs - 6000];
  };

  expect((await terminal.poll("20260302090000")).code).toBe("");
  await punch("20260302090001");
  await punch("20260302090002");
  server.setTime(START_MS + 600_000);
  await punch("20000101000003");
  // The terminal did not hear the first acknowledgement.
  await punch("20000101000003");
  const first = await pollAfterReset();
  expect((await terminal.poll("20260302091001")).code).toBe("");
  await punch("20260302091002");
  server.setTime(START_MS + 1_200_000);
  await punch("20000101000003");
  const second = await pollAfterReset();
  expect((await terminal.poll("20260302092001")).code).toBe("");
  await punch("20260302092002");

  const punches = (await listTimed(server)).toSorted((one, other) => one.id - other.id);
  expect(
    punches.map(({ wall_time, direction, doubtful_time }) => [wall_time, direction, doubtful_time]),
  ).toEqual([
    ["20260302090001", "in", null],
    ["20260302090002", "out", null],
    ["20000101000003", null, "before-2020"],
    ["20260302091002", "in", null],
    ["20000101000003", null, "before-2020"],
    ["20260302092002", "out", null],
  ]);
  for (const [index, [fromMs, toMs]] of [
    [2, first],
    [4, second],
  ] as const) {
    expect(Date.parse(punches[index]?.suggested_time ?? "")).toBeWithin(fromMs, toMs);
  }
  await receiver.untilAccepted(punches.length);
  // A message that was under way as the time was moved is tried again, under the same id.
  const told = new Map(receiver.received.map(({ eventId, log }) => [eventId, log.timestamp]));
  expect([...told.values()]).toEqual(punches.map(({ wall_time }) => wall_time));
});

test("a fleet whose clocks fall back loses nothing, and is set to the right time by itself", async () => {
  await using server = new SteeredServer(build, { atMs: START_MS, settings: OPEN });
  await server.start();
  expect(await server.run("clock", "confirm")).toMatchObject({ exitCode: 0 });
  const acks = join(server.folder, "acknowledged");
  const pace = ["--users", "4", "--rate", "8", "--duration", "25", "--acks", acks];
  const running = simulate(server, "--scenario", "power-loss", ...pace);
  let report: Awaited<typeof running> | undefined;
  void running.then((ended) => {
    report = ended;
  });
  await eventually("the fleet is done", () => {
    server.advance(200);
    return report !== undefined;
  });
  expect(report).toMatchObject({ unacknowledged: 0, restarts: 4, commandsExecuted: 4 });
  const punches = (await listTimed(server)).toSorted((one, other) => one.id - other.id);
  // On a busy machine one person may punch twice in a second, which is one punch.
  const wanted = new Set(readAcknowledged(acks));
  expect(punches.map(punchKey).sort()).toEqual([...wanted].sort());
  const doubtful = punches.filter((punch) => punch.doubtful_time !== null);
  const times = doubtful.map((punch) => Date.parse(punch.suggested_time ?? ""));
  for (const time of times) expect(time).toBeWithin(START_MS, server.nowMs);
  expect(new Set(doubtful.map(({ direction }) => direction))).toEqual(new Set([null]));
  for (const [device, own] of Map.groupBy(punches, (punch) => punch.device_id)) {
    const years = own.map(({ wall_time }) => wall_time.slice(0, 4));
    const reset = ["SIM0001", "SIM0003"].includes(device) ? "2000" : "2015";
    expect(years.filter((year, index) => year !== years[index - 1])).toEqual([
      "2026",
      reset,
      "2026",
    ]);
  }
  const believed = punches.filter((punch) => punch.doubtful_time === null);
  for (const own of Map.groupBy(believed, (punch) => punch.user_id).values()) {
    const turns = own.map((_, index) => (index % 2 === 0 ? "in" : "out"));
    expect(own.map(({ direction }) => direction)).toEqual(turns);
  }
  const told = server.logLines("condition.raised").map((line) => /type=(\S+)/.exec(line)?.[1]);
  expect(told.filter((type) => type === "clock-reset")).toHaveLength(4);
});
