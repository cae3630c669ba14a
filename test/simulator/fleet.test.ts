/**
 * Aim: over real sockets, a fleet behaves as the terminals of the protocol document do (section 11),
 * and its report counts exactly what the server saw. Time is the test's own.
 */

import { afterEach, describe, expect, test } from "bun:test";
import { type FleetReport, runFleet } from "#simulator/fleet.ts";
import { type FleetOptions, PLAIN_BEHAVIOR } from "#simulator/fleet-options.ts";
import type { TerminalTiming } from "#simulator/terminal.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { type Answer, ScriptedServer, type SeenRequest } from "./scripted-server.ts";

const RETRY_DELAY_MS = 5;
/** Longer than any test lets pass: only the tests of timeouts set another. */
const NEVER_MS = 1e9;

let server: ScriptedServer | undefined;
afterEach(() => server?.stop());

function serve(answer: (request: SeenRequest) => Answer): ScriptedServer {
  server = new ScriptedServer((request) =>
    request.requestCode === "receive_cmd" ? "no-command" : answer(request),
  );
  return server;
}

function timingOf(polling: TerminalTiming["polling"], retryDelayMs: number): TerminalTiming {
  return {
    polling,
    recordPauseMs: 0,
    pollIntervalMs: NEVER_MS,
    silenceBackoffMs: retryDelayMs,
    refusalBackoffMs: retryDelayMs,
    restartMs: 0,
  };
}

function optionsFor(port: number, changes: Partial<FleetOptions> = {}): FleetOptions {
  return {
    host: "127.0.0.1",
    port,
    terminals: 1,
    punchesPerTerminal: 3,
    devicePrefix: "SIM",
    usersPerTerminal: 100,
    start: Temporal.PlainDateTime.from("2026-03-02T08:15:04"),
    ratePerSecond: undefined,
    durationMs: undefined,
    keepAlive: false,
    duplicatePercent: 0,
    timeoutMs: NEVER_MS,
    attemptsMax: 3,
    timing: timingOf("never", RETRY_DELAY_MS),
    seed: 1,
    behavior: PLAIN_BEHAVIOR,
    ...changes,
  };
}

/** Runs a fleet to its end, letting a millisecond pass whenever nothing else happens. */
async function run(options: FleetOptions, clock = new FakeClock()): Promise<FleetReport> {
  let report: FleetReport | undefined;
  const running = runFleet(options, { clock }).then((result) => {
    report = result;
    return result;
  });
  while (report === undefined) await clock.advance(1);
  return running;
}

/** The first `count` tries of a user's punch get `answer`, all else is acknowledged. */
function failFirst(count: number, userId: string, answer: Answer): (seen: SeenRequest) => Answer {
  let failed = 0;
  return (request) => {
    if (request.userId !== userId || failed >= count) return "ok";
    failed += 1;
    return answer;
  };
}

const users = (requests: readonly SeenRequest[]): string => requests.map((r) => r.userId).join(" ");

