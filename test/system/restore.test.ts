/**
 * Aim: on the executable, a backup is restored while no server runs, readers and terminals come to
 * know of it, and what was lost comes back; killed at any moment, either the old or the new is there.
 */

import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type SeededRandom, TIMEOUT_MS, withSeed } from "../crash/crash-run.ts";
import { readCount, readStored } from "../crash/stored-punches.ts";
import { TerminalLoad } from "../crash/terminal-load.ts";
import { eventually } from "../support/eventually.ts";
import { EXECUTABLE, type RunningServer, startServer } from "../support/running-server.ts";

interface Report {
  readonly found: string;
  readonly reread_from: string;
  readonly asked_terminals: number;
  readonly kept_in: string | null;
  readonly last_punch_id: number;
}

async function backUp(server: RunningServer): Promise<string> {
  const file = join(server.folder, "box.backup");
  expect((await server.run("backup", "--to", file)).exitCode).toBe(0);
  return file;
}

async function loadUntil(
  server: RunningServer,
  prefix: string,
  count: number,
): Promise<readonly string[]> {
  await using load = new TerminalLoad(server, { prefix, terminals: 4, punches: 100_000 });
  await eventually("punches are acknowledged", () => load.acknowledged().length > count);
  await load.stop();
  return load.acknowledged();
}

/** What the backup holds: a terminal that is cut off may have had one more punch stored. */
function keysIn(file: string): string[] {
  using database = new Database(file, { readonly: true });
  const sql = "SELECT device_id || char(9) || user_id || char(9) || wall_time AS key FROM punches";
  const rows = database.query<{ key: string }, []>(sql).all();
  return rows.map(({ key }) => key).toSorted();
}

const keysOf = (server: RunningServer) =>
  readStored(server)
    .map(({ key }) => key)
    .toSorted();

test("a trial makes no folder, and a pipe is no backup that is waited for", async () => {
  await using server = await startServer();
  const file = await backUp(server);
  const nowhere = join(server.folder, "not", "yet");
  const words = (backup: string) => [EXECUTABLE, "restore", "--dry-run", "--json", backup];
  const tried = Bun.spawnSync(words(file), { env: { DATA_DIR: nowhere } });
  expect(JSON.parse(tried.stdout.toString())).toMatchObject({ found: "none", kept_in: null });
  expect(existsSync(join(server.folder, "not"))).toBe(false);
  const pipe = join(server.folder, "pipe");
  expect(Bun.spawnSync(["mkfifo", pipe]).exitCode).toBe(0);
  const refused = Bun.spawnSync(words(pipe), { env: { DATA_DIR: nowhere }, timeout: 20_000 });
  expect([refused.exitCode, refused.stderr.toString()]).toEqual([
    1,
    `error: Cannot use backup "${pipe}": it is no file\nhint: Take another backup\n`,
  ]);
});

test("a restore brings back what was there, and readers are told from when to read again", async () => {
  await using server = await startServer({ settings: { DEVICE_ENROLLMENT: "open" } });
  await loadUntil(server, "OLD", 200);
  const file = await backUp(server);
  const before = keysIn(file);
  const trial = await server.run("restore", file, "--dry-run");
  expect(trial).toMatchObject({ exitCode: 0, error: "" });
  expect(trial.out).toContain("Nothing was changed");
  const running = await server.run("restore", file);
  expect(running).toMatchObject({ exitCode: 1, out: "" });
  expect(running.error).toContain("another server works in this data folder");

  await loadUntil(server, "NEW", 200);
  const page = await server.get("/v1/punches?limit=1000");
  const { next }: { next: string } = JSON.parse(await page.text());
  await server.kill();
  const { exitCode, out, error } = await server.run("restore", file, "--json");
  expect({ exitCode, error }).toEqual({ exitCode: 0, error: "" });
  const report: Report = JSON.parse(out);
  expect(report).toMatchObject({ found: "same-box", asked_terminals: 4 });
  expect(readdirSync(report.kept_in ?? "")).toContain("biometric.db");

  await server.start();
  expect(keysOf(server)).toEqual(before);
  const reset = await server.get(`/v1/punches?after=${encodeURIComponent(next)}`);
  expect(reset.status).toBe(410);
  const problem: { code: string; reread_from: string } = JSON.parse(await reset.text());
  expect(problem.code).toBe("cursor-reset");
  expect(Date.parse(problem.reread_from)).toBe(Date.parse(report.reread_from));
  const asked = await server.run("commands", "list", "OLD0001");
  expect(asked.out).toContain("read-log");
  // What comes from then on has ids that nobody has seen.
  await loadUntil(server, "LATER", 200);
  expect(readCount(server, "SELECT min(id) FROM punches WHERE device_id LIKE 'LATER%'")).toBe(
    report.last_punch_id + 1,
  );
});

test(
  "killed at any moment, a restore has changed nothing, or is done",
  async () => {
    await withSeed(async (random) => {
      await using server = await startServer({ settings: { DEVICE_ENROLLMENT: "open" } });
      await loadUntil(server, "OLD", 500);
      const file = await backUp(server);
      const restored = keysIn(file);
      await loadUntil(server, "NEW", 500);
      await server.kill();
      const whole = keysOf(server);
      let [undone, done] = [0, 0];
      for (let round = 0; round < 12; round += 1) {
        await killRestore(server, file, random);
        const left = keysOf(server);
        const isDone = left.length === restored.length;
        expect(left).toEqual(isDone ? restored : whole);
        if (isDone) {
          done += 1;
          break;
        }
        undone += 1;
      }
      const last = await server.run("restore", file);
      expect(last).toMatchObject({ exitCode: 0, error: "" });
      await server.start();
      expect(keysOf(server)).toEqual(restored);
      console.log(`restore killed ${undone + done} times: ${undone} had changed nothing`);
    });
  },
  TIMEOUT_MS,
);

async function killRestore(
  server: RunningServer,
  file: string,
  random: SeededRandom,
): Promise<void> {
  const run = Bun.spawn([EXECUTABLE, "restore", file], {
    env: { DATA_DIR: server.dataDir },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
  });
  await Bun.sleep(random.between(40, 150));
  run.kill("SIGKILL");
  await run.exited;
}
