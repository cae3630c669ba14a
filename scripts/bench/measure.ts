/**
 * The measurements themselves: what is run, how often, and how several runs become one number. Ours
 * and bare take turns, so that drift of the machine meets both.
 */

import { join } from "node:path";
import type { FleetReport } from "#simulator/fleet.ts";
import { measureBacklog } from "./backlog.ts";
import { measureDelivery } from "./delivery.ts";
import { measureImport } from "./import.ts";
import { type Load, loadRunner } from "./load.ts";
import { type MeasuredServer, readUse, startBare, startOurs } from "./processes.ts";
import { measureReading } from "./reading.ts";
import { limitOf, median, type Row } from "./rows.ts";

/** What to measure, and where its files go. */
export interface BenchOptions {
  readonly ourExecutable: string;
  readonly bareExecutable: string;
  /** On a real disk: in memory a flush costs nothing. */
  readonly folder: string;
  readonly quick: boolean;
  /** What is to be measured; all of it when undefined. */
  readonly only: BenchPart | undefined;
  /** Told what is being measured. */
  readonly progress: (text: string) => void;
}

/** The parts, in the order in which they are measured. */
export const BENCH_PARTS = [
  "start",
  "import",
  "reading",
  "delivery",
  "backlog",
  "terminals",
] as const;
export type BenchPart = (typeof BENCH_PARTS)[number];

type RunLoad = (server: MeasuredServer, load: Load) => Promise<FleetReport>;

/** Ours and bare, in this order. */
type Pair<Value> = readonly [ours: Value, bare: Value];

const IDLE_SETTLE_MS = 3_000;
const LONE_PUNCHES_PER_SECOND = 20;

/** Runs everything, or the one part. All takes 3 minutes when quick, else 8; what was started is ended. */
export async function measureAll(options: BenchOptions): Promise<Row[]> {
  const runLoad = loadRunner(options.ourExecutable);
  const rows: Row[] = [];
  for (const part of BENCH_PARTS) {
    if (options.only !== undefined && options.only !== part) continue;
    rows.push(...(await MEASURES[part]({ ...options, runLoad })));
  }
  return rows;
}

type PartOptions = BenchOptions & { readonly runLoad: RunLoad };

const MEASURES: Readonly<Record<BenchPart, (options: PartOptions) => Promise<Row[]>>> = {
  start: measureStart,
  import: measureImport,
  reading: measureReading,
  delivery: measureDelivery,
  backlog: measureBacklog,
  terminals: measureTerminals,
};

async function measureTerminals(options: PartOptions): Promise<Row[]> {
  const ours = await startOurs(options.ourExecutable, join(options.folder, "ours"));
  try {
    const bare = await startBare(options.bareExecutable, join(options.folder, "bare"));
    try {
      return await measurePair([ours, bare], options, options.runLoad);
    } finally {
      await bare.stop();
    }
  } finally {
    await ours.stop();
  }
}

async function measurePair(
  servers: Pair<MeasuredServer>,
  options: BenchOptions,
  runLoad: RunLoad,
): Promise<Row[]> {
  options.progress("idle memory");
  await Bun.sleep(IDLE_SETTLE_MS);
  const idle = await both(servers, ({ pid }) => readUse(pid));
  options.progress("warming up");
  const warmUp = { terminals: 16, keepAlive: false, durationMs: 1000 };
  await both(servers, (server) => runLoad(server, warmUp));
  const lone = await measureWritten(servers, runLoad, {
    terminals: 1,
    keepAlive: false,
    durationMs: options.quick ? 1000 : 3000,
    ratePerSecond: LONE_PUNCHES_PER_SECOND,
  });
  const burst = await measureWritten(servers, runLoad, {
    terminals: 100,
    keepAlive: false,
    durationMs: 1000,
  });
  const rows: Row[] = [];
  for (const keepAlive of [false, true]) {
    for (const terminals of options.quick ? [16, 100] : [1, 16, 100, 1000]) {
      rows.push(...(await measureFleet(servers, { options, runLoad, terminals, keepAlive })));
    }
  }
  const loaded = await both(servers, ({ pid }) => readUse(pid));
  return [
    ...rows,
    row("bytes written per lone punch", "B", lone),
    row("bytes written per punch in a burst", "B", burst),
    row("memory, idle (RSS)", "MiB", mebibytes(idle.map((use) => use.rssBytes))),
    row("memory, peak under load (RSS)", "MiB", mebibytes(loaded.map((use) => use.rssPeakBytes))),
    row("memory, after load (RSS)", "MiB", mebibytes(loaded.map((use) => use.rssBytes))),
  ];
}