describe("runFleet() with a server that acknowledges", () => {
  test("runFleet() sends every punch once, in order per terminal, a connection each", async () => {
    const { port } = serve(() => "ok");
    const report = await run(optionsFor(port, { terminals: 3, punchesPerTerminal: 4 }));
    expect(report).toMatchObject({
      terminals: 3,
      punches: 12,
      sent: 12,
      acknowledged: 12,
      unacknowledged: 0,
      resent: 0,
      connectionErrors: 0,
      closedWithoutReply: 0,
      timeouts: 0,
      wrongReplies: 0,
    });
    const byDevice = (id: string) => server?.punches.filter((seen) => seen.deviceId === id) ?? [];
    expect(users(byDevice("SIM0001"))).toBe("1 2 3 4");
    expect(users(byDevice("SIM0002"))).toBe("101 102 103 104");
    expect(users(byDevice("SIM0003"))).toBe("201 202 203 204");
    expect(server?.connectionCount).toBe(12);
  });

  test("runFleet() polls once per terminal, before its first punch", async () => {
    const { port, requests } = serve(() => "ok");
    const report = await run(
      optionsFor(port, { timing: timingOf("first", RETRY_DELAY_MS), punchesPerTerminal: 2 }),
    );
    expect(requests.map((request) => request.requestCode)).toEqual([
      "receive_cmd",
      "realtime_glog",
      "realtime_glog",
    ]);
    expect(requests[0]?.wallTime).toBe("20260302081504");
    expect(report).toMatchObject({ pollsAnswered: 1, sent: 2, acknowledged: 2 });
  });

  test("runFleet() with no punches only polls", async () => {
    const { port, requests } = serve(() => "ok");
    const report = await run(
      optionsFor(port, { timing: timingOf("first", RETRY_DELAY_MS), punchesPerTerminal: 0 }),
    );
    expect(requests.length).toBe(1);
    expect(report).toMatchObject({ pollsAnswered: 1, punches: 0, unacknowledged: 0 });
  });

  test("runFleet() reuses a connection the server keeps open", async () => {
    const { port } = serve(() => "ok-keep-open");
    const report = await run(optionsFor(port, { keepAlive: true, punchesPerTerminal: 5 }));
    expect(report.acknowledged).toBe(5);
    expect(server?.connectionCount).toBe(1);
  });

  test("runFleet() makes another connection when the server keeps none open", async () => {
    const { port } = serve(() => "ok");
    const report = await run(optionsFor(port, { keepAlive: true, punchesPerTerminal: 5 }));
    expect(report).toMatchObject({ acknowledged: 5, resent: 0 });
    expect(server?.connectionCount).toBe(5);
  });

  test("runFleet() sends duplicates right after their punch and counts them apart", async () => {
    const { port } = serve(() => "ok");
    const changes = { duplicatePercent: 50, punchesPerTerminal: 4 };
    const report = await run(optionsFor(port, changes));
    expect(users(server?.punches ?? [])).toBe("1 2 2 3 4 4");
    expect(report).toMatchObject({
      punches: 4,
      sent: 4,
      acknowledged: 4,
      unacknowledged: 0,
      resent: 0,
      duplicatesSent: 2,
      duplicatesAcknowledged: 2,
    });
  });

  test("runFleet() tells of each acknowledged punch once, duplicates left out", async () => {
    const { port } = serve(() => "ok");
    const told: string[] = [];
    await runFleet(optionsFor(port, { duplicatePercent: 100, timing: timingOf("never", 0) }), {
      clock: new FakeClock(),
      onAcknowledged: ({ deviceId, userId, wallTime }) =>
        told.push(`${deviceId} ${userId} ${wallTime}`),
    });
    expect(told).toEqual([
      "SIM0001 1 20260302081504",
      "SIM0001 2 20260302081504",
      "SIM0001 3 20260302081504",
    ]);
  });
});

