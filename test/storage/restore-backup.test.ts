/**
 * Aim: a backup takes the place of what is there, in one step, with a new history of the feed and ids
 * that nobody has seen; what the box has taken back since stays so; and what was there is kept.
 */

import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { assertDefined } from "#base/assert.ts";
import { epochMs } from "#base/epoch.ts";
import { deviceId, userId } from "#domain/identifiers.ts";
import { makeBackup } from "#storage/make-backup.ts";
import { type RestoreReport, restoreBackup } from "#storage/restore-backup.ts";
import {
  openTestStorage,
  punchesFrom,
  RECEIVED_AT_MS,
  rawPunch,
  readFeed,
  type TestStorage,
} from "../support/test-storage.ts";

const DAY_MS = 86_400_000;
const NOW_MS = epochMs(RECEIVED_AT_MS + 3 * DAY_MS);
const GATE = deviceId("GATE1");

let opened: TestStorage;
let dataDir: string;
let backup: string;
let restoreCount = 0;

beforeEach(async () => {
  restoreCount = 0;
  opened = openTestStorage();
  dataDir = dirname(opened.path);
  backup = join(dataDir, "box.backup");
  mkdirSync(join(dataDir, "secrets"));
  writeSecret("of the backup");
  await punch("1", "20260302081500");
});

afterEach(() => opened[Symbol.dispose]());

const secretPath = () => join(dataDir, "secrets", "token-signing-key");
const writeSecret = (text: string) => writeFileSync(secretPath(), text, { mode: 0o600 });

async function punch(user: string, wallTime: string): Promise<void> {
  const intake = punchesFrom(GATE, [rawPunch(user, wallTime)]);
  expect(await opened.storage.append([intake])).toEqual([{ kind: "stored" }]);
}

async function users(): Promise<readonly string[]> {
  return (await readFeed(opened.storage)).map(({ userId }) => userId);
}

function backUp(withSecrets = true): void {
  makeBackup({ databasePath: opened.path, target: backup, withSecrets, nowMs: RECEIVED_AT_MS });
}

/** Restores while nothing has the database open, and opens it again. */
async function restore(change: () => void = () => undefined): Promise<RestoreReport> {
  const done: RestoreReport[] = [];
  await opened.reopen({}, async () => {
    change();
    done.push(await run());
  });
  return assertDefined(done[0], "Nothing was restored");
}

function run(isDryRun = false): Promise<RestoreReport> {
  const prepare = async () => undefined;
  // No two of them are made in the same millisecond.
  restoreCount += 1;
  const nowMs = epochMs(NOW_MS + restoreCount);
  return restoreBackup({ backup, databasePath: opened.path, nowMs, isDryRun, prepare });
}

test("the backup takes the place of what is there, which is kept", async () => {
  backUp();
  await punch("2", "20260303081500");
  const { keptIn = "", found } = await restore();
  expect(found).toBe("same-box");
  expect(await users()).toEqual(["1"]);
  expect(dirname(keptIn)).toBe(dataDir);
  using before = new Database(join(keptIn, "biometric.db"), { readonly: true });
  expect(before.query("SELECT user_id FROM punches ORDER BY id").values().flat()).toEqual([
    "1",
    "2",
  ]);
  expect(readdirSync(dataDir).filter((name) => /restor|tmp/.test(name))).toEqual([]);
});

test("readers get a new history of the feed, with the time from which to read again", async () => {
  backUp();
  const epochBefore = opened.storage.feedEpoch;
  // A month late: no reader would find it by the time of the backup alone.
  await punch("2", "20260201081500");
  await restore();
  const { feedEpoch, endedFeedEpochs } = opened.storage;
  expect(feedEpoch).not.toBe(epochBefore);
  expect(endedFeedEpochs).toEqual([
    {
      epoch: epochBefore,
      endedAtMs: epochMs(NOW_MS + 1),
      rereadFromMs: epochMs(Date.parse("2026-02-01T08:15:00+08:00")),
    },
  ]);
  await restore();
  expect(opened.storage.endedFeedEpochs.map(({ epoch }) => epoch)).toEqual([
    epochBefore,
    feedEpoch,
  ]);
});

