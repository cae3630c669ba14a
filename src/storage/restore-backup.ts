/**
 * Puts a backup in the place of a box's own database, which is kept aside. At each moment either the
 * one or the other is in place: a restore that is interrupted has changed nothing, or is done.
 */

import { Database } from "bun:sqlite";
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  rmdirSync,
  rmSync,
  statSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { AppError } from "#base/app-error.ts";
import type { EpochMs } from "#base/epoch.ts";
import { freeBytes, shownBytes } from "#platform/disk-space.ts";
import {
  errorCode,
  flushFolder,
  giveToOwnerOf,
  makePrivateFolder,
  moveFlushed,
  replacePrivateFile,
} from "#platform/files.ts";
import { type BackupFacts, checkBackup, readSecretFiles, type SecretFile } from "./backup-file.ts";
import { type CarriedOver, carryOver } from "./carry-over.ts";
import { closeDatabase, openDatabase } from "./database.ts";
import { engineCode } from "./engine-error.ts";
import { lockInstance } from "./instance-lock.ts";
import { isBehind, MIGRATIONS } from "./migrations.ts";
import { unpackBackup } from "./unpack-backup.ts";

/** What is to be restored, and where. */
export interface RestoreOrder {
  readonly backup: string;
  /** The box's database; its folder is made where there is none. */
  readonly databasePath: string;
  readonly nowMs: EpochMs;
  /** Looks only, and leaves everything as it is. */
  readonly isDryRun: boolean;
  /** Called with the path of the database that is ready to be put in place, nobody else's yet. */
  readonly prepare: (path: string) => Promise<void>;
}

/** What was restored. */
export interface RestoreReport extends CarriedOver {
  readonly facts: BackupFacts;
  /** The database that was there. Of an unreadable one nobody knows what was revoked since. */
  readonly found: "same-box" | "other-box" | "unreadable" | "none";
  /** Where everything is kept that was replaced; undefined: nothing was. */
  readonly keptIn: string | undefined;
  /** Secrets that were taken from the backup, by the name of their file. */
  readonly restoredSecrets: readonly string[];
}

/** What the engine needs beside the database, also on a disk that is nearly full. */
const ROOM_BESIDE_BYTES = 16 * 1024 * 1024;

/**
 * Blocks for as long as the database takes to be read and written twice.
 * @throws AppError `storage-open-failed` while a server works in the folder, `backup-unusable`,
 * `storage-too-new`, or `restore-failed`; what was there is then still in place.
 */
export async function restoreBackup(order: RestoreOrder): Promise<RestoreReport> {
  const { backup, databasePath, isDryRun } = order;
  const dataDir = dirname(databasePath);
  const working = join(dataDir, isDryRun ? `restore-trial-${process.pid}` : "restoring");
  const facts = checkBackup(backup, "full");
  refuseNewer(backup);
  const made = makePrivateFolder(dataDir);
  const lock = isDryRun ? undefined : lockInstance(`${databasePath}.lock`);
  try {
    giveToOwnerOf(dataDir, ...(isDryRun ? [] : [`${databasePath}.lock`]));
    assertRoom(backup, dataDir);
    rmSync(working, { recursive: true, force: true });
    removeLeftTrials(dataDir);
    makePrivateFolder(working);
    return await restoreIn(working, order, facts);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    const reason = engineCode(cause) ?? errorCode(cause) ?? String(cause);
    const message = `Cannot restore "${backup}" to "${dataDir}": ${reason}`;
    throw new AppError("restore-failed", message, {
      hint: "What was there is still in place. Look at the owner of the folder, and at its disk",
      cause,
    });
  } finally {
    rmSync(working, { recursive: true, force: true });
    if (isDryRun && made !== undefined) removeEmpty(dataDir, made);
    lock?.release();
  }
}

/** What trials that were killed have left: each is all that the box keeps, once more. */
function removeLeftTrials(dataDir: string): void {
  for (const name of readdirSync(dataDir)) {
    const [, process] = /^restore-trial-(\d+)$/.exec(name) ?? [];
    if (process === undefined || existsSync(`/proc/${process}`)) continue;
    rmSync(join(dataDir, name), { recursive: true, force: true });
  }
}

/** The folder and those above it, up to `uppermost`. */
function removeEmpty(folder: string, uppermost: string): void {
  rmdirSync(folder);
  if (folder !== uppermost) removeEmpty(dirname(folder), uppermost);
}

