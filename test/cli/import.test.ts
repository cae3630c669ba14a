/**
 * Aim: the verb `import` brings a file into a server behind a real control socket, says what came of
 * it, and with which exit code; told to stop it can be run again.
 */

import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startControlSocket } from "#api/control/socket.ts";
import type { Importer } from "#storage/import/importer.ts";
import type { Storage } from "#storage/storage.ts";
import { FixedOwnClock } from "../api/control/control-fixture.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { NO_BACKUPS, ROOMY_DISK } from "../support/idle-box.ts";
import { OriginalFile } from "../support/original-database.ts";
import { RecordingLog } from "../support/recording-log.ts";
import { runVerbUntil } from "../support/run-verb.ts";
import { testDesk } from "../support/test-desk.ts";
import { testQuarantine } from "../support/test-quarantine.ts";
import { openTestStorage, RECEIVED_AT_MS, readFeed } from "../support/test-storage.ts";

const cleanups: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "cli-import-"));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A server without ports: storage and its control socket, in the folder that `DATA_DIR` names. */
async function startServer(change: (importer: Importer) => Importer = (importer) => importer) {
  const folder = newFolder();
  const opened = openTestStorage();
  cleanups.push(() => opened[Symbol.dispose]());
  const storage: Storage = { ...opened.storage, importer: change(opened.storage.importer) };
  const socket = await startControlSocket({
    path: join(folder, "control.sock"),
    storage,
    clock: new FakeClock(RECEIVED_AT_MS),
    log: new RecordingLog(),
    live: { tellDevice: () => undefined },
    ownClock: new FixedOwnClock(),
    siteTimeZone: "Asia/Manila",
    leadingZeros: "drop",
    expectedUsers: undefined,
    onWork: () => {},
    backups: NO_BACKUPS,
    disk: ROOMY_DISK,
    webhooks: testDesk({
      storage,
      clock: new FakeClock(RECEIVED_AT_MS),
      log: new RecordingLog(),
    }),
    quarantine: testQuarantine({
      storage,
      clock: new FakeClock(RECEIVED_AT_MS),
      log: new RecordingLog(),
    }),
    openConditions: () => [],
    reachedLimits: () => [],
    markSettings: () => ({}),
  });
  cleanups.push(() => socket.stop());
  return { folder, storage };
}

async function run(
  argv: readonly string[],
  dataDir: string,
  stopRequested: () => Promise<string> = () => new Promise(() => {}),
) {
  return runVerbUntil(stopRequested, dataDir, ["import", ...argv]);
}

/** A file with a little of everything. */
function makeFile(folder: string): string {
  const path = join(folder, "old.db");
  using file = new OriginalFile(path);
  file.insert("devices", { device_id: "2401058352", last_seen: "2026-03-01 08:00:00" });
  file.addLog({ timestamp: "20260301080000" });
  file.addLog({ timestamp: "20260301170000", io_mode: 0, io_mode_str: "OUT" });
  file.addLog({ timestamp: "", user_id: "E-42" });
  file.addLog({ id: 9, user_id: "", timestamp: "20260301170000" });
  file.insert("webhook_queue", { webhook_data: "\u001b[2J" });
  return path;
}

/** A file of many punches. */
function makeLongFile(folder: string, rowCount: number): string {
  const path = join(folder, "long.db");
  using file = new OriginalFile(path);
  file.inTransaction(() => {
    for (let index = 0; index < rowCount; index += 1) {
      file.addLog({ user_id: 1 + index, timestamp: "20260301080000" });
    }
  });
  return path;
}

