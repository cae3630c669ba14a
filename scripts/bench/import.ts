/**
 * An import of the replaced server's database by the built executable: how long it takes, and what
 * verb and server need in memory for it.
 */

import { join } from "node:path";
import { OriginalFile } from "../../test/support/original-database.ts";
import type { BenchOptions } from "./measure.ts";
import { type MeasuredServer, readUse, startOurs } from "./processes.ts";
import { limitOf, type Row } from "./rows.ts";

const USERS = 300;
const DEVICES = 4;
/** From one punch to the next, in milliseconds: a million of them are a year and some weeks. */
const PAUSE_MS = 37_000;
const FIRST_MS = Date.UTC(2025, 0, 1);
const LIFE_MS_MAX = 280_000;

/** A million punches, a tenth of that when quick. */
export async function measureImport(options: BenchOptions): Promise<Row[]> {
  const rowCount = options.quick ? 100_000 : 1_000_000;
  options.progress(`import of ${rowCount} punches`);
  const path = join(options.folder, "original.db");
  makeFile(path, rowCount);
  const server = await startOurs(options.ourExecutable, join(options.folder, "import"));
  try {
    const startedMs = performance.now();
    const verbBytes = await importFile(options.ourExecutable, server, path);
    const seconds = (performance.now() - startedMs) / 1000;
    const { rssPeakBytes } = await readUse(server.pid);
    return [
      row(`import of ${rowCount} punches`, "s", seconds),
      row("memory, server at an import (RSS peak)", "MiB", rssPeakBytes / 2 ** 20),
      row("memory, verb of an import (RSS peak)", "MiB", verbBytes / 2 ** 20),
    ];
  } finally {
    await server.stop();
  }
}

function makeFile(path: string, rowCount: number): void {
  using file = new OriginalFile(path);
  file.inTransaction(() => {
    for (let index = 0; index < rowCount; index += 1) {
      const isIn = Math.floor(index / USERS) % 2 === 0;
      const instant = new Date(FIRST_MS + index * PAUSE_MS);
      file.addLog({
        device_id: `240105835${index % DEVICES}`,
        user_id: 1 + (index % USERS),
        timestamp: instant.toISOString().replace(/\D/g, "").slice(0, 14),
        io_mode: isIn ? 1 : 0,
        io_mode_str: isIn ? "IN" : "OUT",
      });
    }
  });
}

/** Bytes that the verb had in memory at most. @throws Error when it fails. */
async function importFile(
  executable: string,
  server: MeasuredServer,
  path: string,
): Promise<number> {
  const verb = Bun.spawn([executable, "import", path], {
    env: { DATA_DIR: server.dataFolder },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
    timeout: LIFE_MS_MAX,
    killSignal: "SIGKILL",
  });
  const exitCode = await verb.exited;
  if (exitCode !== 0) throw new Error(`The import ended with exit code ${exitCode}`);
  return verb.resourceUsage()?.maxRSS ?? Number.NaN;
}

function row(what: string, unit: Row["unit"], ours: number): Row {
  return { what, unit, ours, bare: undefined, limit: limitOf(what) };
}