test("nothing new reads from a day before the backup, and an unreadable database from 35 days", async () => {
  backUp();
  expect((await restore()).rereadFromMs).toBe(epochMs(RECEIVED_AT_MS - DAY_MS));
  const report = await restore(() => writeFileSync(opened.path, "no database".repeat(1000)));
  expect(report).toMatchObject({
    found: "unreadable",
    restoredSecrets: [],
    rereadFromMs: RECEIVED_AT_MS - 35 * DAY_MS,
  });
  expect(readFileSync(join(report.keptIn ?? "", "biometric.db"), "utf8")).toStartWith(
    "no database",
  );
  expect(await users()).toEqual(["1"]);
});

test("ids go on behind all that were ever given, by a million", async () => {
  backUp();
  await punch("2", "20260303081500");
  expect((await restore()).lastPunchId).toBe(1_000_002 + 1_000_000);
  await punch("3", "20260303081600");
  const feed = await readFeed(opened.storage);
  expect(feed.map(({ id }) => Number(id))).toEqual([1_000_001, 2_000_003]);
  expect(feed.at(-1)?.feedPosition).toBeGreaterThan(1_000_000);
});

test("what was taken back since the backup stays so", async () => {
  const { storage } = opened;
  for (const name of ["payroll", "kiosk"]) {
    await storage.addClient({
      ...{ name, secretSha256: "ab".repeat(32), scopes: ["read"] as const },
      createdAtMs: RECEIVED_AT_MS,
    });
  }
  backUp();
  await storage.revokeClient("payroll", NOW_MS);
  await storage.blockDevice(GATE);
  writeSecret("made anew, so that nobody stays logged in");
  using database = new Database(opened.path);
  database.run("UPDATE webhook_endpoints SET removed_at_ms = 5, secret = 'new'");
  const { restoredSecrets } = await restore();
  expect((await opened.storage.findClient("payroll"))?.revokedAtMs).toBe(NOW_MS);
  expect((await opened.storage.findClient("kiosk"))?.revokedAtMs).toBeUndefined();
  expect((await opened.storage.findDevice(GATE))?.status).toBe("blocked");
  expect(restoredSecrets).toEqual([]);
  expect(readFileSync(secretPath(), "utf8")).toStartWith("made anew");
  const row = database.query("SELECT removed_at_ms, secret FROM webhook_endpoints").values();
  database.close();
  expect(row).toEqual([[5, "new"]]);
});

test("what people did since stays in the audit, and who was purged since is named", async () => {
  const purge = (id: string) =>
    opened.storage.purgeUser(userId(id), { actor: "operator", clock: opened.clock });
  const did = async () =>
    (await opened.storage.listAudit(undefined, 10)).map(
      ({ action, subject }) => `${action} ${subject}`,
    );
  await punch("2", "20260302081501");
  await purge("2");
  backUp();
  await purge("1");
  const ofBefore = await did();
  const madeAt = new Date(RECEIVED_AT_MS).toISOString();
  expect((await restore()).purgedUsers).toEqual(["1"]);
  expect(await users()).toEqual(["1"]);
  expect(await did()).toEqual([`box.restored ${madeAt}`, ...ofBefore]);
  expect((await restore()).purgedUsers).toEqual(["1"]);
  expect(await did()).toEqual([`box.restored ${madeAt}`, `box.restored ${madeAt}`, ...ofBefore]);
  const ids = (await opened.storage.listAudit(undefined, 10)).map(({ id }) => id);
  expect(ids.slice(0, 3)).toEqual([2_000_005 + 1, 1_000_005, 4]);
});

test("another box takes the backup's secrets over, and keeps its own aside", async () => {
  backUp();
  await opened.reopen({}, () => {
    for (const side of ["", "-wal", "-shm"]) rmSync(`${opened.path}${side}`, { force: true });
  });
  writeSecret("of the new box");
  const { keptIn = "", restoredSecrets, found } = await restore();
  expect({ found, restoredSecrets }).toEqual({
    found: "other-box",
    restoredSecrets: ["token-signing-key"],
  });
  expect(readFileSync(secretPath(), "utf8")).toBe("of the backup");
  expect(readFileSync(join(keptIn, "token-signing-key"), "utf8")).toBe("of the new box");
});

