/**
 * Aim: on the executable, a backup is made beside terminals at work, kept or fetched, and without a
 * server; killed in the middle, neither the server nor what was stored takes harm.
 */

import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, statSync, watch, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkBackup } from "#storage/backup-file.ts";
import { TIMEOUT_MS } from "../crash/crash-run.ts";
import { expectKept } from "../crash/survival.ts";
import { TerminalLoad } from "../crash/terminal-load.ts";
import { eventually } from "../support/eventually.ts";
import { type RunningServer, startServer } from "../support/running-server.ts";

interface Report {
  readonly path: string;
  readonly bytes: number;
  readonly with_secrets: boolean;
  readonly read_from: string | null;
}

async function backUp(server: RunningServer, ...more: readonly string[]): Promise<Report> {
  const { exitCode, out, error } = await server.run("backup", "--json", ...more);
  expect({ exitCode, error }).toEqual({ exitCode: 0, error: "" });
  const report: Report = JSON.parse(out);
  return report;
}

function keysIn(path: string): ReadonlySet<string> {
  using database = new Database(path, { readonly: true });
  const sql = "SELECT device_id || char(9) || user_id || char(9) || wall_time AS key FROM punches";
  const rows = database.query<{ key: string }, []>(sql).all();
  return new Set(rows.map(({ key }) => key));
}

function secretNamesIn(path: string): readonly string[] {
  using database = new Database(path, { readonly: true });
  return database
    .query<{ name: string }, []>("SELECT name FROM backup_secrets ORDER BY name")
    .all()
    .map(({ name }) => name);
}

/** Resolves when an unfinished backup appears, however soon that is finished. */
function untilBegun(folder: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const watcher = watch(folder, (_, name) => {
    if (name?.endsWith(".tmp") === true) resolve();
  });
  return promise.finally(() => watcher.close());
}

test(
  "a backup holds every punch that was acknowledged before it, and terminals go on",
  async () => {
    await using server = await startServer({ settings: { DEVICE_ENROLLMENT: "open" } });
    await using load = new TerminalLoad(server, { prefix: "BAK", terminals: 8, punches: 100_000 });
    await eventually("punches are acknowledged", () => load.acknowledged().length > 500);

    const before = load.acknowledged();
    const kept = await backUp(server);
    expect(kept).toMatchObject({ with_secrets: true, read_from: null });
    expect(kept.path.startsWith(join(server.dataDir, "backups", "biometric-"))).toBe(true);
    expect(statSync(kept.path).mode & 0o777).toBe(0o600);
    expect(secretNamesIn(kept.path)).toEqual([
      "hris-api-secret-key",
      "token-signing-key",
      "webhook-secret",
    ]);
    const stored = keysIn(kept.path);
    expect(before.filter((key) => !stored.has(key))).toEqual([]);

    const usb = join(server.folder, "usb");
    mkdirSync(usb);
    const fetched = await backUp(server, "--to", usb, "--without-secrets");
    expect(readdirSync(usb)).toEqual([fetched.path.slice(usb.length + 1)]);
    expect(fetched).toMatchObject({ bytes: statSync(fetched.path).size, with_secrets: false });
    expect(secretNamesIn(fetched.path)).toEqual([]);
    expect(readdirSync(join(server.dataDir, "backups"))).toEqual([
      kept.path.slice(join(server.dataDir, "backups").length + 1),
    ]);
    const status: { last_backup_at: string } = JSON.parse(
      (await server.run("status", "--json")).out,
    );
    expect(Date.parse(status.last_backup_at)).toBeGreaterThan(0);

    const acknowledgedThen = load.acknowledged().length;
    await eventually("terminals go on", () => load.acknowledged().length > acknowledgedThen + 100);
    const report = await load.stop();
    expect(report.wrongReplies).toBe(0);
    expectKept(server, load.acknowledged());
  },
  TIMEOUT_MS,
);

test("what is in the way is refused with the reason, and stays as it is", async () => {
  await using server = await startServer();
  const taken = join(server.folder, "taken");
  writeFileSync(taken, "mine");
  const refused = await server.run("backup", "--to", taken);
  expect(refused).toMatchObject({ exitCode: 1, out: "" });
  expect(refused.error).toStartWith(`error: Cannot back up to "${taken}": there is such a file`);
  const nowhere = join(server.folder, "no", "x");
  expect((await server.run("backup", "--to", nowhere)).error).toContain("no such folder");
  const below = await server.run("backup", "--to", join(taken, "x"));
  expect([below.exitCode, below.error]).toEqual([
    1,
    `error: Cannot back up to "${join(taken, "x")}": ENOTDIR\nhint: Name another file, or a folder\n`,
  ]);
  // With the ending of an unfinished file it is longer than a name may be.
  const long = join(server.folder, "x".repeat(250));
  const tooLong = await server.run("backup", "--to", long);
  expect([tooLong.exitCode, tooLong.error]).toEqual([
    1,
    `error: Cannot back up to "${long}": ENAMETOOLONG\n`,
  ]);
});

test("without a server the database is read where it is, and is started again afterwards", async () => {
  await using server = await startServer({ settings: { DEVICE_ENROLLMENT: "open" } });
  await using load = new TerminalLoad(server, { prefix: "OFF", terminals: 2, punches: 20 });
  expect((await load.finish()).unacknowledged).toBe(0);
  await server.kill();
  const databasePath = join(server.dataDir, "biometric.db");
  for (const more of [[], ["--to", join(server.folder, "box.backup")]]) {
    const made = await backUp(server, ...more);
    expect(made.read_from).toBe(databasePath);
    expect(keysIn(made.path)).toEqual(new Set(load.acknowledged()));
  }
  await server.start();
  expectKept(server, load.acknowledged());
});

test(
  "killed while a backup is made, the server starts again and keeps no half of one",
  async () => {
    await using server = await startServer({ settings: { DEVICE_ENROLLMENT: "open" } });
    await using load = new TerminalLoad(server, { prefix: "KIL", terminals: 8, punches: 100_000 });
    await eventually("punches are acknowledged", () => load.acknowledged().length > 2000);
    const folder = join(server.dataDir, "backups");
    mkdirSync(folder, { recursive: true });
    for (let round = 0; round < 3; round += 1) {
      const begun = untilBegun(folder);
      const backup = server.run("backup");
      await begun;
      await server.kill();
      await backup;
      await server.start();
      expectKept(server, load.acknowledged());
    }
    await load.stop();
    const { path } = await backUp(server);
    expect(existsSync(path)).toBe(true);
    // A process that outlived its server may finish: then what it made is whole.
    await eventually("nothing unfinished is left", () => {
      return readdirSync(folder).every((name) => name.endsWith(".backup"));
    });
    for (const name of readdirSync(folder)) {
      expect(checkBackup(join(folder, name), "full").hasSecrets).toBe(true);
    }
  },
  TIMEOUT_MS,
);
