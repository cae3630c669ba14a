/**
 * What reading costs on a full database: pages of the log lists and of the feed, the whole of both,
 * and the same read by a slow client while terminals send.
 */

import { statSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { FILLED, fillDatabase } from "./fill-database.ts";
import type { Load, loadRunner } from "./load.ts";
import { type MeasuredServer, readUse, startOurs } from "./processes.ts";
import { limitOf, type Row } from "./rows.ts";

/** What to measure, and with what. */
export interface ReadingOptions {
  readonly ourExecutable: string;
  readonly folder: string;
  readonly quick: boolean;
  readonly progress: (text: string) => void;
  readonly runLoad: ReturnType<typeof loadRunner>;
}

const LOGS = "/api/biometric/logs?limit=100";
const DAY = "start_date=2026-06-15&end_date=2026-06-15";
const WEEK = "start_date=2026-06-08&end_date=2026-06-14";
const MONTH = "start_date=2026-06-01&end_date=2026-06-30";
const { frequentDevice, rareDevice, frequentUser, usualUser, rareUser } = FILLED;

/** Addresses by what they ask for; with the number of rows they name a measure. */
const PAGES: Readonly<Record<string, string>> = {
  "logs, no date": LOGS,
  "logs, a day": `${LOGS}&${DAY}`,
  "logs, 7 days": `${LOGS}&${WEEK}`,
  "logs, a month": `${LOGS}&${MONTH}`,
  "logs, a month, behind 80 % of it": `${LOGS}&${MONTH}&offset=65000`,
  "logs, a month, frequent terminal": `${LOGS}&${MONTH}&device_id=${frequentDevice}`,
  "logs, a month, rare terminal": `${LOGS}&${MONTH}&device_id=${rareDevice}`,
  "logs, a month, frequent user": `${LOGS}&${MONTH}&user_id=${frequentUser}`,
  "logs, a month, usual user": `${LOGS}&${MONTH}&user_id=${usualUser}`,
  "logs, no date, rare terminal": `${LOGS}&device_id=${rareDevice}`,
  "logs, no date, frequent terminal": `${LOGS}&device_id=${frequentDevice}`,
  "logs, no date, rare user": `${LOGS}&user_id=${rareUser}`,
  "logs, no date, frequent user": `${LOGS}&user_id=${frequentUser}`,
  "summary of a month": `/api/hris/logs/summary?${MONTH}`,
  "feed, 1000 punches": "/v1/punches?limit=1000",
  "feed, 1000 punches as NDJSON": "/v1/punches?limit=1000&format=ndjson",
  "feed, 1000 punches as CSV": "/v1/punches?limit=1000&format=csv",
  "feed, frequent terminal": `/v1/punches?limit=1000&device=${frequentDevice}`,
  "feed, rare terminal": `/v1/punches?limit=1000&device=${rareDevice}`,
  "feed, frequent user": `/v1/punches?limit=1000&user=${frequentUser}`,
  "feed, from the last day": "/v1/punches?limit=1000&from=2026-12-31T00:00:00%2B08:00",
};

const LOGS_PATH = "/api/biometric/logs";
/** The whole feed. */
const EXPORTS = { NDJSON: "/v1/punches?format=ndjson", CSV: "/v1/punches?format=csv" } as const;

const WARM_UPS = 5;
const SAMPLE_MS = 20;
const SLOW_PAUSE_MS = 250;

/** Fills a database and measures; takes about a minute, a few seconds when quick. */
export async function measureReading(options: ReadingOptions): Promise<Row[]> {
  const punches = options.quick ? 100_000 : 1_000_000;
  options.progress(`filling a database with ${punches} punches`);
  const folder = join(options.folder, "reading");
  await mkdir(folder, { recursive: true });
  fillDatabase(join(folder, "biometric.db"), { punches });
  const size = `${punches / 1000} k rows`;
  const server = await startOurs(options.ourExecutable, folder);
  try {
    const headers = { authorization: `Bearer ${await fetchToken(server, folder)}` };
    const rows: Row[] = [];
    for (const [what, path] of Object.entries(PAGES)) {
      options.progress(`${what}, ${size}`);
      rows.push(...(await measurePage(`${what}, ${size}`, `${server.webUrl}${path}`, headers)));
    }
    options.progress(`all logs, ${size}`);
    rows.push(await measureStream(`all logs, ${size}`, `${server.webUrl}${LOGS_PATH}`, headers));
    for (const [format, path] of Object.entries(EXPORTS)) {
      options.progress(`export, ${format}, ${size}`);
      const address = `${server.webUrl}${path}`;
      rows.push(await measureExport(`export, ${format}, ${size}`, address, headers));
    }
    options.progress(`readers of all logs under load, ${size}`);
    return [...rows, ...(await measureBeside(options, { server, headers, folder, size }))];
  } finally {
    await server.stop();
  }
}

async function fetchToken(server: MeasuredServer, folder: string): Promise<string> {
  const secret = await Bun.file(join(folder, "secrets/hris-api-secret-key")).text();
  const response = await fetch(`${server.webUrl}/api/auth/token`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ client_id: "bench", client_secret: secret.trim() }),
  });
  const { token }: { token: string } = JSON.parse(await response.text());
  return token;
}

