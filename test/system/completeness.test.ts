/**
 * Aim: the site is complete as far as every terminal in use shows: a terminal that stops holds it
 * back until it is heard again or retired, a punch that comes late is listed, and what was told never
 * goes back, also over `kill -9`.
 */

import { expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { type RunningServer, startServer } from "../support/running-server.ts";
import { RunningSimulation } from "./simulation.ts";

setDefaultTimeout(180_000);

const GATE = "GATE0001";
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

async function punchesOfGate(server: RunningServer): Promise<number> {
  return (await server.listPunches()).filter(({ device_id: id }) => id === GATE).length;
}

test("three terminals: one stops, comes back, and is retired; and punches that came late", async () => {
  await using server = await startServer({
    settings: { DEVICE_ENROLLMENT: "open", LOG_RECOVERY_TIME: "never" },
  });
  const site = new SiteReader(server);
  await using _two = new RunningSimulation(
    server,
    ...["--scenario", "steady", "--terminals", "2", "--rate", "2", ...POLLING],
  );
  const gate = new RunningSimulation(
    server,
    ...["--scenario", "lossy-feed", "--punches", String(LOSSY_PUNCHES)],
    ...["--device-prefix", "GATE", ...POLLING],
  );
  let sent = 0;
  await eventually("punches sent", async () => {
    const before = sent;
    sent = await punchesOfGate(server);
    return sent > LOSSY_PUNCHES / 2 && sent === before;
  });
  const first = await site.untilBeyond(0);
  expect((await site.read()).devices).toHaveLength(3);
  const beforeReading = await site.untilBeyond(first);
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
  await site.untilBeyond(beforeReading);

  // One stops, and the site with it.
  await gate[Symbol.asyncDispose]();
  const stopped = await site.untilOthersAhead(4);
  expect(stopped.held_back_by?.device_id).toBe(GATE);
  expect((await site.untilOthersAhead(6)).throughMs).toBe(stopped.throughMs);

  // It comes back.
  const again = new RunningSimulation(
    server,
    ...["--scenario", "steady", "--terminals", "1", "--rate", "1"],
    ...["--device-prefix", "GATE", ...POLLING],
  );
  await site.untilBeyond(stopped.throughMs);

  // It stops for good, and is retired.
  await again[Symbol.asyncDispose]();
  const last = await site.untilOthersAhead(4);
  expect(last.held_back_by?.device_id).toBe(GATE);
  expect((await server.run("devices", "retire", GATE)).exitCode).toBe(0);
  const moved = await site.untilBeyond(last.throughMs);

  await server.kill();
  await server.start();
  const after = await site.read();
  expect(after.throughMs).toBeGreaterThanOrEqual(moved);
  expect(after.revision).toBe(lost);
  expect(after.devices.map(({ device_id: id }) => id)).toEqual(["SIM0001", "SIM0002"]);
  // They poll at once, and what they could not send meanwhile follows 3 minutes later.
  await eventually("polls that prove nothing", async () => {
    return (await site.read()).held_back_by?.reason === "server-started";
  });
  expect((await site.read()).throughMs).toBe(after.throughMs);
});