describe("runFleet() with a server that does not acknowledge", () => {
  const failures: readonly [answer: Answer, count: keyof FleetReport][] = [
    ["close", "closedWithoutReply"],
    ["reset", "closedWithoutReply"],
    ["refuse", "wrongReplies"],
    ["no-command", "wrongReplies"],
  ];
  test.each(failures)(
    "runFleet() sends a punch again after %p, the later ones after it",
    async (answer, count) => {
      const { port } = serve(failFirst(2, "2", answer));
      const report = await run(optionsFor(port));
      expect(users(server?.punches ?? [])).toBe("1 2 2 2 3");
      expect(report).toMatchObject({ sent: 3, acknowledged: 3, resent: 2, unacknowledged: 0 });
      expect(report[count]).toBe(2);
    },
  );

  test("runFleet() gives up after the last try; the punches behind stay unsent", async () => {
    const { port } = serve(failFirst(NEVER_MS, "2", "close"));
    const report = await run(optionsFor(port, { punchesPerTerminal: 5 }));
    expect(users(server?.punches ?? [])).toBe("1 2 2 2");
    expect(report).toMatchObject({
      punches: 5,
      sent: 2,
      acknowledged: 1,
      unacknowledged: 4,
      resent: 2,
      closedWithoutReply: 3,
    });
  });

  test("runFleet() lets one blocked terminal hold up no other", async () => {
    const { port } = serve((request) => (request.deviceId === "SIM0001" ? "close" : "ok"));
    const report = await run(optionsFor(port, { terminals: 2 }));
    expect(report).toMatchObject({ punches: 6, acknowledged: 3, unacknowledged: 3 });
  });

  test("runFleet() waits the retry delay before it sends again", async () => {
    const { port } = serve(failFirst(1, "1", "close"));
    const clock = new FakeClock();
    const running = runFleet(
      optionsFor(port, { timing: timingOf("never", 1000), punchesPerTerminal: 1 }),
      {
        clock,
      },
    );
    await server?.waitForRequests(1);
    // The back-off begins when the close arrives: its timer joins the one that checks timeouts.
    while (clock.plannedCount < 2) await clock.advance(0);
    await clock.advance(999);
    expect(server?.requests.length).toBe(1);
    await clock.advance(1);
    expect(await running).toMatchObject({ acknowledged: 1, resent: 1, durationMs: 1000 });
  });

  test("runFleet() sends again when a reply does not come in time", async () => {
    const { port } = serve(failFirst(1, "1", "silence"));
    const clock = new FakeClock();
    const options = optionsFor(port, {
      timeoutMs: 200,
      timing: timingOf("never", 0),
      punchesPerTerminal: 1,
    });
    const running = runFleet(options, { clock });
    await server?.waitForRequests(1);
    await clock.advance(200);
    expect(await running).toMatchObject({ acknowledged: 1, resent: 1, timeouts: 1 });
  });

  test("runFleet() counts a server that is not there as connection errors", async () => {
    const { port } = serve(() => "ok");
    server?.stop();
    const report = await run(
      optionsFor(port, { terminals: 2, timing: timingOf("first", RETRY_DELAY_MS) }),
    );
    expect(report).toMatchObject({
      punches: 6,
      sent: 2,
      acknowledged: 0,
      unacknowledged: 6,
      resent: 4,
      pollsAnswered: 0,
      connectionErrors: 8,
      latencyMs: { p50: 0, p90: 0, p99: 0, max: 0 },
    });
  });
});

describe("runFleet() with limits", () => {
  test("runFleet() spreads a rate over the fleet, the terminals in turn", async () => {
    const { port } = serve(() => "ok");
    const clock = new FakeClock();
    const options = optionsFor(port, { terminals: 2, punchesPerTerminal: 2, ratePerSecond: 10 });
    const running = runFleet(options, { clock });
    const seenAfter: string[] = [];
    for (const count of [1, 2, 3, 4]) {
      await clock.advance(count === 1 ? 5 : 100);
      await server?.waitForRequests(count);
      seenAfter.push((server?.punches ?? []).map((seen) => seen.deviceId).join(" "));
    }
    expect(seenAfter).toEqual([
      "SIM0001",
      "SIM0001 SIM0002",
      "SIM0001 SIM0002 SIM0001",
      "SIM0001 SIM0002 SIM0001 SIM0002",
    ]);
    expect((await running).acknowledged).toBe(4);
  });

  test("runFleet() begins no punch after its duration and plans no more than it sent", async () => {
    const { port } = serve(() => "ok");
    const clock = new FakeClock();
    const options = optionsFor(port, { punchesPerTerminal: 100, ratePerSecond: 1, durationMs: 50 });
    const running = runFleet(options, { clock });
    await clock.advance(5);
    await server?.waitForRequests(1);
    await clock.advance(45);
    expect(await running).toMatchObject({
      punches: 1,
      sent: 1,
      acknowledged: 1,
      unacknowledged: 0,
    });
  });

  test("runFleet() stops at once when told to, and reports how far it came", async () => {
    const { port } = serve(failFirst(1, "2", "silence"));
    const stop = new AbortController();
    const running = runFleet(optionsFor(port), { clock: new FakeClock(), stop: stop.signal });
    await server?.waitForRequests(2);
    stop.abort();
    expect(await running).toMatchObject({
      punches: 3,
      sent: 2,
      acknowledged: 1,
      unacknowledged: 2,
    });
  });
});
