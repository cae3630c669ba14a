/**
 * Starts and ends the programs that are measured, and reads from the kernel what they use. Ends only
 * what it started.
 */

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import UNIT from "../../systemd/biometric-server.service" with { type: "text" };

/** A server under measurement. */
export interface MeasuredServer {
  readonly name: "ours" | "bare";
  readonly terminalPort: number;
  /** Of the REST API; empty where there is none. */
  readonly webUrl: string;
  readonly pid: number;
  /** `DATA_DIR`. */
  readonly dataFolder: string;
  /** From the call to spawn to the first sign of life: an HTTP answer, or the word `ready`. */
  readonly startMs: number;
  /** Asks it to end, and ends it after 5 seconds. */
  stop(): Promise<void>;
}

/** What a process uses, by the kernel's count. */
export interface ProcessUse {
  readonly rssBytes: number;
  readonly rssPeakBytes: number;
  /** Sent to storage since its start; undefined where the kernel does not tell. */
  readonly writtenBytes: number | undefined;
}

/** A server that outlives the whole benchmark is ended by the kernel's own timer in `Bun.spawn`. */
const LIFE_MS_MAX = 300_000;
const START_MS_MAX = 10_000;
const STOP_MS_MAX = 5000;
const POLL_MS = 2;

/** What the unit sets for the runtime: the design's limits hold under it. */
const UNIT_ENVIRONMENT: Readonly<Record<string, string>> = Object.fromEntries(
  [...UNIT.matchAll(/^Environment=(.*)$/gm)]
    .flatMap(([, pairs = ""]) => pairs.split(" "))
    .map((pair) => pair.split("=")),
);

/** The product's settings for a run: everything else stays as shipped. */
function ourSettings(dataFolder: string, ports: readonly number[]): Record<string, string> {
  return {
    ...UNIT_ENVIRONMENT,
    PATH: process.env.PATH ?? "",
    DATA_DIR: dataFolder,
    SERVER_HOST: "127.0.0.1",
    SERVER_PORT: String(ports[0]),
    WEB_BIND: "127.0.0.1",
    WEB_PORT: String(ports[1]),
    SITE_TIME_ZONE: "Asia/Manila",
    DEVICE_ENROLLMENT: "open",
    // The whole fleet comes from one address here.
    DEVICE_CONNECTIONS_MAX: "4096",
    DEVICE_CONNECTIONS_PER_ADDRESS_MAX: "4096",
    HRIS_RATE_LIMIT_REQUESTS: "1000000",
    LOG_LEVEL: "warn",
  };
}

/**
 * Starts `executable serve` on `dataFolder`, with these settings beside those of every run, and waits
 * for its first HTTP answer. @throws Error.
 */
export async function startOurs(
  executable: string,
  dataFolder: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<MeasuredServer> {
  await mkdir(dataFolder, { recursive: true });
  const ports = freePorts(2);
  const startedMs = performance.now();
  const child = Bun.spawn([executable, "serve"], {
    cwd: dataFolder,
    env: { ...ourSettings(dataFolder, ports), ...settings },
    stdin: "ignore",
    stdout: Bun.file(join(dataFolder, "bench.log")),
    stderr: "inherit",
    timeout: LIFE_MS_MAX,
    killSignal: "SIGKILL",
  });
  const webUrl = `http://127.0.0.1:${ports[1]}`;
  await firstAnswer(`${webUrl}/healthz`, child, startedMs);
  const startMs = performance.now() - startedMs;
  await ready(`${webUrl}/readyz`, child, startedMs);
  return measured("ours", child, { terminalPort: ports[0] ?? 0, webUrl, dataFolder, startMs });
}

/** Starts the compiled `bare-server.ts` on a new database in `dataFolder`. @throws Error. */
export async function startBare(executable: string, dataFolder: string): Promise<MeasuredServer> {
  await mkdir(dataFolder, { recursive: true });
  const [terminalPort = 0] = freePorts(1);
  const startedMs = performance.now();
  const child = Bun.spawn([executable, String(terminalPort), join(dataFolder, "bare.db")], {
    env: { ...process.env, ...UNIT_ENVIRONMENT },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
    timeout: LIFE_MS_MAX,
    killSignal: "SIGKILL",
  });
  const { value } = await child.stdout.getReader().read();
  if (value === undefined) throw new Error("The bare server ended before it listened");
  const startMs = performance.now() - startedMs;
  return measured("bare", child, { terminalPort, webUrl: "", dataFolder, startMs });
}

/** Reads `/proc`. @throws Error when the process is gone. */
export async function readUse(pid: number): Promise<ProcessUse> {
  const status = await Bun.file(`/proc/${pid}/status`).text();
  const io = await Bun.file(`/proc/${pid}/io`)
    .text()
    .catch(() => "");
  const kibibytes = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) * 1024;
  const written = /^write_bytes: (\d+)/m.exec(io)?.[1];
  return {
    rssBytes: kibibytes("VmRSS"),
    rssPeakBytes: kibibytes("VmHWM"),
    writtenBytes: written === undefined ? undefined : Number(written),
  };
}

function measured(
  name: MeasuredServer["name"],
  child: Bun.Subprocess,
  known: Pick<MeasuredServer, "terminalPort" | "webUrl" | "dataFolder" | "startMs">,
): MeasuredServer {
  return {
    name,
    ...known,
    pid: child.pid,
    async stop() {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS_MAX);
      await child.exited;
      clearTimeout(timer);
    },
  };
}

/** Ports that were free a moment ago; all held at once, so that they differ. */
function freePorts(count: number): number[] {
  const holders = Array.from({ length: count }, () =>
    Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } }),
  );
  const ports = holders.map((holder) => holder.port);
  for (const holder of holders) holder.stop(true);
  return ports;
}

async function firstAnswer(url: string, child: Bun.Subprocess, startedMs: number): Promise<void> {
  await pollUntil(url, { child, startedMs, wanted: () => true });
}

async function ready(url: string, child: Bun.Subprocess, startedMs: number): Promise<void> {
  await pollUntil(url, { child, startedMs, wanted: (status) => status === 200 });
}

interface Polling {
  readonly child: Bun.Subprocess;
  readonly startedMs: number;
  readonly wanted: (status: number) => boolean;
}

async function pollUntil(url: string, polling: Polling): Promise<void> {
  while (performance.now() - polling.startedMs < START_MS_MAX) {
    if (polling.child.exitCode !== null) {
      throw new Error(
        `The server ended with exit code ${polling.child.exitCode} before it answered`,
      );
    }
    // Refused until it listens.
    const status = await fetch(url).then(
      (response) => response.status,
      () => undefined,
    );
    if (status !== undefined && polling.wanted(status)) return;
    await Bun.sleep(POLL_MS);
  }
  polling.child.kill("SIGKILL");
  throw new Error(`No answer from ${url} within ${START_MS_MAX} ms`);
}
