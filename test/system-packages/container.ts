/**
 * A small Debian that systemd has booted, in a container with a network of its own that leads
 * nowhere. Its files lie in a folder of this machine.
 */

import { Database } from "bun:sqlite";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { eventually } from "../support/eventually.ts";
import { EXECUTABLE } from "../support/running-server.ts";
import { copyDebian } from "./debian.ts";

/** What is in the machine beside Debian's least. */
const PACKAGES = [
  "dbus",
  "faketime",
  "iproute2",
  "procps",
  "python3-minimal",
  "systemd",
  "systemd-sysv",
];
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** How a program in the machine ended. */
export interface Ended {
  readonly exitCode: number;
  readonly out: string;
  readonly error: string;
}

/** A punch as the database of the machine has it. */
export interface KeptPunch {
  readonly device: string;
  readonly user: string;
  readonly wallTime: string;
}

/** Boots a machine with the built executable in `/root`. Use it with `await using`. */
export async function bootMachine(): Promise<Machine> {
  const root = mkdtempSync(join(tmpdir(), "biometric-machine-"));
  chmodSync(root, 0o755);
  await copyDebian(PACKAGES, root);
  const machine = new Machine(root);
  try {
    await machine.boot();
    machine.put(EXECUTABLE, "/root/biometric-server");
    return machine;
  } catch (error) {
    await machine[Symbol.asyncDispose]();
    throw error;
  }
}

/** One booted machine. */
export class Machine implements AsyncDisposable {
  readonly root: string;
  #container: Bun.Subprocess<"ignore", "pipe", "pipe"> | undefined;
  #leader = 0;

  constructor(root: string) {
    this.root = root;
  }

  async boot(): Promise<void> {
    const options = ["--register=no", "--keep-unit", "--quiet", "--private-network", "--boot"];
    this.#container = Bun.spawn(["systemd-nspawn", ...options, "-D", this.root], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const { pid, stdout } = this.#container;
    void stdout.text();
    const children = `/proc/${pid}/task/${pid}/children`;
    while (this.#leader === 0) {
      if (this.#container.exitCode !== null) throw new Error(await this.#container.stderr.text());
      this.#leader = Number(readFileSync(children, "utf8").trim().split(" ")[0] ?? 0);
      await Bun.sleep(50);
    }
    await eventually("the machine has booted", async () => {
      const { out } = await this.run("systemctl", "is-system-running");
      if (out.trim() !== "degraded") return out.trim() === "running";
      throw new Error(await this.text("systemctl", "--failed", "--no-pager"));
    });
  }

  /** Runs a program inside, as root, to its end. */
  async run(...argv: readonly string[]): Promise<Ended> {
    const run = this.start(...argv);
    const [out, error] = await Promise.all([run.stdout.text(), run.stderr.text()]);
    return { exitCode: await run.exited, out, error };
  }

  /** The same without waiting. */
  start(...argv: readonly string[]): Bun.Subprocess<"ignore", "pipe", "pipe"> {
    const namespaces = ["-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w"];
    const clean = ["env", "-i", `PATH=${PATH}`, "HOME=/root", "LC_ALL=C.UTF-8"];
    return Bun.spawn(["nsenter", "-t", String(this.#leader), ...namespaces, ...clean, ...argv], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
  }

  /** What a program prints. @throws Error when it fails. */
  async text(...argv: readonly string[]): Promise<string> {
    const { exitCode, out, error } = await this.run(...argv);
    if (exitCode !== 0) throw new Error(`${argv.join(" ")} ended with ${exitCode}: ${error}${out}`);
    return out.trim();
  }

  /** A property of the service, as `systemctl show` tells it. */
  async property(name: string): Promise<string> {
    return this.text("systemctl", "show", "-p", name, "--value", "biometric-server");
  }

  /** Where a path of the machine is on this one. */
  path(inside: string): string {
    return join(this.root, inside);
  }

  put(from: string, inside: string): void {
    copyFileSync(from, this.path(inside));
  }

  write(inside: string, text: string): void {
    mkdirSync(dirname(this.path(inside)), { recursive: true });
    writeFileSync(this.path(inside), text);
  }

  /** Every punch of the service's database. */
  keptPunches(): readonly KeptPunch[] {
    const path = this.path("/var/lib/biometric-server/biometric.db");
    using database = new Database(path, { readonly: true });
    return database
      .query<KeptPunch, []>(
        "SELECT device_id AS device, user_id AS user, wall_time AS wallTime FROM punches ORDER BY id",
      )
      .all();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#leader !== 0) process.kill(this.#leader, "SIGKILL");
    this.#container?.kill("SIGKILL");
    await this.#container?.exited;
    rmSync(this.root, { recursive: true, force: true });
  }
}
