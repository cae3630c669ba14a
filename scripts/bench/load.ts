/**
 * Runs the executable's own `simulate` against a server under measurement. Each run begins later, in
 * the terminals' time, than all runs before it, so that every punch is a new one and none is late.
 */

import type { FleetReport } from "#simulator/fleet.ts";
import type { MeasuredServer } from "./processes.ts";

/** A fleet to run. */
export interface Load {
  readonly terminals: number;
  readonly keepAlive: boolean;
  /** How long new punches begin. */
  readonly durationMs: number;
  /** Punches per second over the fleet; undefined for as fast as acknowledged. */
  readonly ratePerSecond?: number;
}

const USERS_PER_TERMINAL = 100;
/** At 100 people a second, more than one terminal gets through between two runs. */
const PUNCHES_PER_TERMINAL = 50_000;
const RUN_STEP_SECONDS = PUNCHES_PER_TERMINAL / USERS_PER_TERMINAL;
const HOURS_BEFORE_NOW = 20;
const EXTRA_MS_MAX = 40_000;

/** Makes `runLoad(server, load)`, which waits for the run's report. @throws Error if not all was acknowledged. */
export function loadRunner(
  executable: string,
): (server: MeasuredServer, load: Load) => Promise<FleetReport> {
  let start = Temporal.Now.plainDateTimeISO("Asia/Manila").subtract({ hours: HOURS_BEFORE_NOW });
  return async (server, load) => {
    start = start.add({ seconds: RUN_STEP_SECONDS });
    const words = [
      ["--port", String(server.terminalPort)],
      ["--terminals", String(load.terminals)],
      ["--punches", String(PUNCHES_PER_TERMINAL)],
      ["--duration", String(load.durationMs / 1000)],
      ["--users", String(USERS_PER_TERMINAL)],
      ["--start", start.toString({ smallestUnit: "second" }).replace(/\D/g, "")],
      load.keepAlive ? ["--keep-alive"] : [],
      load.ratePerSecond === undefined ? [] : ["--rate", String(load.ratePerSecond)],
      ["--no-poll", "--json"],
    ];
    const child = Bun.spawn([executable, "simulate", ...words.flat()], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
      timeout: load.durationMs + EXTRA_MS_MAX,
      killSignal: "SIGKILL",
    });
    const text = await child.stdout.text();
    if ((await child.exited) !== 0) {
      throw new Error(`Not every punch was acknowledged by ${server.name}: ${text}`);
    }
    return JSON.parse(text);
  };
}
