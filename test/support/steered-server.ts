/**
 * Servers whose time the test steers: a build with another clock and nothing else changed.
 */

import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildExecutable } from "../../scripts/build.ts";
import { RunningServer, type Settings } from "./running-server.ts";

const OFFSET_FILE = "clock-offset-ms";
const CLOCK = "src/platform/clock.ts";

/** A built executable whose clock is steered. Use it with `using`, or dispose of it at the end. */
export class SteeredBuild implements Disposable {
  readonly executable: string;
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.executable = join(folder, "biometric-server");
  }

  static async make(): Promise<SteeredBuild> {
    const build = new SteeredBuild(mkdtempSync(join(tmpdir(), "steered-build-")));
    await buildExecutable({ outfile: build.executable, replace: { [CLOCK]: replacedClock() } });
    return build;
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** A server, and the time that it believes in. Not started yet. */
export class SteeredServer extends RunningServer {
  #offsetMs = 0;

  constructor(
    build: SteeredBuild,
    options: { readonly atMs: number; readonly settings?: Settings },
  ) {
    super({ executable: build.executable, ...options });
    this.setTime(options.atMs);
  }

  /** What the server's wall clock shows (UTC, epoch milliseconds). */
  get nowMs(): number {
    return Date.now() + this.#offsetMs;
  }

  /** Lets time pass until `atMs`; never goes back once the server runs. */
  setTime(atMs: number): void {
    this.#offsetMs = Math.round(atMs - Date.now());
    // In one step: the server may look at any moment.
    const path = join(this.folder, OFFSET_FILE);
    writeFileSync(`${path}.tmp`, String(this.#offsetMs));
    renameSync(`${path}.tmp`, path);
  }

  /** Lets time pass. */
  advance(byMs: number): void {
    this.setTime(this.nowMs + byMs);
  }
}

/** The module as it is, but for the clock that it gives. */
function replacedClock(): string {
  const source = readFileSync(join(import.meta.dir, "../..", CLOCK), "utf8");
  const renamed = source.replace("export const systemClock", "export const machineClock");
  if (renamed === source) throw new Error(`No clock to replace in "${CLOCK}"`);
  const steered = JSON.stringify(join(import.meta.dir, "steered-clock.ts"));
  return `${renamed}\nexport { systemClock } from ${steered};\n`;
}
