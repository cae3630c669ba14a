/**
 * Aim: each scenario does over real sockets what its line says, in a small size. Time is the test's
 * own, the server is scripted.
 */

import { afterEach, describe, expect, test } from "bun:test";
import { type FleetReport, runFleet } from "#simulator/fleet.ts";
import type { FleetOptions } from "#simulator/fleet-options.ts";
import { encodeFramedBody } from "#simulator/framed-body.ts";
import { SCENARIOS, type Scenario, type ScenarioName } from "#simulator/scenarios.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { type Answer, ScriptedServer, type SeenRequest } from "./scripted-server.ts";

const NEVER_MS = 1e9;

let server: ScriptedServer | undefined;
afterEach(() => server?.stop());

/** Acknowledges everything and has no command. */
const friendly = (request: SeenRequest): Answer =>
  request.requestCode === "receive_cmd" ? "no-command" : "ok";

function serve(answer: (request: SeenRequest) => Answer = friendly): ScriptedServer {
  server = new ScriptedServer(answer);
  return server;
}

function optionsFor(name: ScenarioName, changes: Partial<FleetOptions> = {}): FleetOptions {
  const { summary: _, ...scenario }: Scenario = SCENARIOS[name];
  return {
    ...scenario,
    host: "127.0.0.1",
    port: server?.port ?? 0,
    devicePrefix: "SIM",
    start: Temporal.PlainDateTime.from("2026-03-02T08:15:00"),
    keepAlive: false,
    duplicatePercent: 0,
    timeoutMs: NEVER_MS,
    attemptsMax: Number.POSITIVE_INFINITY,
    seed: 1,
    ...changes,
  };
}

/** Runs to the end, letting time pass only when every request under way was answered. */
async function run(options: FleetOptions, stepMs = 10): Promise<FleetReport> {
  const clock = new FakeClock();
  let report: FleetReport | undefined;
  const running = runFleet(options, { clock }).then((result) => {
    report = result;
    return result;
  });
  while (report === undefined) await clock.advance(stepMs);
  return running;
}

const usersOf = (requests: readonly SeenRequest[]): readonly string[] =>
  requests.map(({ userId }) => userId);

