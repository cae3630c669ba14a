/**
 * Runs of the executable's own fake terminals against a server under test, and what they report.
 */

import { readFileSync } from "node:fs";
import { EXECUTABLE, type ListedPunch, type RunningServer } from "../support/running-server.ts";

/** What `simulate --json` prints, as far as tests look at it. */
export interface SimulationReport {
  readonly punches: number;
  readonly sent: number;
  readonly acknowledged: number;
  readonly unacknowledged: number;
  readonly pollsAnswered: number;
  readonly closedWithoutReply: number;
  readonly wrongReplies: number;
  readonly commandsExecuted: number;
}

/** `simulate` against the server, with further options; resolves when it has ended. */
export async function simulate(
  server: RunningServer,
  ...options: readonly string[]
): Promise<SimulationReport> {
  const port = String(server.terminalPort);
  const { out, error } = await server.run("simulate", "--port", port, "--json", ...options);
  if (!out.startsWith("{")) throw new Error(`No report: ${out}${error}`);
  return JSON.parse(out);
}

/** The same in the background; at the end of the block it is killed. Use it with `await using`. */
export class RunningSimulation implements AsyncDisposable {
  readonly #process: Bun.Subprocess<"ignore", "ignore", "inherit">;

  constructor(server: RunningServer, ...options: readonly string[]) {
    const port = String(server.terminalPort);
    this.#process = Bun.spawn([EXECUTABLE, "simulate", "--port", port, ...options], {
      cwd: server.folder,
      env: {},
      stdin: "ignore",
      stdout: "ignore",
      stderr: "inherit",
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
  }
}

/** A punch as `device user time`, to compare lists of different sources. */
export function punchKey(punch: ListedPunch): string {
  return `${punch.device_id} ${punch.user_id} ${punch.wall_time}`;
}

/** The punches that `--acks FILE` noted, as keys. */
export function readAcknowledged(path: string): readonly string[] {
  return readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.replaceAll("\t", " "));
}