describe("import", () => {
  test("tells in a table what came of every row, and the refused ones by their ids", async () => {
    const { folder, storage } = await startServer();
    const path = makeFile(folder);
    const { code, out, error } = await run([path], folder);
    expect(out.split("\n")).toEqual([
      "                 read  imported  there already  refused",
      "devices             1         1              0        0",
      "enrolled_users      0         0              0        0",
      "attendance_logs     4         3              0        1",
      "webhook_queue       1         0              0        1",
      "",
      "Of the imported rows:",
      "  attendance_logs: 1 have a user id that is no number (text-user)",
      "  attendance_logs: 1 have a time that is no time, and stand where the server put them (unreadable-time)",
      "",
      "Refused:",
      "  attendance_logs 9: no-user: Punch has no user id",
      "  webhook_queue 1: not-readable: webhook_data holds no message as JSON",
      "",
    ]);
    expect([code, error]).toEqual([3, ""]);
    expect((await readFeed(storage)).map(({ id }) => Number(id))).toEqual([1, 2, 3]);
    const again = await run([path], folder);
    expect(again.out).toContain("attendance_logs     4         0              3        1\n");
  });

  test("ends with 0 when nothing was refused", async () => {
    const { folder } = await startServer();
    expect((await run([makeLongFile(folder, 3)], folder)).code).toBe(0);
  });

  test("prints the result as JSON, and progress beside it", async () => {
    const { folder } = await startServer();
    const path = makeFile(folder);
    const { out } = await run(["--json", path], folder);
    expect(JSON.parse(out)).toMatchObject({
      file: path,
      schema: "later",
      dry_run: false,
      complete: true,
      tables: [
        { table: "devices", rows: 1, read: 1, imported: 1, known: 0, flagged: {}, refused: {} },
        { table: "enrolled_users", rows: 0, read: 0 },
        {
          table: "attendance_logs",
          rows: 4,
          read: 4,
          imported: 3,
          flagged: { "text-user": 1, "unreadable-time": 1 },
          refused: { "no-user": 1 },
        },
        { table: "webhook_queue", rows: 1, refused: { "not-readable": 1 } },
      ],
      first_refused: [
        { table: "attendance_logs", id: "9", code: "no-user" },
        { table: "webhook_queue", id: "1", code: "not-readable" },
      ],
    });
  });

  test("lists twenty refused rows and writes all of them into a file", async () => {
    const { folder } = await startServer();
    const path = join(folder, "old.db");
    {
      using file = new OriginalFile(path);
      for (let second = 10; second < 60; second += 1) {
        file.addLog({ user_id: "", timestamp: `202603010800${second}` });
      }
    }
    const list = join(folder, "refused.ndjson");
    const { code, out } = await run([path, "--refused", list], folder);
    expect(code).toBe(3);
    expect(out).toContain("  and 30 more: --refused FILE writes all of them\n");
    expect(out.split("\n").filter((line) => line.includes("no-user"))).toHaveLength(20);
    const lines = readFileSync(list, "utf8").trimEnd().split("\n");
    expect(lines).toHaveLength(50);
    expect(JSON.parse(lines[49] ?? "")).toEqual({
      table: "attendance_logs",
      id: "50",
      code: "no-user",
      reason: "Punch has no user id",
    });
    const unwritable = await run([path, "--refused", join(folder, "no", "list")], folder);
    expect([unwritable.code, unwritable.error]).toEqual([
      1,
      `error: Cannot write "${join(folder, "no", "list")}": ENOENT\n`,
    ]);
  });

  test("with --dry-run needs no server and changes nothing", async () => {
    const folder = newFolder();
    const path = makeFile(folder);
    const { code, out } = await run(["--dry-run", path], folder);
    expect(code).toBe(3);
    expect(out).toStartWith(
      [
        "                 read  could be  there already  refused",
        "devices             1         1              -        0",
        "enrolled_users      0         0              -        0",
        "attendance_logs     4         3              -        1",
        "webhook_queue       1         0              -        1",
        "",
      ].join("\n"),
    );
    expect(existsSync(join(folder, "biometric.db"))).toBe(false);
  });

  test("takes the old host's zone from --host-zone, and refuses what is none", async () => {
    const { folder, storage } = await startServer();
    const path = makeFile(folder);
    await run([path, "--host-zone", "UTC"], folder);
    const [device] = await storage.listDevices();
    expect(Number(device?.lastContactMs)).toBe(Date.UTC(2026, 2, 1, 8, 0, 0));
    const { code, error } = await run([path, "--host-zone", "+08:00"], folder);
    expect([code, error]).toEqual([
      2,
      'error: Cannot use "+08:00" as --host-zone: an IANA time zone is wanted\n' +
        "hint: Such as Asia/Manila, or UTC\n",
    ]);
  });
});

describe("import fails", () => {
  test("when the file is none of the Python server's, before it asks for a server", async () => {
    const folder = newFolder();
    const path = join(folder, "notes.txt");
    writeFileSync(path, "hello");
    const { code, out, error } = await run([path], folder);
    expect([code, out]).toEqual([1, ""]);
    expect(error).toBe(`error: Cannot import "${path}": it is not an SQLite database\n`);
  });

  test("when no server answers", async () => {
    const folder = newFolder();
    const { code, error } = await run([makeFile(folder)], folder);
    expect(code).toBe(1);
    expect(error).toStartWith("error: Cannot reach the server on ");
  });

  test("when it is told to stop, in good order, and goes on when it is run again", async () => {
    const stop = Promise.withResolvers<string>();
    let batches = 0;
    const { folder, storage } = await startServer((importer) => ({
      ...importer,
      async importRows(table, rows, at) {
        batches += rows.length > 0 ? 1 : 0;
        if (batches === 3) stop.resolve("SIGINT");
        return importer.importRows(table, rows, at);
      },
    }));
    const path = makeLongFile(folder, 5000);
    const { code, out, error } = await run(["--json", path], folder, () => stop.promise);
    expect([code, error]).toEqual([
      1,
      `error: Import of "${path}" was interrupted: what the summary counts is in\n` +
        "hint: Import again to go on\n",
    ]);
    const { complete, tables } = JSON.parse(out);
    expect([complete, tables[2].rows]).toEqual([false, 5000]);
    const stored = (await storage.figures()).punchCount;
    expect(tables[2].imported).toBe(stored);
    expect(stored).toBeWithin(400, 2000);
    const again = JSON.parse((await run(["--json", path], folder)).out);
    expect(again.tables[2]).toMatchObject({ read: 5000, known: stored, imported: 5000 - stored });
    expect((await storage.figures()).punchCount).toBe(5000);
  });

  test("when the file was written meanwhile: then not all of it may be in", async () => {
    const folder = newFolder();
    const path = makeLongFile(folder, 1000);
    const { folder: dataDir } = await startServer((importer) => ({
      ...importer,
      async reserveIds(lastId) {
        using file = new OriginalFile(path, "prototype");
        file.addLog({ timestamp: "20260301090000" });
        return importer.reserveIds(lastId);
      },
    }));
    const { code, error } = await run([path], dataDir);
    expect(code).toBe(1);
    expect(error).toStartWith(`error: Cannot be sure to have all of "${path}": it was written`);
  });

  test("when the server fails in between, naming what it was doing", async () => {
    const { folder } = await startServer((importer) => ({
      ...importer,
      importRows: async () => {
        throw new Error("disk on fire");
      },
    }));
    const { code, error } = await run([makeFile(folder)], folder);
    expect(code).toBe(1);
    expect(error).toContain(`Cannot use the server's answer to "/import/rows": status 500`);
  });
});
