/**
 * Aim: emptying the log into the database loses nothing when flushes of the database fail, also
 * while another program's reader holds it up halfway. Needs gcc for the faulty disk.
 */

import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { statSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import { type RunningServer, startServer } from "../support/running-server.ts";
import { TIMEOUT_MS } from "./crash-run.ts";
import { FaultyDisk, NO_FAULTY_DISK } from "./faulty-disk.ts";
import { expectKept } from "./survival.ts";
import { TerminalLoad } from "./terminal-load.ts";

if (NO_FAULTY_DISK !== undefined) console.log(`checkpoints are skipped: ${NO_FAULTY_DISK}`);
const testOnFaultyDisk = test.skipIf(NO_FAULTY_DISK !== undefined);

/** More than the server leaves in its log. */
const CHECKPOINTED_BYTES = 4_600_000;
/** Of a dead process that closes nothing: 128 + SIGKILL. */
const KILLED = 137;

/** What another program does that looks at the database for long. */
class OtherReader implements Disposable {
  readonly #database: Database;

  constructor(server: RunningServer) {
    this.#database = new Database(join(server.dataDir, "biometric.db"), { readonly: true });
    this.#database.run("BEGIN");
    this.#database.query("SELECT count(*) FROM punches").get();
  }

  /** Stops looking; the database stays open. */
  endTransaction(): void {
    this.#database.run("COMMIT");
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}

function startLoad(server: RunningServer, prefix: string): TerminalLoad {
  return new TerminalLoad(server, { prefix, terminals: 8, punches: 100_000, rate: 1000 });
}

async function untilLogPasses(server: RunningServer, bytes: number): Promise<void> {
  await eventually(`the log has ${bytes} bytes`, () => {
    return statSync(join(server.dataDir, "biometric.db-wal")).size > bytes;
  });
}

/** Sends punches until `isEnough`, some at least. Gives the acknowledged ones. */
async function punchUntil(
  server: RunningServer,
  prefix: string,
  isEnough: () => boolean,
): Promise<readonly string[]> {
  const acknowledged: string[] = [];
  let run = 0;
  await eventually(`${prefix}: enough punches are sent`, async () => {
    run += 1;
    const options = { prefix: `${prefix}${run}X`, terminals: 4, punches: 20 };
    await using load = new TerminalLoad(server, options);
    expect((await load.finish()).unacknowledged).toBe(0);
    acknowledged.push(...load.acknowledged());
    return isEnough();
  });
  return acknowledged;
}

testOnFaultyDisk(
  "pages that were copied while a reader held the rest up survive the failure of a later flush",
  async () => {
    using disk = new FaultyDisk();
    await using server = await startServer({
      settings: { ...disk.settings, DEVICE_ENROLLMENT: "open" },
    });
    const acknowledged: string[] = [];
    {
      using reader = new OtherReader(server);
      await using load = startLoad(server, "LOAD");
      await untilLogPasses(server, CHECKPOINTED_BYTES);
      await load.stop();
      acknowledged.push(...load.acknowledged());
      reader.endTransaction();
    }
    disk.begin("fail-checkpoint");
    acknowledged.push(...(await punchUntil(server, "FAIL", () => disk.failureCount > 1)));
    disk.end("fail-checkpoint");
    acknowledged.push(
      ...(await punchUntil(server, "THEN", () => {
        return server.logLines("storage.checkpoint-resumed").length > 0;
      })),
      ...(await punchUntil(server, "LAST", () => true)),
    );
    await disk.cutPower(server);
    expectKept(server, acknowledged);
    const [failed, ...more] = server.logLines("storage.checkpoint-failed");
    expect(failed).toContain("code=SQLITE_IOERR_FSYNC");
    expect(more).toEqual([]);
  },
  TIMEOUT_MS,
);

testOnFaultyDisk(
  "a server that cannot know what its database holds dies, and the next one takes it all from the log",
  async () => {
    using disk = new FaultyDisk();
    await using server = await startServer({
      settings: { ...disk.settings, DEVICE_ENROLLMENT: "open" },
    });
    // Stays open over the start, and keeps SQLite's count of the pages that were copied.
    using reader = new OtherReader(server);
    await using load = startLoad(server, "LOAD");
    await untilLogPasses(server, CHECKPOINTED_BYTES);
    reader.endTransaction();
    using laterReader = new OtherReader(server);
    disk.begin("fail-checkpoint");
    expect(await server.ended()).toBe(KILLED);
    expect(server.printed).toMatch(/^error: Cannot flush "[^"]+biometric\.db": EIO\nhint: /m);
    disk.end("fail-checkpoint");
    await server.start();
    laterReader.endTransaction();
    expectKept(server, load.acknowledged());
    const acknowledgedBefore = load.acknowledged().length;
    await eventually("the new process has emptied its log", () => {
      return load.acknowledged().length > acknowledgedBefore + 3000;
    });
    await load.stop();
    await disk.cutPower(server);
    expectKept(server, load.acknowledged());
  },
  TIMEOUT_MS,
);
