/**
 * A disk for one server that fails on request and forgets what was not flushed: compiles and steers
 * `faulty-disk.c`, which says how it works.
 */

import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunningServer } from "../support/running-server.ts";

/** Why there can be no faulty disk on this machine; undefined when there can. */
export const NO_FAULTY_DISK =
  Bun.which("gcc") === null ? "gcc, which makes the faulty disk, is not installed" : undefined;

/** What the disk can be told to do until further notice. */
export type DiskFault =
  /** Flushes answer "input/output error", and what they should have written is lost. */
  | "fail-sync"
  /** The same, but for the database alone: commits succeed, checkpoints do not. */
  | "fail-checkpoint"
  /** Writes answer "input/output error". */
  | "fail-write"
  /** Writes answer "read-only file system", as after an emergency remount. */
  | "read-only"
  /** Each flush takes 10 ms more. */
  | "slow-sync";

const FILES = [
  { name: "db", path: "biometric.db" },
  { name: "wal", path: "biometric.db-wal" },
] as const;

/** One disk. Its `settings` are for one server; `using` removes it. */
export class FaultyDisk implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "biometric-disk-"));
  readonly #control = join(this.#folder, "control");
  readonly #library = join(this.#folder, "faulty-disk.so");

  constructor() {
    mkdirSync(this.#control);
    const source = join(import.meta.dir, "faulty-disk.c");
    const { exitCode, stderr } = Bun.spawnSync([
      ...["gcc", "-Wall", "-Wextra", "-Werror", "-O2", "-shared", "-fPIC"],
      ...["-o", this.#library, source, "-ldl"],
    ]);
    if (exitCode !== 0) throw new Error(`Cannot compile "${source}": ${stderr.toString()}`);
  }

  /** Put a server on this disk. */
  get settings(): Readonly<Record<string, string>> {
    return { LD_PRELOAD: this.#library, FAULTY_DISK: this.#control };
  }

  /** From now on, until `end`. */
  begin(fault: DiskFault): void {
    writeFileSync(join(this.#control, fault), "");
  }

  end(fault: DiskFault): void {
    rmSync(join(this.#control, fault), { force: true });
  }

  /** Flushes that reached the disk: of the database and its log together. */
  get flushCount(): number {
    return this.#sum("syncsDone");
  }

  /** Flushes and writes that were answered with an error. */
  get failureCount(): number {
    return this.#sum("failures");
  }

  /** Kills the server and leaves of its database what was on the disk at that moment. */
  async cutPower(server: RunningServer): Promise<void> {
    await server.kill();
    for (const { name, path } of FILES) {
      const image = join(this.#control, `${name}.image`);
      const file = join(server.dataDir, path);
      rmSync(file, { force: true });
      if (existsSync(image)) copyFileSync(image, file);
      // What the machine knew about its page cache is gone with it.
      rmSync(join(this.#control, `${name}.state`), { force: true });
    }
    rmSync(join(server.dataDir, "biometric.db-shm"), { force: true });
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #sum(figure: keyof typeof FIGURE_OFFSETS): number {
    return FILES.map(({ name }) => {
      const path = join(this.#control, `${name}.state`);
      if (!existsSync(path)) return 0;
      return Number(readFileSync(path).readBigUInt64LE(FIGURE_OFFSETS[figure]));
    }).reduce((sum, count) => sum + count, 0);
  }
}

/** Bytes into `struct state`. */
const FIGURE_OFFSETS = { syncsDone: 0, failures: 8 } as const;