test("a receiver whose secret nobody knows is switched off, and its own is never empty", async () => {
  using database = new Database(opened.path);
  database.run(`INSERT INTO webhook_endpoints (id, name, origin, url, format, secret, is_enabled,
    created_at_ms) VALUES (7, 'payroll', 'added', 'http://hris.test/', 'logs', 'known', 1, 5)`);
  backUp(false);
  database.close();
  expect((await restore()).endpointsWithoutSecret).toEqual([]);
  const broken = () => writeFileSync(opened.path, "no database".repeat(1000));
  expect((await restore(broken)).endpointsWithoutSecret).toEqual(["payroll"]);
  using restored = new Database(opened.path, { readonly: true });
  const sql = "SELECT is_enabled, length(secret) FROM webhook_endpoints WHERE id = 7";
  expect(restored.query(sql).values()).toEqual([[0, 64]]);
});

test("commands that waited are not given again, and messages that waited are sent", async () => {
  const order = { deviceId: GATE, requestedBy: "operator", nowMs: RECEIVED_AT_MS };
  const deadlineMs = epochMs(NOW_MS + DAY_MS);
  await opened.storage.queueCommands({ ...order, deadlineMs, commands: [{ kind: "restart" }] });
  backUp();
  const report = await restore();
  expect(report).toMatchObject({ cancelledCommandCount: 1, waitingDeliveryCount: 1 });
  expect(await opened.storage.listCommands({ isOpen: true }, 10)).toEqual([]);
});

test("a trial changes nothing, also beside a server, and a restore needs the folder for itself", async () => {
  backUp();
  await punch("2", "20260303081500");
  const before = readdirSync(dataDir).toSorted();
  expect(await run(true)).toMatchObject({ found: "same-box", keptIn: undefined });
  expect(readdirSync(dataDir).toSorted()).toEqual(before);
  expect(run()).rejects.toThrow(/another server works in this data folder/);
  expect(await users()).toEqual(["1", "2"]);
});

test("what a killed trial has left is removed by the next one, and what another works on is not", async () => {
  backUp();
  // No process has so high a number.
  const left = join(dataDir, "restore-trial-4194305");
  const working = join(dataDir, `restore-trial-${process.ppid}`);
  for (const folder of [left, working]) mkdirSync(folder);
  await run(true);
  expect([existsSync(left), existsSync(working)]).toEqual([false, true]);
});

test("what is no backup, or damaged, changes nothing", async () => {
  backUp();
  const whole = readFileSync(backup);
  await punch("2", "20260303081500");
  await opened.reopen({}, async () => {
    writeFileSync(backup, whole.subarray(0, whole.length - 4096));
    expect(run()).rejects.toThrow(/^Cannot use backup /);
    writeFileSync(backup, whole);
    using newer = new Database(backup);
    newer.run("UPDATE schema_migrations SET min_reader = 999 WHERE number = 1");
    expect(run()).rejects.toThrow(/needs schema 999/);
    backup = join(dataDir, "none");
    expect(run()).rejects.toThrow(/there is no such file/);
    backup = dataDir;
    expect(run()).rejects.toThrow(/it is no file/);
  });
  expect(await users()).toEqual(["1", "2"]);
  expect(existsSync(join(dataDir, "restoring"))).toBe(false);
});

test("a failure behind the preparation leaves what was there in place", async () => {
  backUp();
  await punch("2", "20260303081500");
  await opened.reopen({}, async () => {
    const failing = restoreBackup({
      ...{ backup, databasePath: opened.path, nowMs: NOW_MS, isDryRun: false },
      prepare: async () => {
        throw new Error("planted");
      },
    });
    expect(failing).rejects.toThrow(/^Cannot restore .*planted$/);
    await failing.catch(() => undefined);
  });
  expect(await users()).toEqual(["1", "2"]);
});
