/**
 * The compiled executable as a process of its own, in a temporary folder, for tests that look at it
 * from outside: over its ports, its files, its signals and what it prints.
 */

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What `npm run build` makes. */
export const EXECUTABLE = join(import.meta.dir, "../../dist/biometric-server");

/** Ports that the system does not hand to outgoing connections, so that one stays free. */
const PORTS = { first: 10_000, count: 20_000 } as const;
const START_LIMIT_MS = 20_000;
const COMMAND_LIMIT_MS = 60_000;
/** The last line of what a start prints once it lets terminals in. */
const READY_NOTICE = "(documentation: /swagger)";

/** Settings by name, as in the environment. */
export type Settings = Readonly<Record<string, string>>;

/** How to start a server. */
export interface ServerOptions {
  /** On top of free ports on loopback, a folder of its own and a request limit out of reach. */
  readonly settings?: Settings;
  /** Given to `serve`: a settings file, for what is not in `settings`. */
  readonly settingsFile?: string;
  /** Another build than `EXECUTABLE`. */
  readonly executable?: string;
}

/** How a verb ended. */
export interface CommandResult {
  readonly exitCode: number;
  readonly out: string;
  readonly error: string;
}

/** A punch of `GET /v1/punches`, as far as tests look at it. */
export interface ListedPunch {
  readonly id: number;
  readonly device_id: string;
  readonly user_id: string;
  readonly user_id_text: string;
  readonly time: string;
  readonly wall_time: string;
  readonly direction: "in" | "out" | null;
  readonly direction_code: string | null;
  readonly verify_mode_code: string | null;
  readonly is_historic: boolean;
  readonly origin: "live" | "recovered" | "imported" | "manual";
}

/** A record of `GET /api/biometric/logs`, as far as tests look at it. */
export interface ListedLog {
  readonly id: number;
  readonly user_id: number | string;
  readonly device_id: string;
  readonly timestamp: string;
  readonly datetime_utc: string;
  readonly direction: "in" | "out";
  readonly verification_method: string;
}

/**
 * Starts a server on an empty folder and waits until it is ready. Use it with `await using`: at the
 * end of the block the process is killed and its folder removed.
 * @throws Error with everything printed when it ends, or is not ready within 20 s.
 */
