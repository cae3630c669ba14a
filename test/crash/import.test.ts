/**
 * Aim: an import that is cut off at any moment, by the end of the server or of the verb, and started
 * again ends exactly as one that nothing disturbed. `CRASH_KILLS` says how often it is cut off.
 */

import { expect, test } from "bun:test";
import { join } from "node:path";
import { OriginalFile } from "../support/original-database.ts";
import { EXECUTABLE, type RunningServer, startServer } from "../support/running-server.ts";
import { KILLS, TIMEOUT_MS, withSeed } from "./crash-run.ts";
import { findDamage, lookInto, readStored } from "./stored-punches.ts";

const PUNCHES = 20_000;
/** Where no message can get through, so that all of them stay to be looked at. */
const WEBHOOK = { BIOMETRIC_WEBHOOK_URL: "http://127.0.0.1:9/hook" };

function makeFile(path: string): void {
  using file = new OriginalFile(path);
  file.inTransaction(() => {
    for (let index = 0; index < PUNCHES; index += 1) {
      const day = String(10 + (index % 20));
      const hour = String(10 + (Math.floor(index / 20) % 10));
      const timestamp = `202601${day}${hour}0000`;
      const user_id = 1 + Math.floor(index / 200);
      file.addLog({ device_id: `D${index % 3}`, user_id, timestamp: index % 97 ? timestamp : "" });
      const message = { device_id: `D${index % 3}`, user_id, timestamp, eventSeconds: 1767225600 };
      if (index % 97 !== 0 && index % 50 === 0) file.queueLogs(message);
    }
    for (const device_id of ["D0", "D1"]) file.insert("devices", { device_id });
  });
}

/** Everything that an import leaves behind, but for the times at which it was done. */
function readOutcome(server: RunningServer) {
  return {
    punches: readStored(server),
    messages: lookInto(server, (database) =>
      database
        .query("SELECT device_id, punch_id, revision, event_at_ms, status FROM deliveries")
        .all(),
    ),
    devices: lookInto(server, (database) =>
      database.query("SELECT id, status, held_count FROM devices ORDER BY id").all(),
    ),
    counters: lookInto(server, (database) => database.query("SELECT * FROM counters").all()),
    corrections: lookInto(server, (database) =>
      database.query("SELECT * FROM direction_corrections").all(),
    ),
  };
}

/** The verb as a process that can be killed. */
function startImport(server: RunningServer, path: string) {
  return Bun.spawn([EXECUTABLE, "import", path], {
    cwd: server.folder,
    env: { DATA_DIR: server.dataDir },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
  });
}

test(
  `an import cut off ${KILLS} times ends as one that nothing disturbed`,
  () =>
    withSeed(async (random) => {
      await using undisturbed = await startServer({ settings: WEBHOOK });
      const path = join(undisturbed.folder, "old.db");
      makeFile(path);
      const startedMs = performance.now();
      expect((await undisturbed.run("import", path)).exitCode).toBe(0);
      const durationMs = performance.now() - startedMs;
      const wanted = readOutcome(undisturbed);
      expect(wanted.punches).toHaveLength(PUNCHES);
      expect(wanted.messages.length).toBeGreaterThan(100);
      await undisturbed.stop();

      await using server = await startServer({ settings: WEBHOOK });
      const counts: number[] = [];
      for (let kill = 0; kill < KILLS; kill += 1) {
        const verb = startImport(server, path);
        await Bun.sleep(random.between(50, durationMs / 2));
        if (random.chance(50)) {
          verb.kill("SIGKILL");
          await verb.exited;
        } else {
          await server.kill();
          // Late in the row of cuts there may be little left to do.
          expect(await verb.exited).toBeOneOf([0, 1]);
          await server.start();
        }
        expect(findDamage(server)).toEqual([]);
        counts.push(readStored(server).length);
      }
      expect((await server.run("import", path)).exitCode).toBe(0);
      expect(readOutcome(server)).toEqual(wanted);
      console.log(`${KILLS} cuts: ${counts.join(", ")} of ${PUNCHES} punches were in`);
    }),
  TIMEOUT_MS,
);
