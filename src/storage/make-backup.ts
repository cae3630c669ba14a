/**
 * Makes a backup of a database file, whether or not a server works on it: one consistent state, on a
 * connection of its own that only reads. Takes seconds to minutes and blocks for that long, so a
 * server leaves it to a process of its own.
 */

import { Database } from "bun:sqlite";
import { closeSync, existsSync, openSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { AppError } from "#base/app-error.ts";
import type { EpochMs } from "#base/epoch.ts";
import { freeBytes, LOW_DISK_BYTES, shownBytes } from "#platform/disk-space.ts";
import {
  dropUnfinished,
  errorCode,
  fileBytes,
  giveToOwnerOf,
  makePrivateFolder,
  moveFlushed,
} from "#platform/files.ts";
import { VERSION } from "#platform/version.ts";
import {
  type BackupFacts,
  checkBackup,
  type SecretFile,
  writeBackupTables,
} from "./backup-file.ts";
import { engineCode } from "./engine-error.ts";

/** What is to be backed up, and where to. */
export interface BackupOrder {
  readonly databasePath: string;
  /** The file to be made; nothing may have that name, and its folder must exist. */
  readonly target: string;
  readonly withSecrets: boolean;
  readonly nowMs: EpochMs;
}

type BackupPlaces = Pick<BackupOrder, "databasePath" | "target">;

/** A backup that was made, checked, and is on disk. */
export interface MadeBackup extends BackupFacts {
  readonly path: string;
  readonly bytes: number;
}

/** How long to wait for another program's lock. */
const LOCK_WAIT_MS = 5_000;

/** What a backup leaves free on the disk of the database: its making must not stop anything else. */
const LEFT_FREE_BYTES = 2 * LOW_DISK_BYTES;

/**
 * Makes the file beside its place, checks it, and gives it its name when it is whole and on disk.
 * @throws AppError `backup-failed`; nothing is left behind then.
 */
export function makeBackup(order: BackupOrder): MadeBackup {
  const { databasePath, target, withSecrets, nowMs } = order;
  const temporary = `${target}.${process.pid}.tmp`;
  try {
    refuseTaken(order);
    assertRoom(order);
    const facts = { madeAtMs: nowMs, version: VERSION, hasSecrets: withSecrets };
    closeSync(openSync(temporary, "wx", 0o600));
    copyDatabase(databasePath, temporary);
    addTables(temporary, facts, withSecrets ? readSecrets(dirname(databasePath)) : []);
    checkBackup(temporary, "quick");
    const { size: bytes } = statSync(temporary);
    moveFlushed(temporary, target);
    return { ...facts, path: target, bytes };
  } catch (error) {
    dropUnfinished(temporary);
    throw explained(order, error);
  }
}

/** Where a server keeps its backups. */
export function backupFolder(databasePath: string): string {
  return join(dirname(databasePath), "backups");
}

/**
 * Makes a backup in the server's own folder, under a name that begins with what it is for, for the
 * server's user to own.
 * @throws AppError `backup-failed`.
 */
export function makeSnapshot(
  databasePath: string,
  {
    label,
    nowMs,
    withSecrets = true,
  }: { readonly label: string; readonly nowMs: EpochMs; readonly withSecrets?: boolean },
): MadeBackup {
  const folder = backupFolder(databasePath);
  const target = join(folder, backupName(label, nowMs));
  try {
    makePrivateFolder(folder);
    const made = makeBackup({ databasePath, target, withSecrets, nowMs });
    giveToOwnerOf(dirname(databasePath), folder, target);
    return made;
  } catch (error) {
    throw explained({ databasePath, target }, error);
  }
}

/** Such as `biometric-20260302T011504.000Z.backup`: sorts by time (UTC). */
export function backupName(label: string, nowMs: EpochMs): string {
  const stamp = new Date(nowMs).toISOString().replace(/[-:]/g, "");
  return `${label}-${stamp}.backup`;
}

/** At most so many bytes the backup of a database will have. */
export function backupBytesMax(databasePath: string): number {
  return fileBytes(databasePath) + fileBytes(`${databasePath}-wal`);
}

function refuseTaken(order: BackupPlaces): void {
  if (!existsSync(order.target)) return;
  throw failure(order, "there is such a file", "Name another file, or a folder");
}

function assertRoom(order: BackupPlaces): void {
  const { databasePath, target } = order;
  const folder = dirname(target);
  const isSameDisk = statSync(folder).dev === statSync(databasePath).dev;
  const needed = backupBytesMax(databasePath) + (isSameDisk ? LEFT_FREE_BYTES : 0);
  const free = freeBytes(folder);
  if (free >= needed) return;
  const left = isSameDisk ? ` (with ${shownBytes(LEFT_FREE_BYTES)} to be left)` : "";
  const found = `${shownBytes(needed)} of room are needed${left}, ${shownBytes(free)} are there`;
  throw failure(order, found, NO_ROOM_HINT);
}

/** All pages of one committed state, without free ones. */
function copyDatabase(from: string, to: string): void {
  using source = new Database(from, { readonly: true, strict: true });
  source.run(`PRAGMA busy_timeout = ${LOCK_WAIT_MS}`);
  source.run("VACUUM INTO ?", [to]);
}

function addTables(path: string, facts: BackupFacts, secrets: readonly SecretFile[]): void {
  using database = new Database(path, { readwrite: true, strict: true });
  writeBackupTables(database, facts, secrets);
}

function readSecrets(dataDir: string): readonly SecretFile[] {
  const folder = join(dataDir, "secrets");
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => !name.endsWith(".tmp"))
    .map((name) => ({ name, content: readFileSync(join(folder, name), "utf8") }));
}

const NO_ROOM_HINT = 'Free space there ("df -h", "du"), or back up to another disk with --to';

function explained(order: BackupPlaces, cause: unknown): AppError {
  if (cause instanceof AppError && cause.code === "backup-failed") return cause;
  const code = engineCode(cause) ?? errorCode(cause);
  const reason = code ?? (cause instanceof Error ? cause.message : String(cause));
  const isFull = code === "SQLITE_FULL" || code === "ENOSPC";
  const hint = isFull ? NO_ROOM_HINT : "Look whether both places can be reached by this user";
  return failure(order, reason, hint, cause);
}

function failure(
  { databasePath, target }: BackupPlaces,
  reason: string,
  ...[hint, cause]: [hint: string, cause?: unknown]
): AppError {
  const message = `Cannot back up "${databasePath}" to "${target}": ${reason}`;
  return new AppError("backup-failed", message, { hint, cause });
}
