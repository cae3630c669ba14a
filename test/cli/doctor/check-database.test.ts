/** Aim: a database that is damaged, of another schema, or held up is named with what to do. */

import { Database } from "bun:sqlite";
import { afterEach, describe, expect, test } from "bun:test";
import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { epochMs } from "#base/epoch.ts";
import { fail } from "#base/result.ts";
import { checkDatabase } from "#cli/doctor/check-database.ts";
import type { ServerView, Situation } from "#cli/doctor/situation.ts";
import { openTestStorage } from "../../support/test-storage.ts";
import { statesOf, troublesOf } from "./judged.ts";

const PAGE_BYTES = 4096;
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A database as a server leaves it, with a change. */
async function databaseWith(...sql: readonly string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "doctor-"));
  folders.push(folder);
  const path = join(folder, "biometric.db");
  using opened = openTestStorage();
  await opened.reopen({}, () => copyFileSync(opened.path, path));
  using database = new Database(path);
  for (const statement of sql) database.run(statement);
  return path;
}

const SILENT: ServerView = { kind: "silent", reason: "none", isThere: false };

function check(databasePath: string | undefined, server = SILENT) {
  const situation: Situation = {
    settings: fail([]),
    settingsPath: "/nowhere",
    isService: true,
    dataDir: "/nowhere",
    isDataClosed: false,
    databasePath,
    server,
    status: undefined,
    isRoot: true,
    nowMs: epochMs(0),
  };
  return checkDatabase(situation, "full");
}

describe("checkDatabase()", () => {
  test("finds nothing wrong with a database of a server", async () => {
    const { findings, examination } = await check(await databaseWith());
    expect(statesOf(findings)).toEqual({
      database: "ok",
      "database-schema": "ok",
      "database-engine": "ok",
      "database-log": "ok",
    });
    expect(examination?.madeAtMs).toBeGreaterThan(0);
  });

  test("names one that only a newer executable may work on, and one that is behind", async () => {
    const newer = await databaseWith("UPDATE schema_migrations SET min_reader = 900");
    expect(troublesOf((await check(newer)).findings)).toEqual({
      "database-schema": "fault: use the executable that last ran here",
    });
    const older = await databaseWith("DELETE FROM schema_migrations WHERE number = 8");
    expect(troublesOf((await check(older)).findings)).toEqual({
      "database-schema": "warning: systemctl restart biometric-server",
    });
  });

  test("names one that is not written ahead", async () => {
    const path = await databaseWith("PRAGMA journal_mode = DELETE");
    expect(troublesOf((await check(path)).findings)["database-engine"]).toStartWith("warning: ");
  });

  test("names a log that nobody empties", async () => {
    const path = await databaseWith();
    writeFileSync(`${path}-wal`, "");
    truncateSync(`${path}-wal`, 65 * 1024 * 1024);
    expect(troublesOf((await check(path)).findings)).toEqual({
      "database-log": `warning: fuser -v "${path}" shows who; stop it; never delete the file`,
    });
  });

  test("names damage, of a page and of the whole file", async () => {
    const restore =
      "fault: systemctl stop biometric-server, keep the file, then: biometric-server restore BACKUP";
    const path = await databaseWith();
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.fill(0xff, bytes.length - PAGE_BYTES));
    expect(troublesOf((await check(path)).findings).database).toBe(restore);
    writeFileSync(path, "no database".repeat(1000));
    expect(troublesOf((await check(path)).findings)).toEqual({ database: restore });
  });

  test("tells what the running server says of storing", async () => {
    const server: ServerView = {
      kind: "answers",
      socketPath: "/nowhere",
      status: { storage_problem: "SQLITE_FULL. Free 24 MB" },
      process: {},
      clock: {},
    };
    const { findings } = await check(await databaseWith(), server);
    expect(findings[0]).toMatchObject({
      check: "storing",
      state: "fault",
      found: "SQLITE_FULL. Free 24 MB",
    });
  });

  test("leaves a box without a database alone", async () => {
    expect(statesOf((await check(undefined)).findings)).toEqual({ database: "skipped" });
  });
});
