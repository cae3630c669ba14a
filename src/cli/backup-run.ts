/**
 * Makes a backup: the server does, and what is to go elsewhere is fetched from it, since only the
 * verb may write where the operator may. Without a server it is read from the database itself.
 */

import { closeSync, existsSync, openSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { AppError } from "#base/app-error.ts";
import type { LoadedConfig } from "#config/load.ts";
import { systemClock } from "#platform/clock.ts";
import { freeBytes, shownBytes } from "#platform/disk-space.ts";
import { dropUnfinished, errorCode, moveFlushed, writeWhole } from "#platform/files.ts";
import { checkBackup } from "#storage/backup-file.ts";
import { backupName, type MadeBackup, makeBackup, makeSnapshot } from "#storage/make-backup.ts";
import { asRecord, textOf } from "./answer-fields.ts";
import { createByteProgress } from "./byte-progress.ts";
import { askServer, findControlSocket, openFromServer } from "./control-client.ts";
import { findDatabase } from "./database-file.ts";
import type { CliEnvironment } from "./environment.ts";

/** What is to be backed up, and where to. */
export interface BackupWish {
  /** The settings of a server, or a database that is read without asking any. */
  readonly from: LoadedConfig | string;
  /** A file or a folder; undefined: the server's own folder. */
  readonly to: string | undefined;
  readonly withSecrets: boolean;
  readonly environment: CliEnvironment;
}

/** The same for a program. */
export interface BackupReport {
  readonly path: string;
  readonly bytes: number;
  readonly with_secrets: boolean;
  /** The database that was read while no server answered; null: the server made it. */
  readonly read_from: string | null;
}

const LOOK_PERIOD_MS = 250;
const LABEL = "biometric";

/** @throws AppError `backup-failed`, `backup-unusable`, `control-refused`, `control-unreachable`. */
export async function backUp(wish: BackupWish): Promise<BackupReport> {
  const { from, withSecrets } = wish;
  const target = wish.to === undefined ? undefined : findTarget(wish.to);
  if (typeof from === "string") return readDatabase(from, target, withSecrets);
  const socketPath = findControlSocket(from);
  const query = `secrets=${withSecrets ? "yes" : "no"}&fetch=${target === undefined ? "no" : "yes"}`;
  let answer: { readonly status: number; readonly body: unknown };
  try {
    answer = await askServer(socketPath, "POST", `/backups?${query}`);
  } catch (error) {
    const database = findDatabase(from);
    const isAway = error instanceof AppError && error.code === "control-unreachable";
    if (!isAway || database === undefined) throw error;
    return readDatabase(database, target, withSecrets);
  }
  const made = await waitForServer(socketPath, answer, wish.environment);
  if (target === undefined) {
    const { size: bytes } = statSync(made);
    return { path: made, bytes, with_secrets: withSecrets, read_from: null };
  }
  const bytes = await fetchFile(socketPath, target);
  await askServer(socketPath, "POST", "/backups/clear");
  return { path: target, bytes, with_secrets: withSecrets, read_from: null };
}

/** What was made, for a person. */
export function describeBackup(report: BackupReport): string {
  const secrets = report.with_secrets ? "with secrets: keep it safe" : "without secrets";
  const line = `Made "${report.path}" (${shownBytes(report.bytes)}, checked, ${secrets})`;
  if (report.read_from === null) return line;
  return `No server answers: read from "${report.read_from}"\n${line}`;
}

/** A folder gets a file named by the time. */
function findTarget(path: string): string {
  const found = lookAt(path);
  const target = found?.isDirectory() ? join(path, backupName(LABEL, systemClock.nowMs())) : path;
  if (existsSync(target)) {
    throw new AppError("backup-failed", `Cannot back up to "${target}": there is such a file`, {
      hint: "Name another file, or a folder",
    });
  }
  if (!existsSync(dirname(target))) {
    throw new AppError("backup-failed", `Cannot back up to "${target}": there is no such folder`);
  }
  return target;
}

function lookAt(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    const reason = errorCode(cause) ?? String(cause);
    throw new AppError("backup-failed", `Cannot back up to "${path}": ${reason}`, {
      hint: "Name another file, or a folder",
      cause,
    });
  }
}

function readDatabase(
  databasePath: string,
  target: string | undefined,
  withSecrets: boolean,
): BackupReport {
  const nowMs = systemClock.nowMs();
  const made: MadeBackup =
    target === undefined
      ? makeSnapshot(databasePath, { label: LABEL, withSecrets, nowMs })
      : makeBackup({ databasePath, target, withSecrets, nowMs });
  const { path, bytes } = made;
  return { path, bytes, with_secrets: withSecrets, read_from: databasePath };
}

/** Waits until the server has made what it was asked for. Gives the path of the file. */
async function waitForServer(
  socketPath: string,
  asked: { readonly status: number; readonly body: unknown },
  environment: CliEnvironment,
): Promise<string> {
  const id = asRecord(asked.body)?.id;
  if (asked.status !== 200 || typeof id !== "number") {
    const reason = textOf(asRecord(asked.body)?.message) || `status ${asked.status}`;
    throw new AppError("backup-failed", `Cannot back up: ${reason}`);
  }
  const progress = await createByteProgress("making", environment);
  try {
    for (;;) {
      const { body } = await askServer(socketPath, "GET", "/backups");
      const state = asRecord(body) ?? {};
      if (state.id !== id) {
        throw new AppError("backup-failed", "Cannot back up: another backup was begun meanwhile", {
          hint: "Back up again",
        });
      }
      if (state.state === "made") return textOf(state.path);
      if (state.state !== "making") throw new AppError("backup-failed", textOf(state.reason));
      progress.show(Number(state.written_bytes), Number(state.bytes_max));
      await pause();
    }
  } finally {
    progress.stop();
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => systemClock.after(LOOK_PERIOD_MS, resolve));
}

/** Returns how many bytes it has. */
async function fetchFile(socketPath: string, target: string): Promise<number> {
  const temporary = `${target}.${process.pid}.tmp`;
  try {
    const { body, headers } = await openFromServer(socketPath, "/backups/file");
    const bytes = Number(headers.get("content-length") ?? 0);
    const free = freeBytes(dirname(target));
    if (free < bytes) {
      const found = `${shownBytes(bytes)} are needed, ${shownBytes(free)} are free`;
      throw new AppError("backup-failed", `Cannot back up to "${target}": ${found}`);
    }
    await writeFile(temporary, body);
    checkBackup(temporary, "quick");
    moveFlushed(temporary, target);
    return bytes;
  } catch (cause) {
    dropUnfinished(temporary);
    if (cause instanceof AppError) throw cause;
    const reason = errorCode(cause) ?? String(cause);
    throw new AppError("backup-failed", `Cannot back up to "${target}": ${reason}`, { cause });
  }
}

async function writeFile(path: string, body: ReadableStream<Uint8Array>): Promise<void> {
  const file = openSync(path, "wx", 0o600);
  try {
    for await (const chunk of body) writeWhole(file, chunk);
  } finally {
    closeSync(file);
  }
}