async function measurePage(
  what: string,
  address: string,
  headers: Record<string, string>,
): Promise<Row[]> {
  const timesMs: number[] = [];
  for (let turn = -WARM_UPS; turn < 100; turn += 1) {
    const startedMs = performance.now();
    const response = await fetch(address, { headers });
    await response.arrayBuffer();
    if (response.status !== 200) throw new Error(`${address} answers ${response.status}`);
    if (turn >= 0) timesMs.push(performance.now() - startedMs);
  }
  timesMs.sort((left, right) => left - right);
  return [row(`${what}, p50`, "ms", timesMs[50]), row(`${what}, p99`, "ms", timesMs[99])];
}

async function measureStream(
  what: string,
  address: string,
  headers: Record<string, string>,
): Promise<Row> {
  const startedMs = performance.now();
  const response = await fetch(address, { headers });
  let tail = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) tail = decoder.decode(chunk).slice(-100);
  const returned = Number(/"returned":(\d+)\}\s*$/.exec(tail)?.[1]);
  return row(what, "/s", (returned / (performance.now() - startedMs)) * 1000);
}

/** Rows by their line ends; the best of three, for the first run compiles what the others run. */
async function measureExport(
  what: string,
  address: string,
  headers: Record<string, string>,
): Promise<Row> {
  let best = 0;
  for (let turn = 0; turn < 3; turn += 1) {
    const startedMs = performance.now();
    const response = await fetch(address, { headers });
    let lines = 0;
    for await (const chunk of response.body ?? []) {
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines += 1;
    }
    best = Math.max(best, (lines / (performance.now() - startedMs)) * 1000);
  }
  return row(what, "/s", best);
}

/** A server on a full database. */
interface FullServer {
  readonly server: MeasuredServer;
  readonly headers: Record<string, string>;
  readonly folder: string;
  readonly size: string;
}

/** Clients of all logs while a hundred terminals send: none, one at full speed, a slow one. */
async function measureBeside(options: ReadingOptions, full: FullServer): Promise<Row[]> {
  const { server, headers, size } = full;
  const load = { terminals: 100, keepAlive: false, durationMs: options.quick ? 1_000 : 5_000 };
  const alone = await options.runLoad(server, load);
  const address = `${server.webUrl}${LOGS_PATH}`;
  const fast = new AbortController();
  const reading = fetch(address, { headers, signal: fast.signal })
    .then((response) => response.body?.pipeTo(new WritableStream()))
    .catch(() => {});
  const besideFast = await options.runLoad(server, load);
  fast.abort();
  await reading;

  const slow = await measureSlow(options, full, { path: LOGS_PATH, load });
  const slowExport = await measureSlow(options, full, { path: EXPORTS.NDJSON, load });
  return [
    row(`ack p99, 100 terminals, no reader, ${size}`, "ms", alone.latencyMs.p99),
    row(`ack p99, 100 terminals, a fast reader of ${size}`, "ms", besideFast.latencyMs.p99),
    row(`ack p99, 100 terminals, a slow reader of ${size}`, "ms", slow.ackP99Ms),
    row(`write-ahead log, a slow reader of ${size}`, "MiB", slow.walBytes / 2 ** 20),
    row(`memory, a slow reader of ${size} (RSS)`, "MiB", slow.rssBytes / 2 ** 20),
    row(`write-ahead log, a slow export of ${size}`, "MiB", slowExport.walBytes / 2 ** 20),
    row(`memory, a slow export of ${size} (RSS)`, "MiB", slowExport.rssBytes / 2 ** 20),
  ];
}

/** What a client of a long answer costs that hardly reads it. */
async function measureSlow(
  options: ReadingOptions,
  { server, headers, folder }: FullServer,
  { path, load }: { readonly path: string; readonly load: Load },
) {
  const slow = await SlowClient.connect(`${server.webUrl}${path}`, headers);
  let [walBytes, rssBytes] = [0, 0];
  const sampling = setInterval(async () => {
    walBytes = Math.max(walBytes, statSync(join(folder, "biometric.db-wal")).size);
    rssBytes = Math.max(rssBytes, (await readUse(server.pid)).rssBytes);
  }, SAMPLE_MS);
  const beside = await options.runLoad(server, load);
  clearInterval(sampling);
  slow.close();
  return { ackP99Ms: beside.latencyMs.p99, walBytes, rssBytes };
}

/** Takes what lies ready in its socket a few times a second, and nothing between. */
class SlowClient {
  readonly #socket: Bun.Socket;
  readonly #ticking: Timer;

  private constructor(socket: Bun.Socket) {
    this.#socket = socket;
    this.#ticking = setInterval(() => socket.resume(), SLOW_PAUSE_MS);
  }

  static async connect(address: string, headers: Record<string, string>): Promise<SlowClient> {
    const { hostname, port, pathname, search } = new URL(address);
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const request = `GET ${pathname}${search} HTTP/1.1\r\nHost: ${hostname}\r\n${lines.join("")}\r\n`;
    const socket = await Bun.connect({
      hostname,
      port: Number(port),
      socket: { data: (peer) => void peer.pause() },
    });
    socket.write(request);
    return new SlowClient(socket);
  }

  close(): void {
    clearInterval(this.#ticking);
    this.#socket.terminate();
  }
}

function row(what: string, unit: Row["unit"], value: number | undefined): Row {
  return { what, unit, ours: value ?? Number.NaN, bare: undefined, limit: limitOf(what) };
}
