/**
 * Fake terminals that go on while the server is down: the executable's own `simulate`, with a file
 * of what was acknowledged. A punch is named by its key: device, user and wall time between tabs.
 */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { EXECUTABLE, type RunningServer } from "../support/running-server.ts";

/** What terminals need of a server: its port, and a folder for what they were told. */
export type LoadedServer = Pick<RunningServer, "terminalPort" | "folder">;

/** A run of terminals. */
export interface LoadOptions {
  /** Beginning of the device ids; each run of a test has its own. */
  readonly prefix: string;
  readonly terminals: number;
  /** Of each terminal. */
  readonly punches: number;
  /** Per second over all; absent: as fast as acknowledged. */
  readonly rate?: number;
  /** People of each terminal; absent: one per punch. */
  readonly users?: number;
  /** Local time of the first punch, 14 digits; absent: before now. */
  readonly start?: string;
  /** Of 100 acknowledged punches, how many are sent once more. */
  readonly duplicates?: number;
  /** False: no poll before the first punch. */
  readonly poll?: boolean;
}

/** What `simulate --json` reports, as far as tests look at it. */
export interface LoadReport {
  readonly punches: number;
  readonly acknowledged: number;
  readonly unacknowledged: number;
  readonly resent: number;
  readonly duplicatesSent: number;
  /** Replies that are none to a terminal: anything but an acknowledgement. */
  readonly wrongReplies: number;
  readonly closedWithoutReply: number;
}

/** No terminal gives up while a server is killed, started or out of disk. */
const ATTEMPTS = "1000000";
const RETRY_DELAY_SECONDS = "0.1";

/** The terminals, running from the start. Use it with `await using`. */
export class TerminalLoad implements AsyncDisposable {
  readonly #path: string;
  readonly #process: Bun.Subprocess<"ignore", "pipe", "inherit">;

  constructor(server: LoadedServer, options: LoadOptions) {
    this.#path = join(server.folder, `acknowledged-${options.prefix}`);
    this.#process = Bun.spawn(
      [EXECUTABLE, "simulate", ...argumentsOf(server, options), "--acks", this.#path],
      { cwd: server.folder, env: {}, stdin: "ignore", stdout: "pipe", stderr: "inherit" },
    );
  }

  /** Keys of the punches acknowledged until 100 ms ago, in order of acknowledgement. */
  acknowledged(): readonly string[] {
    if (!existsSync(this.#path)) return [];
    // The last piece is empty, or a line that is still being written.
    return readFileSync(this.#path, "utf8").split("\n").slice(0, -1);
  }

  /** Waits until every punch was acknowledged. */
  async finish(): Promise<LoadReport> {
    const report = await this.#process.stdout.text();
    await this.#process.exited;
    return JSON.parse(report);
  }

  /** Switches the terminals off; what each has out at this moment stays unacknowledged. */
  async stop(): Promise<LoadReport> {
    this.#process.kill("SIGTERM");
    return this.finish();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
  }
}

/** What the terminals' clocks showed `seconds` ago, 14 digits: for `start`. */
export function wallTimeAgo(seconds: number): string {
  return Temporal.Now.zonedDateTimeISO("Asia/Manila")
    .subtract({ seconds })
    .toPlainDateTime()
    .toString({ smallestUnit: "second" })
    .replace(/[-:T]/g, "");
}

function argumentsOf(server: LoadedServer, options: LoadOptions): readonly string[] {
  const chosen = {
    "--port": server.terminalPort,
    "--device-prefix": options.prefix,
    "--terminals": options.terminals,
    "--punches": options.punches,
    "--attempts": ATTEMPTS,
    "--retry-delay": RETRY_DELAY_SECONDS,
    "--rate": options.rate,
    "--users": options.users,
    "--start": options.start,
    "--duplicates": options.duplicates,
  };
  const given = Object.entries(chosen).filter(([, value]) => value !== undefined);
  return [
    "--json",
    ...(options.poll === false ? ["--no-poll"] : []),
    ...given.flatMap(([option, value]) => [option, String(value)]),
  ];
}