interface FleetMeasurement {
  readonly options: BenchOptions;
  readonly runLoad: RunLoad;
  readonly terminals: number;
  readonly keepAlive: boolean;
}

async function measureFleet(
  servers: Pair<MeasuredServer>,
  measurement: FleetMeasurement,
): Promise<Row[]> {
  const { options, runLoad, terminals, keepAlive } = measurement;
  const how = keepAlive ? "kept connection" : "connection per punch";
  const subject = `${terminals} ${terminals === 1 ? "terminal" : "terminals"}, ${how}`;
  options.progress(subject);
  const load = { terminals, keepAlive, durationMs: options.quick ? 1000 : 2000 };
  const reports: { ours: FleetReport[]; bare: FleetReport[] } = { ours: [], bare: [] };
  for (let turn = 0; turn < (options.quick ? 1 : 3); turn += 1) {
    for (const server of servers) reports[server.name].push(await runLoad(server, load));
  }
  const medians = (value: (report: FleetReport) => number): number[] => [
    median(reports.ours.map(value)),
    median(reports.bare.map(value)),
  ];
  return [
    row(
      `punches/s, ${subject}`,
      "/s",
      medians((report) => report.punchesPerSecond),
    ),
    row(
      `ack p50, ${subject}`,
      "ms",
      medians((report) => report.latencyMs.p50),
    ),
    row(
      `ack p99, ${subject}`,
      "ms",
      medians((report) => report.latencyMs.p99),
    ),
  ];
}

/** Bytes the kernel sent to storage for the server, per acknowledged punch. */
async function measureWritten(
  servers: Pair<MeasuredServer>,
  runLoad: RunLoad,
  load: Load,
): Promise<number[]> {
  return both(servers, async (server) => {
    const before = (await readUse(server.pid)).writtenBytes ?? Number.NaN;
    const { acknowledged } = await runLoad(server, load);
    const after = (await readUse(server.pid)).writtenBytes ?? Number.NaN;
    return (after - before) / acknowledged;
  });
}

/** Start to first HTTP answer on a data folder that exists; the file cache is warm. */
async function measureStart(options: BenchOptions): Promise<Row[]> {
  options.progress("start");
  const folder = join(options.folder, "start");
  const startsMs: number[] = [];
  for (let turn = 0; turn < 6; turn += 1) {
    const server = await startOurs(options.ourExecutable, folder);
    await server.stop();
    // The first start makes the database and the secrets.
    if (turn > 0) startsMs.push(server.startMs);
  }
  return [row("start to first HTTP answer", "ms", [median(startsMs)])];
}

/** One after the other: together they would share the processors. */
async function both<Value>(
  servers: Pair<MeasuredServer>,
  measure: (server: MeasuredServer) => Promise<Value>,
): Promise<Value[]> {
  const values: Value[] = [];
  for (const server of servers) values.push(await measure(server));
  return values;
}

function row(what: string, unit: Row["unit"], [ours, bare]: readonly number[]): Row {
  return { what, unit, ours: ours ?? Number.NaN, bare, limit: limitOf(what) };
}

function mebibytes(bytes: readonly number[]): number[] {
  return bytes.map((count) => count / 2 ** 20);
}
