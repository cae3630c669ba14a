/**
 * What a million messages that wait cost the terminals: beside a server that has as many punches and
 * nothing waiting, in turns, while the receiver is away and while it takes them.
 */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { FleetReport } from "#simulator/fleet.ts";
import { FILLED, fillDatabase } from "./fill-database.ts";
import type { Load, loadRunner } from "./load.ts";
import { type MeasuredServer, readUse, startOurs } from "./processes.ts";
import { Receiver } from "./receiver.ts";
import { limitOf, median, type Row } from "./rows.ts";

/** What to measure, and with what. */
export interface BacklogOptions {
  readonly ourExecutable: string;
  readonly folder: string;
  readonly quick: boolean;
  readonly progress: (text: string) => void;
  readonly runLoad: ReturnType<typeof loadRunner>;
}

/** A rush of a large site; a fleet at full speed would measure the processors that all share. */
const LOAD: Load = { terminals: 16, keepAlive: false, durationMs: 6_000, ratePerSecond: 50 };
const TURNS = 5;
const DAY_MS = 86_400_000;
/** All filled terminals are called so. */
const FILLED_DEVICES = "DOOR";
const POLL_MS = 5;
/** So many messages show that the receiver is not paused any more. */
const FLOWING_COUNT = 100;
const LEAD_MS = 500;
/** A paused endpoint is asked again after five minutes at the latest. */
const WAIT_MS_MAX = 320_000;

/** A server and its receiver. */
class Side {
  readonly server: MeasuredServer;
  readonly receiver: Receiver;
  readonly #runLoad: BacklogOptions["runLoad"];
  /** Punches of all loads. */
  #acknowledged = 0;

  constructor(server: MeasuredServer, receiver: Receiver, runLoad: BacklogOptions["runLoad"]) {
    this.server = server;
    this.receiver = receiver;
    this.#runLoad = runLoad;
  }

  async run(load: Load): Promise<FleetReport> {
    const report = await this.#runLoad(this.server, load);
    this.#acknowledged += report.acknowledged;
    return report;
  }

  /** Resolves when the receiver has the punches of all loads. */
  toldAll(): Promise<void> {
    return waitFor(() => this.receiver.liveCount >= this.#acknowledged, "punches of the loads");
  }

  /** Resolves when the receiver, well again, is sent the backlog. */
  flows(): Promise<void> {
    const { eventIds } = this.receiver;
    const wanted = eventIds.size + FLOWING_COUNT;
    return waitFor(() => eventIds.size >= wanted, "messages of the backlog");
  }

  async stop(): Promise<void> {
    await this.server.stop();
    await this.receiver.stop();
  }
}

async function waitFor(isThere: () => boolean, what: string): Promise<void> {
  const deadlineMs = performance.now() + WAIT_MS_MAX;
  while (!isThere()) {
    if (performance.now() > deadlineMs) throw new Error(`The receiver waits for ${what}`);
    await Bun.sleep(POLL_MS);
  }
}

/** Takes two minutes, half a minute when quick. */
export async function measureBacklog(options: BacklogOptions): Promise<Row[]> {
  const messages = options.quick ? 100_000 : 1_000_000;
  const size = `${messages / 1000} k messages waiting`;
  options.progress(`filling two databases, one for ${size}`);
  const noneReceiver = fillSide(options, "no-backlog", messages);
  const fullReceiver = fillSide(options, "backlog", messages);
  const none = await startSide(options, "no-backlog", noneReceiver);
  try {
    const full = await startSide(options, "backlog", fullReceiver);
    try {
      return await measureSides(options, [none, full], size);
    } finally {
      await full.stop();
    }
  } finally {
    await none.stop();
  }
}

type SideName = "no-backlog" | "backlog";

function fillSide({ folder }: BacklogOptions, name: SideName, punches: number): Receiver {
  const receiver = new Receiver(FILLED_DEVICES);
  const { url } = receiver;
  mkdirSync(join(folder, name), { recursive: true });
  // The last of them lies before the first of every load, so that no punch is a late one.
  const endMs = Math.floor(Date.now() / 1000) * 1000 - 2 * DAY_MS;
  fillDatabase(join(folder, name, "biometric.db"), {
    punches,
    startMs: endMs - (FILLED.endMs - FILLED.startMs),
    receiver: name === "backlog" ? { url, format: "logs", types: undefined } : undefined,
  });
  return receiver;
}

async function startSide(
  { ourExecutable, folder, runLoad }: BacklogOptions,
  name: SideName,
  receiver: Receiver,
): Promise<Side> {
  const settings = { BIOMETRIC_WEBHOOK_URL: receiver.url };
  const server = await startOurs(ourExecutable, join(folder, name), settings);
  return new Side(server, receiver, runLoad);
}

async function measureSides(
  { progress, quick }: BacklogOptions,
  sides: readonly [none: Side, full: Side],
  size: string,
): Promise<Row[]> {
  const load = quick ? { ...LOAD, durationMs: 2_000 } : LOAD;
  for (const side of sides) await side.run({ ...load, durationMs: 2_000 });
  progress(`${size}, the receiver is away`);
  const away = await takeTurns(sides, (side) => side.run(load));
  progress(`${size}, the receiver takes them`);
  const behindMs: number[] = [];
  const taking = await takeTurns(sides, async (side) => {
    side.receiver.isWell = true;
    if (side === sides[1]) await side.flows();
    await side.toldAll();
    // Punches slow the backlog down, and the first ones of a rush meet it at full speed.
    await side.run({ ...load, durationMs: LEAD_MS });
    const report = await side.run(load);
    const endedMs = performance.now();
    await side.toldAll();
    if (side === sides[1]) behindMs.push(performance.now() - endedMs);
    // The other side is to have the machine for itself.
    side.receiver.isWell = false;
    return report;
  });
  const { rssPeakBytes } = await readUse(sides[1].server.pid);
  return [
    ...compare(`${size}, receiver away`, away),
    ...compare(`${size}, receiver takes them`, taking),
    row(`live message behind its punch, ${size}`, "ms", median(behindMs)),
    row(`memory, peak, ${size} (RSS)`, "MiB", rssPeakBytes / 2 ** 20),
  ];
}

async function takeTurns(
  sides: readonly [none: Side, full: Side],
  measure: (side: Side) => Promise<FleetReport>,
): Promise<readonly [none: FleetReport[], full: FleetReport[]]> {
  const reports: readonly [FleetReport[], FleetReport[]] = [[], []];
  for (let turn = 0; turn < TURNS; turn += 1) {
    reports[0].push(await measure(sides[0]));
    reports[1].push(await measure(sides[1]));
  }
  return reports;
}

function compare(
  what: string,
  [none, full]: readonly [none: FleetReport[], full: FleetReport[]],
): Row[] {
  return (["p50", "p99"] as const).flatMap((percent) => {
    const without = median(none.map(({ latencyMs }) => latencyMs[percent]));
    const beside = median(full.map(({ latencyMs }) => latencyMs[percent]));
    return [
      row(`ack ${percent}, ${what}`, "ms", beside),
      row(`ack ${percent}, the same with none waiting`, "ms", without),
      row(`ack ${percent}, ${what}, to none`, "x", beside / without),
    ];
  });
}

function row(what: string, unit: Row["unit"], ours: number): Row {
  return { what, unit, ours, bare: undefined, limit: limitOf(what) };
}
