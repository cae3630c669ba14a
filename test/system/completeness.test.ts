/**
 * Aim: the site is complete as far as every terminal in use shows: a terminal that stops holds it
 * back until it is heard again or retired, a punch that comes late is listed, and what was told never
 * goes back, also over `kill -9`.
 */

import { expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { type RunningServer, startServer } from "../support/running-server.ts";
import { untilDrained } from "./log-reading.ts";
import { RunningSimulation } from "./simulation.ts";

setDefaultTimeout(180_000);

const GATE = "GATE0001";
/** Of terminals that the kill caught at rest, and with an upload or its answer under way. */
const DOUBTS = new Set(["server-started", "unacknowledged", "sent-again"]);
const POLLING = ["--poll-interval", "1", "--duration", "600"];
/** Some of these are in the terminal's own log alone. */
const LOSSY_PUNCHES = 40;

interface ShownCompleteness {
  readonly complete_through: string | null;
  readonly held_back_by: { readonly device_id: string; readonly reason: string } | null;
  readonly devices: readonly {
    readonly device_id: string;
    readonly complete_through: string | null;
  }[];
  readonly revision: number;
  readonly late: readonly {
    readonly device_id: string;
    readonly time: string;
    readonly complete_through: string;
    readonly origin: string;
  }[];
}

/** Reads the site's completeness, and sees to it that it never goes back. */
class SiteReader {
  readonly #server: RunningServer;
  #highestMs = 0;

  constructor(server: RunningServer) {
    this.#server = server;
  }

  async read(): Promise<ShownCompleteness & { readonly throughMs: number }> {
    const response = await this.#server.get("/v1/completeness?limit=1000");
    const answer: ShownCompleteness = JSON.parse(await response.text());
    const throughMs = Date.parse(answer.complete_through ?? "1970-01-01T00:00:00Z");
    expect(throughMs).toBeGreaterThanOrEqual(this.#highestMs);
    this.#highestMs = throughMs;
    return { ...answer, throughMs };
  }

  async untilBeyond(earlierMs: number): Promise<number> {
    await eventually("site moved on", async () => (await this.read()).throughMs > earlierMs);
    return this.#highestMs;
  }

  /** Waits until the terminals that go on are `bySeconds` further than the site. */
  async untilOthersAhead(bySeconds: number): Promise<ShownCompleteness & { throughMs: number }> {
    const areAhead = async () => {
      const { devices, throughMs } = await this.read();
      const others = devices.filter(({ device_id: id }) => id !== GATE);
      const leastMs = Math.min(...others.map((one) => Date.parse(one.complete_through ?? "")));
      return leastMs >= throughMs + bySeconds * 1000;
    };
    await eventually("others ahead", areAhead);
    return this.read();
  }
}

/** A terminal that has its punches at once, and only polls behind them. */
function runGate(server: RunningServer, punches: number): RunningSimulation {
  const lossy = ["--scenario", "lossy-feed", "--punches", String(punches)];
  return new RunningSimulation(server, ...lossy, "--device-prefix", "GATE", ...POLLING);
}

function throughOfGate({ devices }: ShownCompleteness): number {
  const gate = devices.find(({ device_id: id }) => id === GATE);
  return Date.parse(gate?.complete_through ?? "");
}

async function punchesOfGate(server: RunningServer): Promise<number> {
  return (await server.listPunches()).filter(({ device_id: id }) => id === GATE).length;
}

test("three terminals: one stops, comes back, and is retired; and punches that came late", async () => {
  await using server = await startServer({
    settings: { DEVICE_ENROLLMENT: "open", LOG_RECOVERY_TIME: "never" },
  });
  expect((await server.run("clock", "confirm")).exitCode).toBe(0);
  const site = new SiteReader(server);
  await using _two = new RunningSimulation(
    server,
    ...["--scenario", "steady", "--terminals", "2", "--rate", "2", ...POLLING],
  );
  const gate = runGate(server, LOSSY_PUNCHES);
  await untilDrained(server, GATE);
  const first = await site.untilBeyond(0);
  expect((await site.read()).devices).toHaveLength(3);
  expect((await site.read()).late).toEqual([]);

  // What the terminal kept to itself comes late, and takes nothing back.
  const lost = LOSSY_PUNCHES - (await punchesOfGate(server));
  expect(lost).toBeGreaterThan(0);
  await server.run("commands", "send", GATE, "read-log");
  await eventually("late ones", async () => (await site.read()).late.length === lost);
  const { late, revision } = await site.read();
  expect(revision).toBe(lost);
  for (const punch of late) {
    expect(punch).toMatchObject({ device_id: GATE, origin: "recovered" });
    expect(Date.parse(punch.time)).toBeLessThan(Date.parse(punch.complete_through));
  }
  await site.untilBeyond(first);

  // One stops, and the site with it, while the others move on.
  await gate[Symbol.asyncDispose]();
  const stopped = await site.untilOthersAhead(6);
  expect(stopped.held_back_by?.device_id).toBe(GATE);
  expect(stopped.throughMs).toBe(throughOfGate(stopped));

  // It comes back, with a punch of the day before.
  const again = runGate(server, 1);
  await site.untilBeyond(stopped.throughMs);
  const known = await site.read();
  expect(known.revision).toBe(lost + 1);
  expect(known.late.at(-1)).toMatchObject({ device_id: GATE, origin: "live" });

  // It stops for good, and is retired.
  await again[Symbol.asyncDispose]();
  const last = await site.untilOthersAhead(1);
  expect(last.held_back_by?.device_id).toBe(GATE);
  expect((await server.run("devices", "retire", GATE)).exitCode).toBe(0);
  const moved = await site.untilBeyond(last.throughMs);

  await server.kill();
  await server.start();
  const after = await site.read();
  expect(after.throughMs).toBeGreaterThanOrEqual(moved);
  expect(after).toMatchObject({ revision: known.revision, late: known.late });
  expect(after.devices.map(({ device_id: id }) => id)).toEqual(["SIM0001", "SIM0002"]);
  // They poll at once, and what they could not send meanwhile follows 3 minutes later.
  await eventually("polls that prove nothing", async () => {
    return DOUBTS.has((await site.read()).held_back_by?.reason ?? "");
  });
  expect((await site.read()).throughMs).toBe(after.throughMs);
});
