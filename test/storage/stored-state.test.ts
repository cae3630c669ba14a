/**
 * Aim: the state of a database is read beside whatever is at work on it, or after it died, and nothing
 * is changed by that; what cannot be read is told with its reason.
 */

import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { epochMs } from "#base/epoch.ts";
import { deviceId } from "#domain/identifiers.ts";
import { readStoredState } from "#storage/stored-state.ts";
import {
  openTestStorage,
  punchesFrom,
  RECEIVED_AT_MS,
  rawPunch,
  type TestStorage,
} from "../support/test-storage.ts";

async function openWithTerminals(): Promise<TestStorage> {
  const opened = openTestStorage();
  const { storage } = opened;
  await storage.append([punchesFrom("GATE1", [rawPunch("7", "20260302081504")])]);
  await storage.queueCommands({
    deviceId: deviceId("GATE1"),
    commands: [{ kind: "get-status" }, { kind: "list-users" }],
    requestedBy: "operator",
    nowMs: RECEIVED_AT_MS,
    deadlineMs: epochMs(RECEIVED_AT_MS + 86_400_000),
  });
  const condition = {
    type: "local-mode",
    subject: "192.0.2.9",
    raisedAtMs: RECEIVED_AT_MS,
    lastSeenAtMs: RECEIVED_AT_MS,
    detail: "It is silent",
  } as const;
  await storage.recordConditions([{ kind: "raised", atMs: RECEIVED_AT_MS, condition }]);
  return opened;
}

async function expectAllOf(opened: TestStorage, path: string): Promise<void> {
  const { devices, conditions, figures } = readStoredState(path);
  expect(devices).toEqual(await opened.storage.listDevices());
  expect(devices).toMatchObject([{ id: "GATE1", openCommandCount: 2 }]);
  expect(conditions).toEqual(await opened.storage.listConditions());
  expect(conditions).toHaveLength(1);
  expect(figures).toEqual({ deliveriesWaiting: 1, deliveriesParked: 0, quarantineCount: 0 });
}

test("is that of the last commit, beside a server that has the file open", async () => {
  using opened = await openWithTerminals();
  await expectAllOf(opened, opened.path);
  // And the server goes on.
  const next = punchesFrom("GATE1", [rawPunch("8", "20260302081505")]);
  expect(await opened.storage.append([next])).toEqual([{ kind: "stored" }]);
});

test("holds what a dead process had only in its log, and changes neither file", async () => {
  using opened = await openWithTerminals();
  const folder = join(dirname(opened.path), "dead");
  mkdirSync(folder);
  const path = join(folder, "biometric.db");
  // By another process: a descriptor that this one closes would drop SQLite's locks.
  Bun.spawnSync(["cp", opened.path, `${opened.path}-wal`, folder]);
  const before = ["", "-wal"].map((suffix) => readFileSync(`${path}${suffix}`));
  await expectAllOf(opened, path);
  await expectAllOf(opened, path);
  expect(["", "-wal"].map((suffix) => readFileSync(`${path}${suffix}`))).toEqual(before);
});

test("of a file that is none, is another's, or is of another schema, is refused with the reason", async () => {
  using opened = openTestStorage();
  const folder = dirname(opened.path);
  const refusal = (path: string) => {
    try {
      readStoredState(path);
    } catch (error) {
      return error;
    }
    return undefined;
  };
  const missing = join(folder, "missing.db");
  expect(refusal(missing)).toMatchObject({ code: "storage-open-failed" });
  expect(existsSync(missing)).toBe(false);
  const garbage = join(folder, "garbage.db");
  writeFileSync(garbage, "no database at all, but long enough to be looked at".repeat(40));
  expect(refusal(garbage)).toMatchObject({
    code: "storage-open-failed",
    message: expect.stringContaining("SQLITE_NOTADB"),
  });
  const foreign = join(folder, "foreign.db");
  new Database(foreign).run("CREATE TABLE logs (id INTEGER)");
  expect(refusal(foreign)).toMatchObject({
    message: expect.stringContaining("made by another program"),
  });
  await opened.storage.close();
  const steps = new Database(opened.path);
  steps.run("UPDATE schema_migrations SET min_reader = 900 WHERE number = 1");
  expect(refusal(opened.path)).toMatchObject({ code: "storage-too-new" });
  steps.run("UPDATE schema_migrations SET min_reader = 1");
  steps.run(
    "DELETE FROM schema_migrations WHERE number = (SELECT max(number) FROM schema_migrations)",
  );
  expect(refusal(opened.path)).toMatchObject({
    code: "storage-open-failed",
    hint: "Start the server, which brings it up to date",
  });
  steps.close();
  opened.storage = openTestStorage().storage;
});
