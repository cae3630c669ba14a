/**
 * Writes down which punches were acknowledged, one line each, for a test that later compares them
 * with what the server has stored. Survives the death of the server, not of its own machine.
 */

import { closeSync, openSync, writeSync } from "node:fs";
import { AppError } from "#base/app-error.ts";
import type { Clock, Timer } from "#platform/clock.ts";
import type { SimulatedPunch } from "./simulated-punch.ts";

const FLUSH_PERIOD_MS = 100;
const BUFFERED_LINES_MAX = 1000;

/** An append-only text file of `device TAB user TAB wall time LF` lines. */
export class AcknowledgementFile {
  readonly #path: string;
  readonly #descriptor: number;
  readonly #timer: Timer;
  #lines: string[] = [];

  /** Opens the file, creating it if needed. @throws AppError `file-unwritable`. */
  constructor(path: string, clock: Clock) {
    this.#path = path;
    try {
      this.#descriptor = openSync(path, "a");
    } catch (cause) {
      throw new AppError("file-unwritable", `Cannot open "${path}" for appending`, { cause });
    }
    this.#timer = clock.every(FLUSH_PERIOD_MS, () => this.#flush());
  }

  /** Adds a line; it is in the file 100 ms later at most. @throws AppError `file-unwritable`. */
  add(punch: SimulatedPunch): void {
    this.#lines.push(`${punch.deviceId}\t${punch.userId}\t${punch.wallTime}\n`);
    if (this.#lines.length >= BUFFERED_LINES_MAX) this.#flush();
  }

  /** Writes what waits and closes the file. @throws AppError `file-unwritable`. */
  close(): void {
    this.#timer.stop();
    this.#flush();
    closeSync(this.#descriptor);
  }

  #flush(): void {
    if (this.#lines.length === 0) return;
    const bytes = Buffer.from(this.#lines.join(""));
    this.#lines = [];
    try {
      for (let written = 0; written < bytes.length; ) {
        written += writeSync(this.#descriptor, bytes, written);
      }
    } catch (cause) {
      throw new AppError("file-unwritable", `Cannot write to "${this.#path}"`, { cause });
    }
  }
}