async function restoreIn(
  working: string,
  order: RestoreOrder,
  facts: BackupFacts,
): Promise<RestoreReport> {
  const { backup, databasePath, nowMs, isDryRun, prepare } = order;
  const fresh = join(working, "biometric.db");
  const secrets = readSecrets(backup);
  unpackBackup(backup, fresh);
  // Brings the schema up to date.
  closeDatabase(openDatabase(fresh, nowMs));
  const own = openOwn(databasePath, isDryRun);
  let carried: CarriedOver;
  try {
    using restored = new Database(fresh, { readwrite: true, strict: true });
    carried = carryOver({ restored, own, madeAtMs: facts.madeAtMs, nowMs });
  } finally {
    own?.close();
  }
  const found = !existsSync(databasePath)
    ? "none"
    : own === undefined
      ? "unreadable"
      : carried.isOwnBackup
        ? "same-box"
        : "other-box";
  // On its own box nothing that was replaced since may come back into force.
  const isNewBox = found === "none" || found === "other-box";
  const pathOf = (name: string) => join(dirname(databasePath), "secrets", name);
  const restoredSecrets = secrets.filter(({ name }) => isNewBox || !existsSync(pathOf(name)));
  const names = restoredSecrets.map(({ name }) => name);
  const report = { ...carried, found, facts, restoredSecrets: names } as const;
  if (isDryRun) return { ...report, keptIn: undefined };
  await prepare(fresh);
  const keptIn = keepAside([...databaseFiles(databasePath), ...names.map(pathOf)], order);
  writeSecrets(restoredSecrets, dirname(databasePath));
  // Its log is empty since it was closed, or is kept aside with it.
  for (const side of ["-wal", "-shm"]) rmSync(`${databasePath}${side}`, { force: true });
  giveToOwnerOf(dirname(databasePath), fresh);
  moveFlushed(fresh, databasePath);
  return { ...report, keptIn };
}

function refuseNewer(backup: string): void {
  using database = new Database(backup, { readonly: true, strict: true });
  isBehind(database, MIGRATIONS);
}

function assertRoom(backup: string, folder: string): void {
  // The file, and its pages once more in the log while they are changed.
  const needed = 2 * statSync(backup).size + ROOM_BESIDE_BYTES;
  const free = freeBytes(folder);
  if (free >= needed) return;
  throw new AppError(
    "restore-failed",
    `Cannot restore "${backup}" to "${folder}": ${shownBytes(needed)} are needed, ${shownBytes(free)} are free`,
    { hint: 'Free space there ("df -h", "du"); nothing was changed' },
  );
}

/**
 * Empties the log into the database, so that the file alone is all of it; not for a trial. Undefined
 * without a database that can be read: it is then kept aside as it is.
 */
function openOwn(path: string, isDryRun: boolean): Database | undefined {
  if (!existsSync(path)) return undefined;
  let own: Database | undefined;
  try {
    own = new Database(path, isDryRun ? { readonly: true } : { readwrite: true });
    if (!isDryRun) own.run("PRAGMA wal_checkpoint(TRUNCATE)");
    own.query("SELECT count(*) FROM counters").get();
    return own;
  } catch {
    own?.close();
    return undefined;
  }
}

function databaseFiles(databasePath: string): readonly string[] {
  return ["", "-wal"].map((side) => `${databasePath}${side}`);
}

/** Gives files a second name in a folder of their own, so that there is never none under the first. */
function keepAside(
  wanted: readonly string[],
  { databasePath, nowMs }: RestoreOrder,
): string | undefined {
  const paths = wanted.filter((path) => existsSync(path));
  if (paths.length === 0) return undefined;
  const dataDir = dirname(databasePath);
  const folder = join(dataDir, `replaced-${new Date(nowMs).toISOString().replace(/[-:]/g, "")}`);
  mkdirSync(folder, { mode: 0o700 });
  for (const path of paths) {
    const kept = join(folder, basename(path));
    try {
      linkSync(path, kept);
    } catch {
      // A file system without second names.
      copyFileSync(path, kept);
    }
    giveToOwnerOf(dataDir, kept);
  }
  giveToOwnerOf(dataDir, folder);
  flushFolder(folder);
  flushFolder(dataDir);
  return folder;
}

function readSecrets(backup: string): readonly SecretFile[] {
  using database = new Database(backup, { readonly: true, strict: true });
  return readSecretFiles(database);
}

function writeSecrets(secrets: readonly SecretFile[], dataDir: string): void {
  const folder = join(dataDir, "secrets");
  if (secrets.length > 0) makePrivateFolder(folder);
  for (const { name, content } of secrets) {
    replacePrivateFile(join(folder, name), content);
    giveToOwnerOf(dataDir, folder, join(folder, name));
  }
}
