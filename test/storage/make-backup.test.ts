/**
 * Aim: a backup is one file of one committed state, made beside whatever works on the database; it
 * has its secrets or none of them; what cannot be made leaves nothing behind.
 */

import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { epochMs } from "#base/epoch.ts";
import { checkBackup } from "#storage/backup-file.ts";
import { backupName, makeBackup, makeSnapshot } from "#storage/make-backup.ts";
import {
  openTestStorage,
  punchesFrom,
  rawPunch,
  type TestStorage,
} from "../support/test-storage.ts";

const NOW_MS = epochMs(Date.UTC(2026, 2, 2, 1, 15, 4));
const SECRET = "0123456789abcdef0123456789abcdef";

let opened: TestStorage;
let folder: string;
let target: string;

beforeEach(async () => {
  opened = openTestStorage();
  folder = dirname(opened.path);
  target = join(folder, "box.backup");
  mkdirSync(join(folder, "secrets"));
  writeFileSync(join(folder, "secrets", "token-signing-key"), SECRET);
  await punch("7");
});

afterEach(() => opened[Symbol.dispose]());

async function punch(user: string): Promise<void> {
  const intake = punchesFrom("GATE1", [rawPunch(user, "20260302081504")]);
  expect(await opened.storage.append([intake])).toEqual([{ kind: "stored" }]);
}

function backUp(withSecrets: boolean) {
  return makeBackup({ databasePath: opened.path, target, withSecrets, nowMs: NOW_MS });
}

function usersIn(path: string): readonly unknown[] {
  using database = new Database(path, { readonly: true });
  return database.query("SELECT user_id FROM punches ORDER BY id").values().flat();
}

test("makeBackup() makes one private file of what is committed, beside the open database", async () => {
  const made = backUp(true);
  expect(made).toMatchObject({ path: target, madeAtMs: NOW_MS, hasSecrets: true });
  expect(statSync(target).size).toBe(made.bytes);
  expect(statSync(target).mode & 0o777).toBe(0o600);
  await punch("8");
  expect(usersIn(target)).toEqual(["7"]);
  expect(readdirSync(folder).filter((name) => name.startsWith("box"))).toEqual(["box.backup"]);
  expect(checkBackup(target, "full")).toMatchObject({ madeAtMs: NOW_MS, hasSecrets: true });
});

test("makeBackup() takes no secret along when told so", () => {
  using database = new Database(opened.path);
  database.run("UPDATE webhook_endpoints SET secret = 'whsec_deep', previous_secret = 'whsec_old'");
  const file = () => readFileSync(target, "latin1");
  backUp(true);
  for (const word of [SECRET, "whsec_deep", "whsec_old"]) expect(file()).toContain(word);
  Bun.spawnSync(["rm", target]);
  expect(backUp(false).hasSecrets).toBe(false);
  for (const word of [SECRET, "whsec_deep", "whsec_old"]) expect(file()).not.toContain(word);
});

test("makeBackup() leaves out what nobody could read when told so, and says that it was there", async () => {
  const kept = punchesFrom("GATE1", [rawPunch("", "20260302081504", { workCode: "TEMPLATE" })]);
  await opened.storage.append([kept, kept]);
  backUp(true);
  expect(readFileSync(target, "latin1")).toContain("TEMPLATE");
  Bun.spawnSync(["rm", target]);
  backUp(false);
  expect(readFileSync(target, "latin1")).not.toContain("TEMPLATE");
  using database = new Database(target, { readonly: true, strict: true });
  const columns = "code, length(bytes) AS bytes FROM quarantine";
  expect(database.query(`SELECT ${columns}`).all()).toEqual([{ code: "no-user", bytes: 0 }]);
  const totals = "SELECT quarantine_count, quarantine_bytes FROM counters";
  expect(database.query(totals).values()).toEqual([[1, 400]]);
  expect(database.query("SELECT max(quarantine_bytes) FROM devices").values()).toEqual([[400]]);
});

test("makeBackup() replaces nothing, and leaves nothing behind when it fails", () => {
  writeFileSync(target, "mine");
  expect(() => backUp(true)).toThrow(
    /^Cannot back up ".*" to ".*box\.backup": there is such a file$/,
  );
  expect(readFileSync(target, "utf8")).toBe("mine");
  const nowhere = join(folder, "missing", "x.backup");
  const order = { databasePath: opened.path, target: nowhere, withSecrets: true, nowMs: NOW_MS };
  expect(() => makeBackup(order)).toThrow(/ENOENT/);
  const noDatabase = join(folder, "text.db");
  writeFileSync(noDatabase, "this is no database at all".repeat(200));
  const other = join(folder, "other.backup");
  expect(() => makeBackup({ ...order, databasePath: noDatabase, target: other })).toThrow(
    /SQLITE_NOTADB/,
  );
  expect(readdirSync(folder).filter((name) => name.startsWith("other"))).toEqual([]);
});

test("makeSnapshot() keeps it in the server's own folder, named by its purpose and the time", () => {
  const { path } = makeSnapshot(opened.path, { label: "before-upgrade", nowMs: NOW_MS });
  expect(path).toBe(join(folder, "backups", "before-upgrade-20260302T011504.000Z.backup"));
  expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
  expect(backupName("biometric", NOW_MS)).toBe("biometric-20260302T011504.000Z.backup");
});

test.each([
  ["UPDATE backup_facts SET value = 'soon' WHERE name = 'made_at_ms'", /not say when it was made/],
  ["UPDATE backup_facts SET value = '9e15' WHERE name = 'made_at_ms'", /not say when it was made/],
  ["DELETE FROM backup_facts WHERE name = 'made_at_ms'", /not say when it was made/],
  ["INSERT INTO backup_secrets VALUES ('../evil', 'x')", /"\.\.\/evil" is no name of a secret/],
  ["INSERT INTO backup_secrets VALUES ('/etc/evil', 'x')", /is no name of a secret/],
])("checkBackup() believes nothing that would lead astray: %s", (sql, reason) => {
  // What somebody laid beside the secrets comes along, and is nothing to refuse.
  writeFileSync(join(folder, "secrets", "Notes of 2026.txt"), "mine");
  backUp(true);
  using database = new Database(target);
  database.run(sql);
  expect(() => checkBackup(target, "quick")).toThrow(reason);
});

test("checkBackup() refuses what is no backup, one that is damaged, and one of another format", () => {
  expect(() => checkBackup(opened.path, "quick")).toThrow("it is no backup of this program");
  const text = join(folder, "text.backup");
  writeFileSync(text, "hello");
  expect(() => checkBackup(text, "quick")).toThrow(/SQLITE_NOTADB/);
  expect(() => checkBackup(join(folder, "none"), "quick")).toThrow(/there is no such file/);
  backUp(true);
  const whole = readFileSync(target);
  writeFileSync(target, whole.subarray(0, whole.length - 3 * 4096));
  expect(() => checkBackup(target, "quick")).toThrow(/damaged|SQLITE_CORRUPT/);
  writeFileSync(target, whole);
  using database = new Database(target);
  database.run("UPDATE backup_facts SET value = '2' WHERE name = 'format'");
  expect(() => checkBackup(target, "quick")).toThrow('its format is "2", this program reads "1"');
});