describe("runFleet() with scenarios of waiting punches", () => {
  test("reconnect: every punch once, oldest first, at times of the day before", async () => {
    serve();
    const changes = { terminals: 3, punchesPerTerminal: 20, usersPerTerminal: 20 };
    const report = await run(optionsFor("reconnect", changes));
    expect(report).toMatchObject({ punches: 60, acknowledged: 60, resent: 0, unacknowledged: 0 });
    const seen = server?.punches ?? [];
    const times = seen.filter(({ deviceId }) => deviceId === "SIM0002").map((p) => p.wallTime);
    expect(times).toEqual([...times].sort());
    expect(times[0]?.slice(0, 8)).toBe("20260301");
    expect(new Set(seen.map(({ text }) => text.slice(text.indexOf("{")))).size).toBe(60);
  });

  test("the same seed makes the same punches, another one others", async () => {
    const runWith = async (seed: number): Promise<readonly string[]> => {
      const own = serve();
      await run(optionsFor("reconnect", { terminals: 1, punchesPerTerminal: 10, seed }));
      own.stop();
      return own.punches.map(({ userId, wallTime }) => `${userId} ${wallTime}`);
    };
    const first = await runWith(7);
    expect(await runWith(7)).toEqual(first);
    expect(await runWith(8)).not.toEqual(first);
  });

  test("lossy-feed: 7 of 200 are not sent, with padded ids, and the terminal stays on", async () => {
    serve();
    const report = await run(optionsFor("lossy-feed"), 500);
    expect(report).toMatchObject({ punches: 193, sent: 193, acknowledged: 193, lost: 7 });
    expect(server?.punches.length).toBe(193);
    expect(server?.punches[0]?.userId).toMatch(/^0{6}\d\d$/);
    expect(report.durationMs).toBeGreaterThanOrEqual(120_000);
  });

  test("lossy-feed: GET_LOG_DATA gives all 200 and the user's plain number", async () => {
    let isAsked = false;
    serve((request) => {
      if (request.requestCode !== "receive_cmd" || isAsked) return friendly(request);
      isAsked = true;
      return { command: "GET_LOG_DATA", parameters: new Uint8Array(0) };
    });
    const report = await run(optionsFor("lossy-feed"), 500);
    expect(report).toMatchObject({ commandsExecuted: 1, resultsAcknowledged: 1, lost: 7 });
    const result = server?.requests.find((seen) => seen.requestCode === "send_cmd_result");
    const body = result?.text.slice(result.text.indexOf("{")) ?? "";
    expect(body).toStartWith('{"log_array":"BIN_1","log_count":"200","one_log_size":"12"}\0');
    const records = Buffer.from(body.slice(body.indexOf("\0") + 5), "latin1");
    expect(records.length).toBe(200 * 12);
    expect(records.readUInt32LE(0)).toBe(1);
  });

  test("first-contact: months of punches, oldest first, and then the users", async () => {
    serve();
    const changes = { punchesPerTerminal: 30, usersPerTerminal: 3 };
    const report = await run(optionsFor("first-contact", changes));
    expect(report).toMatchObject({ acknowledged: 30, usersPushed: 3 });
    const times = server?.punches.map(({ wallTime }) => wallTime) ?? [];
    expect(times[0]?.slice(0, 6)).toBe("202509");
    expect(times.at(-1)?.slice(0, 6)).toBe("202603");
    expect(server?.requests[0]?.text).toStartWith("POST // HTTP/1.0\r\nAccept:image/gif");
  });

  test("mixed-dialects: every make is understood, whole and in pieces", async () => {
    serve();
    const report = await run(optionsFor("mixed-dialects", { punchesPerTerminal: 2 }));
    expect(report).toMatchObject({ terminals: 26, punches: 52, acknowledged: 52, resent: 0 });
    const starts = server?.punches.map(({ text }) => text.slice(0, text.search(/[\r\d"]/)));
    expect([...new Set(starts)].sort()).toEqual([
      "POST / HTTP/",
      "POST // HTTP/",
      "POST /AIData.aspx HTTP/",
      "POST /hdata.aspx HTTP/",
      "POST http://",
      "RTLOG",
      "{",
    ]);
    expect(server?.chunkCount).toBeGreaterThan((server?.requests.length ?? 0) + 26);
  });

  test("blocks: cut uploads arrive in the end, whole", async () => {
    serve();
    const changes = { terminals: 1, punchesPerTerminal: 4, usersPerTerminal: 4 };
    const report = await run(optionsFor("blocks", changes), 100);
    expect(report).toMatchObject({ punches: 4, acknowledged: 4, abandoned: 2, resent: 2 });
    const numbers = server?.requests
      .filter(({ requestCode }) => requestCode === "realtime_glog")
      .map(({ text }) => /blk_no: (\d)/.exec(text)?.[1])
      .join("");
    // Whole; cut in block 2 and resumed there; whole; cut in the last and sent anew.
    expect(numbers).toBe("1230123012301231230");
  });

  test("lost-replies: what was stored is sent again", async () => {
    serve();
    const changes = { terminals: 1, punchesPerTerminal: 8, usersPerTerminal: 8 };
    const report = await run(optionsFor("lost-replies", changes), 100);
    expect(report).toMatchObject({ acknowledged: 8, abandoned: 2, resent: 2 });
    expect(usersOf(server?.punches ?? [])).toEqual([
      "1",
      "2",
      "3",
      "4",
      "4",
      "5",
      "6",
      "7",
      "8",
      "8",
    ]);
  });
});

describe("runFleet() with scenarios of live punches", () => {
  const SHORT = { durationMs: 3000, ratePerSecond: 4 };

  test("steady: punches have the time at which they are made", async () => {
    serve();
    const report = await run(optionsFor("steady", { ...SHORT, terminals: 2 }));
    expect(report.punches).toBeGreaterThanOrEqual(12);
    expect(report).toMatchObject({ unacknowledged: 0, lost: 0, disturbances: 0 });
    const times = server?.punches.map(({ wallTime }) => wallTime) ?? [];
    expect(times[0]).toBe("20260302081500");
    expect(times.at(-1)?.slice(0, 13)).toBe("2026030208150");
    expect(Number(times.at(-1)?.slice(12))).toBeGreaterThanOrEqual(2);
  });

  test("power-loss: the clocks fall back, and SET_TIME brings them to today", async () => {
    let isTold = false;
    serve((request) => {
      const isWrong = request.requestCode === "receive_cmd" && request.wallTime < "2016";
      if (!isWrong || isTold) return friendly(request);
      isTold = true;
      const time = { time: "20260302090000" };
      return { command: "SET_TIME", parameters: encodeFramedBody(time, "\0") };
    });
    const { behavior } = SCENARIOS["power-loss"];
    const report = await run(
      optionsFor("power-loss", {
        terminals: 2,
        ratePerSecond: 4,
        durationMs: 15_000,
        behavior: { ...behavior, powerLoss: { ...behavior.powerLoss, afterPunches: 2 } },
      }),
      50,
    );
    expect(report).toMatchObject({ unacknowledged: 0, restarts: 2, commandsExecuted: 1 });
    const years = (deviceId: string): readonly string[] => {
      const own = server?.punches.filter((seen) => seen.deviceId === deviceId) ?? [];
      return [...new Set(own.map(({ wallTime }) => wallTime.slice(0, 4)))];
    };
    const found = [years("SIM0001"), years("SIM0002")];
    expect(found.map((list) => list.slice(0, 2))).toEqual([
      ["2026", "2000"],
      ["2026", "2015"],
    ]);
    expect(server?.punches.some(({ wallTime }) => wallTime.startsWith("2026030209"))).toBe(true);
  });

  test("storm: one terminal repeats its punch, the others are not counted with it", async () => {
    serve();
    const report = await run(optionsFor("storm", { ...SHORT, terminals: 2 }));
    const repeats = server?.punches.filter(({ deviceId }) => deviceId === "SIM0003") ?? [];
    expect(repeats.length).toBeGreaterThanOrEqual(9);
    expect(new Set(usersOf(repeats)).size).toBe(1);
    expect(report).toMatchObject({ unacknowledged: 0, resent: 0, disturbances: repeats.length });
  });

  test("same-id: two terminals use one id, with people of their own", async () => {
    serve();
    await run(optionsFor("same-id", SHORT));
    expect(new Set(server?.punches.map(({ deviceId }) => deviceId)).size).toBe(1);
    expect(new Set(usersOf(server?.punches ?? []).map((user) => Number(user) > 200)).size).toBe(2);
  });

  const disturbances: readonly [ScenarioName, number][] = [
    ["silent", 1],
    ["https", 1],
    ["unknown-protocol", 1],
    ["trickle", 1],
  ];
  test.each(disturbances)("%s: disturbs beside good terminals", async (name, count) => {
    serve();
    const report = await run(optionsFor(name, { ...SHORT, terminals: 2 }));
    expect(report).toMatchObject({ disturbances: count, unacknowledged: 0 });
    expect(report.acknowledged).toBeGreaterThanOrEqual(12);
  });

  test("a server that is gone at the end does not keep the run from ending", async () => {
    serve(() => "close");
    const report = await run(optionsFor("steady", { ...SHORT, terminals: 1, timeoutMs: 1000 }));
    expect(report.acknowledged).toBe(0);
    expect(report.unacknowledged).toBeGreaterThan(0);
  });
});

describe("runFleet() with a duration", () => {
  test("terminals that never give up end it all the same", async () => {
    serve(() => "close");
    const changes = { terminals: 2, durationMs: 1000, timeoutMs: 1000 };
    const report = await run(optionsFor("mixed-dialects", changes), 50);
    expect(report).toMatchObject({ acknowledged: 0, durationMs: 2000 });
  });
});

describe("runFleet() with commands", () => {
  test("commands: every make takes SET_TIME and answers under its own transaction name", async () => {
    const told = new Set<string>();
    serve((request) => {
      if (request.requestCode !== "receive_cmd" || told.has(request.deviceId)) {
        return friendly(request);
      }
      told.add(request.deviceId);
      const isAidata = request.text.includes("\r\ndev_model:");
      const time = { time: "20260302120000" };
      const parameters = isAidata
        ? Buffer.from(JSON.stringify(time))
        : encodeFramedBody(time, "\0");
      return { command: "SET_TIME", parameters };
    });
    const changes = { punchesPerTerminal: 1, durationMs: 2000 };
    const report = await run(optionsFor("commands", changes));
    expect(report).toMatchObject({
      commandsExecuted: 9,
      commandsRefused: 0,
      resultsAcknowledged: 9,
    });
    const results = server?.requests.filter(({ returnCode }) => returnCode !== "") ?? [];
    expect(results.map(({ deviceId, returnCode }) => `${deviceId} ${returnCode}`).sort()).toEqual([
      "SIM0001 OK",
      "SIM0002 OK",
      "SIM0003 OK",
      "SIM0004 OK",
      "SIM0005 OK",
      "SIM0006 OK",
      "SIM0007 OK",
      "SIM0008 OK",
      "SIM0009 Success",
    ]);
    expect(results.find(({ deviceId }) => deviceId === "SIM0007")?.text).toContain(
      "\r\ncmd_id: c-1",
    );
  });
});