export async function startServer(options: ServerOptions = {}): Promise<RunningServer> {
  const server = new RunningServer(options);
  try {
    await server.start();
    return server;
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}

/** One server over several processes: it can be stopped or killed, and started on what is left. */
export class RunningServer implements AsyncDisposable {
  /** Holds all other files of this server. */
  readonly folder: string;
  /** `DATA_DIR` of the settings, else a folder inside. */
  readonly dataDir: string;
  readonly terminalPort: number;
  readonly webPort: number;
  readonly webUrl: string;
  readonly #executable: string;
  readonly #arguments: readonly string[];
  #settings: Settings;
  #process: ServerProcess | undefined;
  #printedBefore = "";
  #token: string | undefined;

  constructor(options: ServerOptions = {}) {
    this.#executable = findExecutable(options.executable);
    const { settingsFile } = options;
    this.#arguments = settingsFile === undefined ? [] : ["--settings", settingsFile];
    this.folder = mkdtempSync(join(tmpdir(), "biometric-server-"));
    // An empty setting is the same as none: the server then takes `data` in its working directory.
    this.dataDir = options.settings?.DATA_DIR || join(this.folder, "data");
    [this.terminalPort, this.webPort] = [findFreePort(), findFreePort()];
    this.webUrl = `http://127.0.0.1:${this.webPort}`;
    this.#settings = {
      DATA_DIR: this.dataDir,
      SERVER_HOST: "127.0.0.1",
      SERVER_PORT: String(this.terminalPort),
      WEB_BIND: "127.0.0.1",
      WEB_PORT: String(this.webPort),
      HRIS_RATE_LIMIT_REQUESTS: "1000000",
      ...options.settings,
    };
  }

  /** The process that runs. @throws Error when none does. */
  get pid(): number {
    return this.#running.pid;
  }

  /** Everything it runs with, as in the environment. */
  get settings(): Settings {
    return this.#settings;
  }

  /** Everything all its processes have printed so far, both streams. */
  get printed(): string {
    return this.#printedBefore + (this.#process?.printed ?? "");
  }

  /** The printed lines of one event of the log, such as `terminal.violation`. */
  logLines(event: string): readonly string[] {
    return this.printed.split("\n").filter((line) => line.split(/\s+/)[2] === event);
  }

  /**
   * Starts the server again after `stop` or `kill`, on the same folder and ports, with these
   * settings changed, and waits until it is ready.
   * @throws Error with everything printed when it ends, or is not ready within 20 s.
   */
  async start(change: Settings = {}): Promise<void> {
    await this.startUnready(change);
    const { status } = await fetch(`${this.webUrl}/readyz`);
    if (status !== 200) throw new Error(`/readyz answers ${status}\n${this.printed}`);
  }

  /** The same, but it need not be able to store anything. */
  async startUnready(change: Settings = {}): Promise<void> {
    if (this.#process !== undefined) throw new Error("Cannot start the server: it is running");
    this.#settings = { ...this.#settings, ...change };
    this.#process = new ServerProcess(this.#command, this.folder, this.#settings);
    await this.#process.untilReady();
  }

  /** Asks it to end with SIGTERM and waits for that. Gives the exit code. */
  async stop(): Promise<number> {
    return this.#end("SIGTERM");
  }

  /** Asks it with SIGHUP to read its settings again. */
  requestReload(): void {
    process.kill(this.pid, "SIGHUP");
  }

  /** Ends it with `kill -9` and waits until it is gone. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Waits until it has ended by itself. Gives the exit code. */
  async ended(): Promise<number> {
    return this.#end(undefined);
  }

  /**
   * Runs a verb of the same executable with the same settings to its end. A verb that takes more
   * than a minute is killed.
   */
  async run(...argv: readonly string[]): Promise<CommandResult> {
    return runExecutable(argv, {
      cwd: this.folder,
      settings: this.#settings,
      executable: this.#executable,
    });
  }

  /** A secret that the server made, by the name of its file. */
  secret(name: "hris-api-secret-key" | "webhook-secret" | "token-signing-key"): string {
    return readFileSync(join(this.dataDir, "secrets", name), "utf8").trim();
  }

  /** A token, asked for once and kept over restarts. */
  async token(): Promise<string> {
    if (this.#token !== undefined) return this.#token;
    const response = await fetch(`${this.webUrl}/api/auth/token`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({
        client_id: "hris_system",
        client_secret: this.secret("hris-api-secret-key"),
      }),
    });
    if (response.status !== 200) throw new Error(`No token: ${await response.text()}`);
    const answer: { token: string } = JSON.parse(await response.text());
    this.#token = answer.token;
    return answer.token;
  }

  /** `GET` with a token. */
  async get(path: string): Promise<Response> {
    const headers = { Authorization: `Bearer ${await this.token()}` };
    return fetch(`${this.webUrl}${path}`, { headers });
  }

  /** The whole feed, in feed order: a walk along the cursor of `/v1/punches`. */
  async listPunches(pageSize = 1000): Promise<readonly ListedPunch[]> {
    const punches: ListedPunch[] = [];
    let after = "";
    for (;;) {
      const response = await this.get(`/v1/punches?limit=${pageSize}${after}`);
      if (response.status !== 200) throw new Error(`No punches: ${await response.text()}`);
      const page: { punches: ListedPunch[]; next: string; has_more: boolean } = JSON.parse(
        await response.text(),
      );
      punches.push(...page.punches);
      if (!page.has_more) return punches;
      after = `&after=${encodeURIComponent(page.next)}`;
    }
  }

  /** All records of `/api/biometric/logs`, the latest punch first. */
  async listLogs(): Promise<readonly ListedLog[]> {
    const response = await this.get("/api/biometric/logs");
    if (response.status !== 200) throw new Error(`No logs: ${await response.text()}`);
    const answer: { logs: ListedLog[] } = JSON.parse(await response.text());
    return answer.logs;
  }

  /** Kills what runs and removes the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process !== undefined) await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  get #command(): readonly string[] {
    return [this.#executable, "serve", ...this.#arguments];
  }

  get #running(): ServerProcess {
    if (this.#process === undefined) throw new Error("The server is not running");
    return this.#process;
  }

  async #end(signal: "SIGTERM" | "SIGKILL" | undefined): Promise<number> {
    const ended = this.#running;
    const exitCode = await ended.end(signal);
    this.#printedBefore += ended.printed;
    this.#process = undefined;
    return exitCode;
  }
}

/**
 * Runs the executable in `cwd` with nothing but `settings` in its environment, and no settings file
 * of this machine, to its end. What takes more than a minute is killed.
 */
export async function runExecutable(
  argv: readonly string[],
  options: {
    readonly cwd: string;
    readonly settings: Settings;
    readonly executable?: string;
  },
): Promise<CommandResult> {
  const command = Bun.spawn([findExecutable(options.executable), ...argv], {
    cwd: options.cwd,
    env: options.settings,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: COMMAND_LIMIT_MS,
    killSignal: "SIGKILL",
  });
  const [out, error, exitCode] = await Promise.all([
    command.stdout.text(),
    command.stderr.text(),
    command.exited,
  ]);
  return { exitCode, out, error };
}

/** A TCP port of 127.0.0.1 that nobody listens on. */
export function findFreePort(): number {
  for (;;) {
    const port = PORTS.first + Math.floor(Math.random() * PORTS.count);
    try {
      Bun.listen({ hostname: "127.0.0.1", port, socket: { data() {} } }).stop(true);
      return port;
    } catch {
      // Taken: the next one.
    }
  }
}

/** A start of the server. */
class ServerProcess {
  printed = "";
  readonly #process: Bun.Subprocess<"ignore", "pipe", "pipe">;
  readonly #outputEnded: Promise<unknown>;
  readonly #ready = Promise.withResolvers<void>();

  constructor(command: readonly string[], folder: string, settings: Settings) {
    this.#process = Bun.spawn([...command], {
      cwd: folder,
      env: settings,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const { stdout, stderr } = this.#process;
    this.#outputEnded = Promise.all([this.#collect(stdout), this.#collect(stderr)]);
  }

  get pid(): number {
    return this.#process.pid;
  }

  async untilReady(): Promise<void> {
    const refuse = (reason: string): void => {
      this.#ready.reject(new Error(`Server ${reason}, having printed:\n${this.printed}`));
    };
    const timer = setTimeout(() => refuse("is not ready in time"), START_LIMIT_MS);
    void this.#outputEnded.then(() => refuse("ended before it was ready"));
    await this.#ready.promise.finally(() => clearTimeout(timer));
  }

  /** Waits for the end that `signal` asks for, or for the process's own. Gives the exit code. */
  async end(signal: "SIGTERM" | "SIGKILL" | undefined): Promise<number> {
    if (signal !== undefined) this.#process.kill(signal);
    const exitCode = await this.#process.exited;
    await this.#outputEnded;
    return exitCode;
  }

  async #collect(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      this.printed += decoder.decode(chunk, { stream: true });
      if (this.printed.includes(READY_NOTICE)) this.#ready.resolve();
    }
  }
}

function findExecutable(path = EXECUTABLE): string {
  if (existsSync(path)) return path;
  throw new Error(`No executable "${path}": build it with \`npm run build\``);
}
